/**
 * `GET /v1/jobs/{id}/events`: a job as it goes, as server-sent events (HTML standard, 9.2).
 *
 * `status` at the start and when the state or the outputs change, `progress` when the progress changes, `done` at the end; the data of
 * `status` and `done` is the job. The last event of each version of the record carries its `rev` as `id`, so a client that
 * comes back with Last-Event-ID has seen everything up to there; if that was the end, 204 tells it to stay away.
 */
import { createRoute, z } from "@hono/zod-openapi";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import type { ApiDeps, RouteDeps } from "../deps.ts";
import { eventStream, type Opening, type Telling } from "../http/event-stream.ts";
import { type Follower, tooManyFollowers } from "../http/followers.ts";
import { linkOrigin } from "../http/origin.ts";
import { createPulse } from "../http/pulse.ts";
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
  const telling = tellingOf(deps);
  api.openapi(route, async (c) => {
    const record = await findJob(deps, ownerOf(c), c.req.valid("param").id);
    const seen = Number(c.req.valid("header")["Last-Event-ID"] ?? Number.NaN);
    if (isEnded(record.state) && seen >= record.rev) return c.body(null, 204);
    if (c.req.method === "HEAD") return new Response(null, { headers: HEADERS });
    const follower = deps.config.liveEvents && !isEnded(record.state) ? deps.followers.join(record) : NOBODY;
    if (!follower) throw tooManyFollowers(deps.config.maxFollowers);
    const origin = linkOrigin(deps.config, c.req.raw);
    return opened(telling, { record, seen, origin, follower, signal: c.req.raw.signal });
  });
  return api;
}

const HEADERS = { "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" };

/** For streams that end with the present state. */
const NOBODY: Follower = { listen: () => {}, next: async () => undefined, leave: () => {} };

/** Apart from the route, so that a stream keeps nothing of what the request was looked at with. */
function opened(telling: Telling, opening: Opening): Response {
  return new Response(eventStream(telling, opening), { headers: HEADERS });
}

function tellingOf(deps: ApiDeps): Telling {
  const textsOf = createTexts(deps);
  return {
    say: async (record, sent, origin) => describe(await textsOf(record, origin), record, sent),
    greeting: `retry: ${RETRY_MS}\n\n`,
    comment: ": still here\n\n",
    pulse: createPulse(deps.clock, SILENCE_MS),
    clock: deps.clock,
    live: deps.config.liveEvents,
  };
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
