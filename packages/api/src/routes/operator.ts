/** For those who run the service: queues, engines, storage, jobs of all owners; and failed jobs that are sent again. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import { isId } from "@smileloop/core/job/ids.ts";
import { type JobStatus, jobStatusSchema } from "@smileloop/core/wire/job.ts";
import type { RouteDeps } from "../deps.ts";
import { decimal } from "../http/fields.ts";
import { recent } from "../http/recent.ts";
import { idParams } from "../ids.ts";
import { present } from "../job-lookup.ts";
import { lineOf, lineSchema } from "../operator/line.ts";
import { findForOperator, LIST_NAMES, listForOperator, MAX_READ } from "../operator/lists.ts";
import { overview, overviewSchema } from "../operator/overview.ts";
import { replay } from "../operator/replay.ts";
import { type Api, type ApiContext, newApi, problemReplies } from "../problem.ts";

const TAGS = ["Operator"];
/** How old an overview may be: several may look at once, and to ask queues costs money where they are in SQS. */
const AGE_MS = 1000;

const overviewRoute = createRoute({
  method: "get",
  path: "/v1/operator/overview",
  tags: TAGS,
  summary: "See queues, engines and storage",
  description: "What is not known where the API runs is null: on AWS, engines, disk and figures are other machines'.",
  responses: {
    200: { description: "As it is now", content: { "application/json": { schema: overviewSchema } } },
    ...problemReplies("forbidden"),
  },
});

const listRoute = createRoute({
  method: "get",
  path: "/v1/operator/jobs",
  tags: TAGS,
  summary: "List jobs of all owners",
  description: `In the order in which they come to their end. One request reads at most ${MAX_READ} records, so that a page can be short or empty although more follow. Children of plans are left out.`,
  request: {
    query: z.object({
      list: z.enum(LIST_NAMES).openapi({
        description:
          "`active`: not ended. `failed`. `ended`: with files that are still there; what expires next is first.",
      }),
      limit: z.preprocess(decimal, z.int().min(1).max(100)).default(50),
      cursor: z.string().max(100).optional().openapi({ description: "`next_cursor` of the previous page." }),
    }),
  },
  responses: {
    200: {
      description: "A page of jobs",
      content: {
        "application/json": {
          schema: z.object({
            jobs: z.array(lineSchema),
            looked_at: z.int().openapi({ description: "Number of records that were read for it." }),
            next_cursor: z.string().nullable(),
          }),
        },
      },
    },
    ...problemReplies("invalid_request", "forbidden"),
  },
});

const replayRoute = createRoute({
  method: "post",
  path: "/v1/operator/jobs/{id}/replay",
  tags: TAGS,
  summary: "Send a failed or canceled job again",
  description:
    "Makes a new job of the same owner with the same inputs, params and metadata. Safe to repeat: a job is replayed once.",
  request: { params: idParams },
  responses: {
    201: {
      description: "The new job",
      content: {
        "application/json": { schema: z.object({ id: z.string(), kind: z.string(), status: jobStatusSchema }) },
      },
    },
    ...problemReplies("not_found", "gone", "conflict", "invalid_request", "forbidden", "engine_not_configured"),
  },
});

export function operatorRoutes(deps: RouteDeps): Api {
  const api = newApi();
  const seen = recent(deps.clock, AGE_MS, () => overview(deps));
  const headers = { "Cache-Control": "no-store" };

  api.openapi(overviewRoute, async (c) => {
    requireOperator(c);
    return c.json(await seen(), 200, headers);
  });

  api.openapi(listRoute, async (c) => {
    requireOperator(c);
    const { list, limit, cursor } = c.req.valid("query");
    const page = await listForOperator(deps, { list, limit, cursor, signal: c.req.raw.signal });
    const jobs = page.records.map((record) => lineOf(record, deps.clock.now()));
    return c.json({ jobs, looked_at: page.looked, next_cursor: page.cursor }, 200, headers);
  });

  api.openapi(replayRoute, async (c) => {
    requireOperator(c);
    const { id } = c.req.valid("param");
    if (!isId(id)) throw new AppError("not_found", "There is no job with this id.");
    const made = await replay(deps, await findForOperator(deps, id));
    const { kind, state, id: newId } = present(made.record, made.record.id, deps.clock.now());
    deps.log.info({ requestId: c.env.requestId, jobId: id, newJobId: newId, again: made.replayed }, "job_replayed");
    return c.json({ id: newId, kind, status: state as JobStatus }, 201, headers);
  });
  return api;
}

/** The gate has asked for the operator's key, and operators own nothing: a caller who owns something has come past it. */
function requireOperator(c: ApiContext): void {
  if (c.env.owner !== null) throw new AppError("unauthorized", "The operator's key is required.");
}
