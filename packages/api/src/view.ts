/** A job as clients see it. */
import { z } from "@hono/zod-openapi";
import { ERROR_CODES, ERRORS, type ErrorCode } from "@smileloop/core/errors.ts";
import { isEnded, type JobOutput, type JobRecord, STATES } from "@smileloop/core/job/record.ts";
import type { ApiDeps } from "./deps.ts";
import { dispositionOf } from "./http/send-file.ts";
import { hasExpired } from "./job-lookup.ts";

/** Links to files live no longer than this, and never longer than the file. */
export const LINK_LIFE_MS = 15 * 60_000;

const time = z.iso.datetime();

const outputSchema = z.object({
  url: z
    .url()
    .openapi({ description: "A signed link, for at most 15 minutes; ask for the job again to get a new one." }),
  content_type: z.string(),
  bytes: z.int(),
  width: z.int().optional(),
  height: z.int().optional(),
  frames: z.int().optional(),
  fps: z.number().optional(),
  duration: z.number().optional().openapi({ description: "Seconds." }),
});

const progressSchema = z.object({
  stage: z.string(),
  done: z.number(),
  total: z.number(),
  percent: z.number().min(0).max(100).openapi({ description: "Never goes back." }),
  eta_seconds: z.number().nullable(),
  queue_position: z.int().nullable().openapi({ description: "How many jobs are before this one, while it is queued." }),
});

export const jobSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    status: z.enum(STATES).exclude(["deleted"]),
    params: z.record(z.string(), z.unknown()),
    inputs: z.record(z.string(), z.object({ content_type: z.string(), bytes: z.int(), source: z.string() })),
    outputs: z.record(z.string(), outputSchema),
    progress: progressSchema,
    error: z
      .object({ code: z.enum(ERROR_CODES as [ErrorCode, ...ErrorCode[]]), detail: z.string(), retryable: z.boolean() })
      .nullable(),
    warnings: z.array(z.object({ code: z.string(), detail: z.string() })),
    engine: z.object({ name: z.string(), version: z.string().nullable() }).nullable(),
    attempt: z.int().openapi({ description: "How often it was started." }),
    metadata: z.record(z.string(), z.string()),
    created_at: time,
    started_at: time.nullable(),
    finished_at: time.nullable(),
    expires_at: time.nullable().openapi({ description: "When the files of the job go: an hour after it has ended." }),
    timings: z.record(z.string(), z.number()).openapi({
      description: "Seconds by stage: queued, download, detect, render, encode, check, upload.",
    }),
  })
  .openapi("Job");
export type JobView = z.infer<typeof jobSchema>;

/** `origin`: scheme and host under which the client reaches us, for links. */
export async function viewJob(deps: ApiDeps, record: JobRecord, origin: string): Promise<JobView> {
  const now = deps.clock.now();
  const expired = hasExpired(record, now);
  return {
    id: record.id,
    kind: record.kind,
    status: expired ? "expired" : (record.state as JobView["status"]),
    params: record.params,
    inputs: expired ? {} : viewInputs(record),
    outputs: expired ? {} : await viewOutputs(deps, record, origin, now),
    progress: await viewProgress(deps, record, now),
    error: record.error ? { ...record.error, retryable: ERRORS[record.error.code].retryable } : null,
    warnings: record.warnings,
    engine: record.engine,
    attempt: record.attempt,
    metadata: record.metadata,
    created_at: rfc3339(record.created_at),
    started_at: record.started_at === null ? null : rfc3339(record.started_at),
    finished_at: record.ended_at === null ? null : rfc3339(record.ended_at),
    expires_at: record.expires_at === null ? null : rfc3339(record.expires_at),
    timings: viewTimings(record),
  };
}

export function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}

/** The file name that a client is offered for an output. */
export function outputFileName({ id }: JobRecord, { type }: JobOutput): string {
  return `smileloop_${id.slice(0, 8)}.${type === "video/mp4" ? "mp4" : "bin"}`;
}

function viewInputs({ inputs }: JobRecord): JobView["inputs"] {
  const entries = Object.entries(inputs).flatMap(([slot, [first]]) =>
    first ? [[slot, { content_type: first.type, bytes: first.bytes, source: first.source }] as const] : [],
  );
  return Object.fromEntries(entries);
}

async function viewOutputs(deps: ApiDeps, record: JobRecord, origin: string, now: number): Promise<JobView["outputs"]> {
  const outputs: JobView["outputs"] = {};
  for (const [name, output] of Object.entries(record.outputs)) {
    const { type, bytes, width, height, frames, fps, duration } = output;
    const url = await outputLink(deps, record, output, { method: "GET", now });
    outputs[name] = {
      url: new URL(url, origin).href,
      content_type: type,
      ...{ bytes, width, height, frames, fps, duration },
    };
  }
  return outputs;
}

/** A signed link to an output, for a browser to show: absolute, or a path of our own. */
export function outputLink(
  { files }: Pick<ApiDeps, "files">,
  record: JobRecord,
  output: JobOutput,
  { method, now, inline = true }: { method: "GET" | "HEAD"; now: number; inline?: boolean },
): Promise<string> {
  const expiresAtMs = Math.min(now + LINK_LIFE_MS, record.expires_at ?? now);
  const disposition = dispositionOf(outputFileName(record, output), inline);
  return files.link(output.key, { method, expiresAtMs, type: output.type, disposition });
}

async function viewProgress({ queue }: ApiDeps, record: JobRecord, now: number): Promise<JobView["progress"]> {
  const shown = record.progress ?? { stage: record.state, done: 0, total: 1, percent: 0 };
  const stage = isEnded(record.state) || record.state === "queued" ? record.state : shown.stage;
  const position =
    record.state === "queued"
      ? await queue.position({ queue: record.queue, owner: record.owner, id: record.id })
      : null;
  return { ...shown, stage, eta_seconds: etaSeconds(record, shown.percent, position, now), queue_position: position };
}

/** A guess: by what was done so far once enough was, else by what the kind expects; null where there is nothing to expect. */
function etaSeconds(record: JobRecord, percent: number, position: number | null, now: number): number | null {
  if (record.state === "succeeded") return 0;
  if (record.state === "queued") return tenths(record.estimate_s * ((position ?? 0) + 1));
  if (record.state !== "running" || record.started_at === null) return null;
  const spent = (now - record.started_at) / 1000;
  return tenths(percent >= 5 ? (spent * (100 - percent)) / percent : Math.max(0, record.estimate_s - spent));
}

function viewTimings({ timings, started_at, queued_at }: JobRecord): Record<string, number> {
  const queued = started_at === null ? {} : { queued: Math.max(0, started_at - queued_at) };
  return Object.fromEntries(Object.entries({ ...queued, ...timings }).map(([stage, ms]) => [stage, ms / 1000]));
}

function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
