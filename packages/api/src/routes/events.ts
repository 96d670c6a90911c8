/**
 * `GET /v1/jobs/{id}/events`: a job as it goes, as server-sent events (HTML standard, 9.2).
 *
 * `status` at the start and when the state changes, `progress` when the progress changes, `done` at the end; the data of
 * `status` and `done` is the job. The last event of each version of the record carries its `rev` as `id`, so a client that
 * comes back with Last-Event-ID has seen everything up to there; if that was the end, 204 tells it to stay away.
 */
import { createRoute, z } from "@hono/zod-openapi";
import { hasCode } from "@smileloop/core/errors.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import { readable } from "@smileloop/core/unreadable.ts";
import type { ApiDeps } from "../deps.ts";
import { linkOrigin } from "../http/origin.ts";
import { findJob } from "../job-lookup.ts";
import { ownerOf } from "../owner.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";
import { viewJob } from "../view.ts";

/** How long without an event before a comment is sent, which keeps proxies from closing the connection. */
const SILENCE_MS = 15_000;
const RETRY_MS = 2000;

const route = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/events",
  tags: ["Jobs"],
  summary: "Follow a job by server-sent events",
  description: "Events `status`, `progress` and `done`; the stream ends with the job.",
  request: {
    params: z.object({ id: z.string() }),
    headers: z.object({ "Last-Event-ID": z.string().max(20).optional() }),
  },
  responses: {
    200: { description: "The events", content: { "text/event-stream": { schema: z.string() } } },
    204: { description: "The client has seen the end" },
    ...problemReplies("not_found", "gone", "record_unreadable"),
  },
});

export function eventRoutes(deps: ApiDeps): Api {
  const api = newApi();
  api.openapi(route, async (c) => {
    const record = await findJob(deps, ownerOf(c), c.req.valid("param").id);
    const seen = Number(c.req.valid("header")["Last-Event-ID"] ?? Number.NaN);
    if (isEnded(record.state) && seen >= record.rev) return c.body(null, 204);
    const gone = new AbortController();
    c.req.raw.signal.addEventListener("abort", () => gone.abort());
    const follow = { record, seen, origin: linkOrigin(deps.config, c.req.raw), signal: gone.signal };
    const headers = { "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" };
    return new Response(streamOf(events(deps, follow), gone), { headers });
  });
  return api;
}

type Follow = { record: JobRecord; seen: number; origin: string; signal: AbortSignal };

async function* events(deps: ApiDeps, follow: Follow): AsyncGenerator<string> {
  const { origin, signal } = follow;
  let sent: JobRecord | null = null;
  let record = follow.record;
  yield `retry: ${RETRY_MS}\n\n`;
  let sentMs = deps.clock.now();
  while (!signal.aborted) {
    const known: boolean = sent ? sent.rev === record.rev : follow.seen >= record.rev;
    if (!known) {
      const text = await describe(deps, record, sent, origin);
      if (text !== "") sentMs = deps.clock.now();
      if (text !== "") yield text;
    } else if (deps.clock.now() - sentMs >= SILENCE_MS) {
      yield ": still here\n\n";
      sentMs = deps.clock.now();
    }
    sent = record;
    if (isEnded(record.state) || !deps.config.liveEvents) return;
    await changeOrSilence(deps, record, sentMs + SILENCE_MS - deps.clock.now(), signal);
    if (signal.aborted) return;
    const next = await readable(() => deps.records.get(record.owner, record.id));
    // deleted or damaged: a client that asks again is told so
    if (!next || next.record.state === "deleted") return;
    record = next.record;
  }
}

/** What is new in a version of the record. */
async function describe(deps: ApiDeps, record: JobRecord, sent: JobRecord | null, origin: string): Promise<string> {
  const view = await viewJob(deps, record, origin);
  const parts: [string, unknown][] = [];
  if (sent?.state !== record.state) parts.push(["status", view]);
  if (sent?.progress?.percent !== record.progress?.percent || sent?.progress?.stage !== record.progress?.stage) {
    parts.push(["progress", view.progress]);
  }
  if (isEnded(record.state)) parts.push(["done", view]);
  const texts = parts.map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n`);
  return texts.length === 0 ? "" : `${texts.join("\n")}id: ${record.rev}\n\n`;
}

async function changeOrSilence({ records, clock }: ApiDeps, record: JobRecord, ms: number, signal: AbortSignal) {
  const either = new AbortController();
  const stop = () => either.abort();
  signal.addEventListener("abort", stop);
  try {
    await Promise.race([
      records.changed(record.owner, record.id, record.rev, either.signal).catch((error: unknown) => {
        if (!hasCode(error, "record_unreadable")) throw error;
      }),
      clock.sleep(Math.max(0, ms), either.signal),
    ]);
  } finally {
    stop();
    signal.removeEventListener("abort", stop);
  }
}

/** Asks the source only as fast as the client reads; `gone` is aborted when the client goes. */
function streamOf(source: AsyncGenerator<string>, gone: AbortController): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel() {
      gone.abort();
    },
  });
}
