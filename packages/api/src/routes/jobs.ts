/** What can be done with jobs that are there: look, list, cancel, delete. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import { cancelJob, deleteJob } from "@smileloop/core/jobs/close.ts";
import type { RecordPage } from "@smileloop/core/records.ts";
import { jobPageSchema, jobStatusSchema } from "@smileloop/core/wire/job.ts";
import type { ApiDeps, RouteDeps } from "../deps.ts";
import { decimal } from "../http/fields.ts";
import { tooManyFollowers } from "../http/followers.ts";
import { linkOrigin } from "../http/origin.ts";
import { matchesTag } from "../http/send-file.ts";
import { preferredWait, waitUntil } from "../http/wait.ts";
import { idParams } from "../ids.ts";
import { findJob, hasExpired, present } from "../job-lookup.ts";
import { ownerOf } from "../owner.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";
import { jobSchema, sameOutputs, tagOf, viewJob } from "../view.ts";

const params = idParams;
const json = { "application/json": { schema: jobSchema } };

const getRoute = createRoute({
  method: "get",
  path: "/v1/jobs/{id}",
  tags: ["Jobs"],
  summary: "Get a job",
  request: {
    params,
    query: z.object({
      cs: z.string().max(200).optional().openapi({
        description: "The checkout that the buyer comes back from: it is asked for before the reply.",
      }),
    }),
    headers: z.object({
      Prefer: z.string().optional().openapi({
        description:
          "`wait=<seconds>`: holds the reply until the job's status or its outputs change, for that long at most.",
      }),
      "If-None-Match": z.string().optional().openapi({
        description: "The `ETag` of an earlier reply: 304 if the job is as it was, after the wait where there is one.",
      }),
    }),
  },
  responses: {
    200: {
      description: "The job",
      headers: z.object({
        "Preference-Applied": z.string().optional(),
        ETag: z.string().openapi({
          description:
            "Weak. It changes with the job, and every five minutes while the job has links, so that they are never stale.",
        }),
      }),
      content: json,
    },
    304: { description: "As it was; the links of that reply live at least ten minutes more, or until the job expires" },
    ...problemReplies("not_found", "gone", "too_many_requests", "record_unreadable"),
  },
});

const pageSchema = z.object({ ...jobPageSchema.shape, jobs: z.array(jobSchema) });
const listRoute = createRoute({
  method: "get",
  path: "/v1/jobs",
  tags: ["Jobs"],
  summary: "List your jobs, newest first",
  request: {
    query: z.object({
      limit: z.preprocess(decimal, z.int().min(1).max(100)).default(20),
      cursor: z.string().max(200).optional().openapi({ description: "`next_cursor` of the previous page." }),
      status: jobStatusSchema.optional(),
    }),
  },
  responses: {
    200: {
      description: "A page of jobs; it can hold fewer than `limit` even if more follow",
      content: { "application/json": { schema: pageSchema } },
    },
    ...problemReplies("invalid_request"),
  },
});

const cancelRoute = createRoute({
  method: "post",
  path: "/v1/jobs/{id}/cancel",
  tags: ["Jobs"],
  summary: "Cancel a job",
  request: { params },
  responses: {
    200: { description: "Canceled", content: json },
    202: { description: "Still running; it stops within seconds", content: json },
    ...problemReplies("not_found", "gone", "conflict", "record_unreadable"),
  },
});

const deleteRoute = createRoute({
  method: "delete",
  path: "/v1/jobs/{id}",
  tags: ["Jobs"],
  summary: "Delete a job with its files",
  description:
    "A job that has not ended is canceled first. The files it was made from are deleted with it, the uploads that they were copied " +
    "from are not.",
  request: { params },
  responses: { 204: { description: "Deleted" }, ...problemReplies("not_found", "gone") },
});

export function jobRoutes(deps: RouteDeps): Api {
  const api = newApi();
  api.openapi(getRoute, async (c) => {
    const owner = ownerOf(c);
    let record = await findJob(deps, owner, c.req.valid("param").id);
    const { cs } = c.req.valid("query");
    if (cs !== undefined && deps.payments) record = await deps.payments.look(record, cs);
    const asked = preferredWait(c.req.valid("header").Prefer);
    if (asked !== null) {
      const seconds = Math.min(asked, Math.floor(deps.config.maxWaitMs / 1000));
      const options = { ms: seconds * 1000, signal: c.req.raw.signal };
      const { id } = record;
      const before = record;
      // one that has ended changes no more: there is nothing to wait for
      const moved = (now: JobRecord) => now.state !== before.state || isEnded(now.state) || !sameOutputs(now, before);
      const waited = await waitUntil(deps, record, moved, options);
      if (waited === "too_many") throw tooManyFollowers(deps.config.maxFollowers);
      record = present(waited, id, deps.clock.now());
      c.header("Preference-Applied", `wait=${seconds}`);
    }
    const view = await viewJob(deps, record, linkOrigin(deps.config, c.req.raw));
    const etag = tagOf(record, view, deps.clock.now());
    c.header("ETag", etag);
    c.header("Cache-Control", "private, no-cache");
    return matchesTag(c.req.raw.headers.get("if-none-match"), etag) ? c.body(null, 304) : c.json(view, 200);
  });

  api.openapi(listRoute, async (c) => {
    const { limit, cursor, status } = c.req.valid("query");
    const page = await listJobs(deps, ownerOf(c), { limit, cursor, status, signal: c.req.raw.signal });
    const origin = linkOrigin(deps.config, c.req.raw);
    const jobs = await Promise.all(page.records.map((record) => viewJob(deps, record, origin)));
    return c.json({ jobs, next_cursor: page.cursor }, 200);
  });

  api.openapi(cancelRoute, async (c) => {
    const { owner, id } = await findJob(deps, ownerOf(c), c.req.valid("param").id);
    const { stored, refused } = await cancelJob(deps, owner, id);
    const record = present(stored?.record ?? null, id, deps.clock.now());
    if (refused === "ended") throw new AppError("conflict", `The job has ended already (${record.state}).`);
    const view = await viewJob(deps, record, linkOrigin(deps.config, c.req.raw));
    return record.state === "canceling" ? c.json(view, 202) : c.json(view, 200);
  });

  api.openapi(deleteRoute, async (c) => {
    const { id } = c.req.valid("param");
    // what can't be read can be deleted all the same
    await findJob(deps, ownerOf(c), id).catch((error: unknown) => {
      if (!hasCode(error, "record_unreadable")) throw error;
    });
    await deleteJob(deps, ownerOf(c), id);
    return c.body(null, 204);
  });
  return api;
}

/**
 * Records that one request reads at most when it looks for a status that few jobs have. It reads a few at a time, and more of them each
 * time that none of them fits: each page of the storage lists the owner's whole folder.
 */
