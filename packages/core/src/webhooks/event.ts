/** What a receiver is told: small, and without links that expire. */
import { ERRORS } from "../errors.ts";
import { readableNames } from "../job/may-read.ts";
import type { JobRecord } from "../job/record.ts";
import { outputFactsSchema } from "../wire/job.ts";
import { TEST_EVENT, type TestEvent, type WebhookBody } from "../wire/webhook-event.ts";

export type Event = { id: string; body: string };

/** The event of a job that has ended; null where it has none. Its id is a pure function of the job and of how it ended. */
export function eventOf(record: JobRecord): Event | null {
  const { id, webhook } = record;
  if (!webhook?.event || record.ended_at === null) return null;
  const body: WebhookBody = {
    type: webhook.event,
    timestamp: rfc3339(record.ended_at),
    data: {
      ...{ id, kind: record.kind, status: record.state as WebhookBody["data"]["status"], metadata: record.metadata },
      outputs: outputsOf(record, webhook.base, record.ended_at),
      error: record.error ? { ...record.error, retryable: ERRORS[record.error.code].retryable } : null,
      warnings: record.warnings,
      created_at: rfc3339(record.created_at),
      finished_at: rfc3339(record.ended_at),
      expires_at: record.expires_at === null ? null : rfc3339(record.expires_at),
    },
  };
  return { id: `msg_${id}_${webhook.event.replace("job.", "")}`, body: JSON.stringify(body) };
}

/** What tells whether a receiver works, without a job. `id`: new each time. */
export function testEvent(id: string, nowMs: number): Event {
  const body: TestEvent = { type: TEST_EVENT, timestamp: rfc3339(nowMs), data: {} };
  return { id: `msg_${id}_test`, body: JSON.stringify(body) };
}

/** Those that may be read, by their lasting addresses, which need the key that made the job. */
function outputsOf(record: JobRecord, base: string, nowMs: number): WebhookBody["data"]["outputs"] {
  const entries = readableNames(record, record.owner, nowMs).map((name) => {
    const output = record.outputs[name]!;
    const { type, bytes, sha256 } = output;
    const url = `${base}/v1/jobs/${record.id}/outputs/${name}`;
    return [name, { url, content_type: type, bytes, sha256, ...outputFactsSchema.parse(output) }] as const;
  });
  return Object.fromEntries(entries);
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}
