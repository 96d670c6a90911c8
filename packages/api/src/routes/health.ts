/** `/health`: alive, and what is here. `/ready`: whether work can be taken. */
import { createRoute, z } from "@hono/zod-openapi";
import { SAFEGUARDS } from "@smileloop/core/safeguards.ts";
import type { ApiDeps } from "../deps.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { recent } from "../http/recent.ts";
import { type Api, newApi } from "../problem.ts";

/** Fields of dialects come after `status`, where clients of the first one have always found theirs. */
const healthSchema = (dialects: readonly Dialect[]) =>
  z
    .object({
      status: z.literal("ok"),
      ...Object.fromEntries(dialects.flatMap(({ health }) => Object.entries(health?.schema ?? {}))),
      engines: z.array(z.string()),
      capabilities: z
        .record(z.string(), z.array(z.string()))
        .describe(
          "By engine: what it offers beyond its kinds, such as processors. Engines that offer nothing more are absent.",
        ),
      content_check: z
        .enum(["on", "off"])
        .describe("Whether pictures and videos are looked at for nudity where a job changes somebody's face."),
      queue: z.record(z.string(), z.object({ waiting: z.int(), held: z.int() })),
      version: z.string(),
    })
    .openapi("Health");

const readySchema = z
  .object({ ready: z.boolean(), parts: z.record(z.string(), z.string()) })
  .openapi("Readiness", { description: "Each part is `ok` or a sentence that says what is wrong." });

const healthRoute = (schema: z.ZodType) =>
  createRoute({
    method: "get",
    path: "/health",
    tags: ["Service"],
    summary: "Check that the server is alive, and see what it offers",
    responses: { 200: { description: "Alive", content: { "application/json": { schema } } } },
  });

const readyRoute = createRoute({
  method: "get",
  path: "/ready",
  tags: ["Service"],
  summary: "Check that the server can take work",
  responses: {
    200: { description: "Ready", content: { "application/json": { schema: readySchema } } },
    503: { description: "Not ready", content: { "application/json": { schema: readySchema } } },
  },
});

/** How old an answer may be: monitors ask more often than queues change, and asking the storage may cost money. */
const HEALTH_AGE_MS = 250;
const READY_AGE_MS = 1000;

export function healthRoutes(deps: ApiDeps, dialects: readonly Dialect[]): Api {
  const api = newApi();
  const healthText = recent(deps.clock, HEALTH_AGE_MS, () => describeHealth(deps, dialects));
  const readiness = recent(deps.clock, READY_AGE_MS, deps.ready);
  const headers = { "Content-Type": "application/json" };
  api.openAPIRegistry.registerPath(healthRoute(healthSchema(dialects)));
  api.get("/health", async () => new Response(await healthText(), { headers }));
  api.openapi(readyRoute, async (c) => {
    const { ok, parts } = await readiness();
    return c.json({ ready: ok, parts }, ok ? 200 : 503);
  });
  return api;
}

async function describeHealth(deps: ApiDeps, dialects: readonly Dialect[]): Promise<string> {
  const kinds = [...deps.kinds.values()];
  const engines = [...new Set(kinds.flatMap((kind) => kind.engines))].sort();
  const capabilities = Object.fromEntries(
    kinds.flatMap((kind) => [...kind.capabilities].filter(([, offered]) => offered.length > 0)),
  );
  const queues = new Set(kinds.flatMap((kind) => kind.queues));
  const depths = await Promise.all(
    [...queues].map(async (name) => [name, await deps.queue.depth(name)] as const),
  ).catch(
    // the process is alive; whether it can work is what /ready says
    () => [],
  );
  const { contentCheck } = deps.safeguards ?? SAFEGUARDS;
  const own = Object.fromEntries(dialects.flatMap(({ health }) => Object.entries(health?.fields(deps) ?? {})));
  const queue = Object.fromEntries(depths);
  const content_check = contentCheck ? "on" : "off";
  const { version } = deps.config;
  return JSON.stringify({ status: "ok", ...own, engines, capabilities, content_check, queue, version });
}