const MAX_READ = 2000;
const READ_AT_ONCE = { first: 20, most: 160 };
/** Where a page ends early, counted in characters of its records; it has at least one. */
const MAX_PAGE_CHARS = 1024 * 1024;

type Asked = {
  limit: number;
  cursor: string | undefined;
  status: JobRecord["state"] | undefined;
  /** Aborted when the client has gone. */
  signal: AbortSignal;
};

async function listJobs({ records, clock }: ApiDeps, owner: string, asked: Asked): Promise<RecordPage> {
  const { limit, status, signal } = asked;
  const now = clock.now();
  const fits = (record: JobRecord) =>
    record.state !== "deleted" &&
    (status === undefined || status === (hasExpired(record, now) ? "expired" : record.state));
  const found: JobRecord[] = [];
  let cursor = asked.cursor;
  let room = MAX_PAGE_CHARS;
  let atOnce = READ_AT_ONCE.first;
  for (let read = 0; read < MAX_READ && found.length < limit && !signal.aborted; ) {
    const wanted = limit - found.length;
    const size = Math.min(atOnce === READ_AT_ONCE.first ? Math.min(atOnce, wanted) : atOnce, MAX_READ - read);
    read += size;
    const page = await records.list(owner, { limit: size, cursor });
    const fitting = page.records.filter(fits);
    const lengths = page.records.map((record) => (fits(record) ? JSON.stringify(record).length : 0));
    const lastWanted = fitting[wanted - 1];
    const within = Math.min(countWithin(lengths, room), lastWanted ? page.records.indexOf(lastWanted) + 1 : Infinity);
    const taken = Math.max(within, found.length === 0 ? 1 : 0);
    if (taken < page.records.length) {
      if (taken === 0) return { records: found, cursor: cursor ?? null };
      // a cursor is where a page of the storage ends
      const part = await records.list(owner, { limit: taken, cursor });
      return { records: [...found, ...part.records.filter(fits)], cursor: part.cursor };
    }
    found.push(...fitting);
    if (page.cursor === null) return { records: found, cursor: null };
    cursor = page.cursor;
    room -= lengths.reduce((sum, length) => sum + length, 0);
    atOnce = fitting.length > 0 ? READ_AT_ONCE.first : Math.min(2 * atOnce, READ_AT_ONCE.most);
  }
  return { records: found, cursor: cursor ?? null };
}

/** How many of them, from the first, are together no more than `most`. */
function countWithin(lengths: number[], most: number): number {
  let sum = 0;
  const over = lengths.findIndex((length) => {
    sum += length;
    return sum > most;
  });
  return over === -1 ? lengths.length : over;
}
