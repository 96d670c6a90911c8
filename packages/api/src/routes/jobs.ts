/** What can be done with jobs that are there: look, list, cancel, delete. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import { cancelJob, deleteJob } from "@smileloop/core/jobs/close.ts";
import { jobPageSchema, jobStatusSchema } from "@smileloop/core/wire/job.ts";
import type { ApiDeps } from "../deps.ts";
import { linkOrigin } from "../http/origin.ts";
import { preferredWait, waitUntil } from "../http/wait.ts";
import { findJob, hasExpired, present } from "../job-lookup.ts";
import { ownerOf } from "../owner.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";
import { jobSchema, viewJob } from "../view.ts";

const params = z.object({ id: z.string() });
const json = { "application/json": { schema: jobSchema } };

const getRoute = createRoute({
  method: "get",
  path: "/v1/jobs/{id}",
  tags: ["Jobs"],
  summary: "Get a job",
  request: {
    params,
    headers: z.object({
      Prefer: z.string().optional().openapi({
        description: "`wait=<seconds>`: holds the reply until the job's status changes, for that long at most.",
      }),
    }),
  },
  responses: {
    200: {
      description: "The job",
      headers: z.object({ "Preference-Applied": z.string().optional() }),
      content: json,
    },
    ...problemReplies("not_found", "gone", "record_unreadable"),
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
      limit: z.coerce.number().int().min(1).max(100).default(20),
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

export function jobRoutes(deps: ApiDeps): Api {
  const api = newApi();
  api.openapi(getRoute, async (c) => {
    const owner = ownerOf(c);
    let record = await findJob(deps, owner, c.req.valid("param").id);
    const asked = preferredWait(c.req.valid("header").Prefer);
    if (asked !== null) {
      const seconds = Math.min(asked, Math.floor(deps.config.maxWaitMs / 1000));
      const options = { ms: seconds * 1000, signal: c.req.raw.signal };
      const { id, state } = record;
      // one that has ended changes no more: there is nothing to wait for
      const moved = (now: JobRecord) => now.state !== state || isEnded(now.state);
      record = present(await waitUntil(deps, owner, id, moved, options), id, deps.clock.now());
      c.header("Preference-Applied", `wait=${seconds}`);
    }
    return c.json(await viewJob(deps, record, linkOrigin(deps.config, c.req.raw)), 200);
  });

  api.openapi(listRoute, async (c) => {
    const { limit, cursor, status } = c.req.valid("query");
    const page = await listJobs(deps, ownerOf(c), { limit, cursor, status });
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

/** Pages that one request reads at most when it looks for a status that few jobs have. */
const MAX_PAGES = 20;

async function listJobs(
  { records, clock }: ApiDeps,
  owner: string,
  { limit, cursor, status }: { limit: number; cursor: string | undefined; status: JobRecord["state"] | undefined },
): Promise<{ records: JobRecord[]; cursor: string | null }> {
  const now = clock.now();
  const fits = (record: JobRecord) =>
    record.state !== "deleted" &&
    (status === undefined || status === (hasExpired(record, now) ? "expired" : record.state));
  const found: JobRecord[] = [];
  let next = cursor;
  for (let pages = 0; pages < MAX_PAGES && found.length < limit; pages++) {
    const page = await records.list(owner, { limit: limit - found.length, cursor: next });
    found.push(...page.records.filter(fits));
    if (page.cursor === null) return { records: found, cursor: null };
    next = page.cursor;
  }
  return { records: found, cursor: next ?? null };
}
