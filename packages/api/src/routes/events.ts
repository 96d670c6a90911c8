/**
 * `GET /v1/jobs/{id}/events`: a job as it goes, as server-sent events (HTML standard, 9.2).
 *
 * `status` at the start and when the state or the outputs change, `progress` when the progress changes, `done` at the end; the data of
 * `status` and `done` is the job. The last event of each version of the record carries its `rev` as `id`, so a client that
 * comes back with Last-Event-ID has seen everything up to there; if that was the end, 204 tells it to stay away.
 */
import { createRoute, z } from "@hono/zod-openapi";
import { hasCode } from "@smileloop/core/errors.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import type { ApiDeps, RouteDeps } from "../deps.ts";
import { type Follower, tooManyFollowers } from "../http/followers.ts";
import { linkOrigin } from "../http/origin.ts";
import { idParams } from "../ids.ts";
import { findJob } from "../job-lookup.ts";
import { ownerOf } from "../owner.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";
import { sameOutputs, viewJob } from "../view.ts";

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
    params: idParams,
    headers: z.object({ "Last-Event-ID": z.string().max(20).optional() }),
  },
  responses: {
    200: { description: "The events", content: { "text/event-stream": { schema: z.string() } } },
    204: { description: "The client has seen the end" },
    ...problemReplies("not_found", "gone", "too_many_requests", "record_unreadable"),
  },
});

export function eventRoutes(deps: RouteDeps): Api {
  const api = newApi();
  const textsOf = createTexts(deps);
  api.openapi(route, async (c) => {
    const record = await findJob(deps, ownerOf(c), c.req.valid("param").id);
    const seen = Number(c.req.valid("header")["Last-Event-ID"] ?? Number.NaN);
    if (isEnded(record.state) && seen >= record.rev) return c.body(null, 204);
    const headers = { "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" };
    if (c.req.method === "HEAD") return new Response(null, { headers });
    const follower = deps.config.liveEvents && !isEnded(record.state) ? deps.followers.join(record) : NOBODY;
    if (!follower) throw tooManyFollowers(deps.config.maxFollowers);
    const gone = new AbortController();
    gone.signal.addEventListener("abort", follower.leave);
    const leave = () => gone.abort();
    c.req.raw.signal.addEventListener("abort", leave);
    if (c.req.raw.signal.aborted) leave();
    const text = (now: JobRecord) => textsOf(now, linkOrigin(deps.config, c.req.raw));
    const follow = { record, seen, text, follower, signal: gone.signal };
    return new Response(streamOf(events(deps, follow), leave), { headers });
  });
  return api;
}

/** For streams that end with the present state. */
const NOBODY: Follower = { next: async () => undefined, leave: () => {} };

type Follow = {
  record: JobRecord;
  seen: number;
  text: (record: JobRecord) => Promise<Texts>;
  follower: Follower;
  signal: AbortSignal;
};

async function* events(deps: ApiDeps, follow: Follow): AsyncGenerator<string> {
  const { text: textOf, follower, signal } = follow;
  let sent: JobRecord | null = null;
  let record = follow.record;
  yield `retry: ${RETRY_MS}\n\n`;
  let sentMs = deps.clock.now();
  while (!signal.aborted) {
    const known: boolean = sent ? sent.rev === record.rev : follow.seen >= record.rev;
    if (!known) {
      const text = describe(await textOf(record), record, sent);
      if (text !== "") sentMs = deps.clock.now();
      if (text !== "") yield text;
    } else if (deps.clock.now() - sentMs >= SILENCE_MS) {
      yield ": still here\n\n";
      sentMs = deps.clock.now();
    }
    sent = record;
    if (isEnded(record.state) || !deps.config.liveEvents) return;
    const next = await nextOf(follower, record.rev, sentMs + SILENCE_MS - deps.clock.now(), signal);
    if (signal.aborted) return;
    // deleted or damaged: a client that asks again is told so
    if (next === null || next?.state === "deleted") return;
    record = next ?? record;
  }
}

/** As `follower.next`; null for a record that became damaged, too. */
async function nextOf(follower: Follower, rev: number, ms: number, signal: AbortSignal) {
  try {
    return await follower.next(rev, ms, signal);
  } catch (error) {
    if (hasCode(error, "record_unreadable")) return null;
    throw error;
  }
}

/** Data of events about one version of a record, as JSON. */
type Texts = { view: string; progress: string };

/** Written once for all who follow the same job under the same address. */
function createTexts(deps: ApiDeps): (record: JobRecord, origin: string) => Promise<Texts> {
  const written = new WeakMap<JobRecord, Map<string, Promise<Texts>>>();
  const write = async (record: JobRecord, origin: string): Promise<Texts> => {
    const view = await viewJob(deps, record, origin);
    return { view: JSON.stringify(view), progress: JSON.stringify(view.progress) };
  };
  return (record, origin) => {
    const byOrigin = written.get(record) ?? new Map<string, Promise<Texts>>();
    written.set(record, byOrigin);
    const texts = byOrigin.get(origin) ?? write(record, origin);
    byOrigin.set(origin, texts);
    return texts;
  };
}

/** What is new in a version of the record. */
function describe({ view, progress }: Texts, record: JobRecord, sent: JobRecord | null): string {
  const parts: [string, string][] = [];
  if (sent?.state !== record.state || (!isEnded(record.state) && !sameOutputs(sent, record)))
    parts.push(["status", view]);
  if (sent?.progress?.percent !== record.progress?.percent || sent?.progress?.stage !== record.progress?.stage) {
    parts.push(["progress", progress]);
  }
  if (isEnded(record.state)) parts.push(["done", view]);
  const texts = parts.map(([event, data]) => `event: ${event}\ndata: ${data}\n`);
  return texts.length === 0 ? "" : `${texts.join("\n")}id: ${record.rev}\n\n`;
}

/** Asks the source only as fast as the client reads; `leave` is called when either has ended. */
function streamOf(source: AsyncGenerator<string>, leave: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await source.next();
        if (!done) return controller.enqueue(encoder.encode(value));
        controller.close();
        leave();
      } catch (error) {
        leave();
        throw error;
      }
    },
    cancel: leave,
  });
}
