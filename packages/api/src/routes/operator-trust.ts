/** For those who run the service: what was asked to be taken down, and the block list. */
import { createRoute, z } from "@hono/zod-openapi";
import { addBlock, type Block, listBlocks, removeBlock } from "@smileloop/core/blocked/block-list.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { decide } from "@smileloop/core/takedowns/act.ts";
import { DECISION_MS, listTakedowns, type Takedown } from "@smileloop/core/takedowns/takedowns.ts";
import type { RouteDeps } from "../deps.ts";
import { limitedJson } from "../http/json-body.ts";
import { type Api, type ApiContext, newApi, problemReplies } from "../problem.ts";
import { rfc3339 } from "../view.ts";

const TAGS = ["Operator"];
const idParam = z.object({ id: z.string().max(64) });
const MOST = 1000;

const takedownSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    received_at: z.string(),
    due_at: z.string(),
    overdue: z.boolean(),
    name: z.string(),
    contact: z.string(),
    statement: z.string(),
    link: z.string().nullable(),
    blocked: z.boolean().openapi({ description: "Whether it is on the block list." }),
    deleted_jobs: z.int().nullable().openapi({ description: "Jobs that were deleted; null until it was acted on." }),
    decision: z.object({ accepted: z.boolean(), reason: z.string(), at: z.string() }).nullable(),
  })
  .openapi("Takedown");
const blockSchema = z
  .object({ id: z.string(), at: z.string(), ticket: z.string().nullable(), files: z.int(), prints: z.int() })
  .openapi("Block");

const json = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { "application/json": { schema } },
});

const listRoute = createRoute({
  method: "get",
  path: "/v1/operator/takedowns",
  tags: TAGS,
  summary: "List what was asked to be taken down",
  description: "Undecided ones first, oldest first.",
  responses: {
    200: json("All takedowns", z.object({ takedowns: z.array(takedownSchema) })),
    ...problemReplies("forbidden"),
  },
});

const decideRoute = createRoute({
  method: "post",
  path: "/v1/operator/takedowns/{id}",
  tags: TAGS,
  summary: "Accept or reject a takedown",
  description:
    "Accepting blocks what it shows and deletes the job that its link leads to, and those that have made its file. Rejecting takes it off the block list again; what was deleted stays so. Once for each.",
  middleware: [limitedJson] as const,
  request: {
    params: idParam,
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z
            .strictObject({ accept: z.boolean(), reason: z.string().min(1, "is needed: why?").max(1000) })
            .openapi("TakedownDecision"),
        },
      },
    },
  },
  responses: {
    200: json("The takedown", takedownSchema),
    ...problemReplies("not_found", "conflict", "invalid_request", "forbidden"),
  },
});

const blocksRoute = createRoute({
  method: "get",
  path: "/v1/operator/blocked",
  tags: TAGS,
  summary: "List what is blocked",
  responses: {
    200: json("The block list", z.object({ blocked: z.array(blockSchema) })),
    ...problemReplies("forbidden"),
  },
});

const blockRoute = createRoute({
  method: "post",
  path: "/v1/operator/blocked",
  tags: TAGS,
  summary: "Block files by their hashes",
  description: "Of pictures that are like them, only what a takedown brought knows.",
  middleware: [limitedJson] as const,
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z
            .strictObject({
              sha256: z
                .array(z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits"))
                .min(1)
                .max(1000),
            })
            .openapi("BlockRequest"),
        },
      },
    },
  },
  responses: { 201: json("The entry", blockSchema), ...problemReplies("invalid_request", "forbidden") },
});

const unblockRoute = createRoute({
  method: "delete",
  path: "/v1/operator/blocked/{id}",
  tags: TAGS,
  summary: "Take an entry off the block list",
  description: "Workers go by it within half a minute.",
  request: { params: idParam },
  responses: { 204: { description: "It is gone" }, ...problemReplies("not_found", "forbidden") },
});

export function operatorTrustRoutes(deps: RouteDeps): Api {
  const api = newApi();
  const { files, clock, audit } = deps;
  const headers = { "Cache-Control": "no-store" };
  api.openapi(listRoute, async (c) => {
    requireOperator(c);
    const all: Takedown[] = [];
    for await (const takedown of listTakedowns(files)) all.push(takedown);
    const open = all.filter(({ decision }) => !decision);
    const decided = all.filter(({ decision }) => decision).reverse();
    const takedowns = [...open, ...decided].slice(0, MOST).map((each) => viewTakedown(each, clock.now()));
    return c.json({ takedowns }, 200, headers);
  });
  api.openapi(decideRoute, async (c) => {
    requireOperator(c);
    const { accept, reason } = c.req.valid("json");
    const takedown = await decide(deps, c.req.valid("param").id, accept, reason);
    return c.json(viewTakedown(takedown, clock.now()), 200, headers);
  });
  api.openapi(blocksRoute, async (c) => {
    requireOperator(c);
    const blocked: ReturnType<typeof viewBlock>[] = [];
    for await (const block of listBlocks(files)) blocked.push(viewBlock(block));
    return c.json({ blocked }, 200, headers);
  });
  api.openapi(blockRoute, async (c) => {
    requireOperator(c);
    const block = (await addBlock(files, clock.now(), { sha256: c.req.valid("json").sha256, prints: [] }))!;
    await audit?.tell({ kind: "blocked", details: { block: block.id } });
    return c.json(viewBlock(block), 201, headers);
  });
  api.openapi(unblockRoute, async (c) => {
    requireOperator(c);
    const { id } = c.req.valid("param");
    await removeBlock(files, id);
    await audit?.tell({ kind: "unblocked", details: { block: id } });
    return c.body(null, 204);
  });
  return api;
}

function viewTakedown({ ticket, acted, decision }: Takedown, nowMs: number) {
  const { id, kind, at, name, contact, statement, link } = ticket;
  const dueAtMs = at + DECISION_MS;
  return {
    ...{ id, kind, received_at: rfc3339(at), due_at: rfc3339(dueAtMs), overdue: !decision && nowMs > dueAtMs },
    ...{ name, contact, statement, link: link ?? null },
    blocked: acted !== null && acted.block !== null && decision?.accepted !== false,
    deleted_jobs: acted?.jobs ?? null,
    decision: decision && { accepted: decision.accepted, reason: decision.reason, at: rfc3339(decision.at) },
  };
}

function viewBlock({ id, at, ticket, sha256, prints }: Block) {
  return { id, at: rfc3339(at), ticket: ticket ?? null, files: sha256.length, prints: prints.length };
}

/** The gate has asked for the operator's key, and operators own nothing: a caller who owns something has come past it. */
function requireOperator(c: ApiContext): void {
  if (c.env.owner !== null) throw new AppError("unauthorized", "The operator's key is required.");
}
