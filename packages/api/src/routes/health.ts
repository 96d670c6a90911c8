/** `/health`: alive, and what is here. `/ready`: whether work can be taken. */
import { createRoute, z } from "@hono/zod-openapi";
import type { ApiDeps } from "../deps.ts";
import { type Api, newApi } from "../problem.ts";

const healthSchema = z
  .object({
    status: z.literal("ok"),
    liveportrait_found: z.boolean(),
    presets_available: z.array(z.string()),
    engines: z.array(z.string()),
    queue: z.record(z.string(), z.object({ waiting: z.int(), held: z.int() })),
    version: z.string(),
  })
  .openapi("Health");

const readySchema = z
  .object({ ready: z.boolean(), parts: z.record(z.string(), z.string()) })
  .openapi("Readiness", { description: "Each part is `ok`, or a sentence says what is wrong with it." });

const healthRoute = createRoute({
  method: "get",
  path: "/health",
  tags: ["Service"],
  summary: "Is it alive, and what is here",
  responses: { 200: { description: "Alive", content: { "application/json": { schema: healthSchema } } } },
});

const readyRoute = createRoute({
  method: "get",
  path: "/ready",
  tags: ["Service"],
  summary: "Can it take work",
  responses: {
    200: { description: "It can", content: { "application/json": { schema: readySchema } } },
    503: { description: "Not now", content: { "application/json": { schema: readySchema } } },
  },
});

/** The text of `/health` is this old at most; monitors and load balancers ask more often than queues change. */
const HEALTH_AGE_MS = 250;

export function healthRoutes(deps: ApiDeps): Api {
  const api = newApi();
  const healthText = cachedHealth(deps);
  const headers = { "Content-Type": "application/json" };
  api.openAPIRegistry.registerPath(healthRoute);
  api.get("/health", (): Response | Promise<Response> => {
    const text = healthText();
    return typeof text === "string"
      ? new Response(text, { headers })
      : text.then((ok) => new Response(ok, { headers }));
  });
  api.openapi(readyRoute, async (c) => {
    const { ok, parts } = await deps.ready();
    return c.json({ ready: ok, parts }, ok ? 200 : 503);
  });
  return api;
}

/** The present text, or a promise of the next: not always a promise, because that costs a tenth of the whole request. */
function cachedHealth({ presets, kinds, queue, config, clock }: ApiDeps): () => string | Promise<string> {
  const engines = [...new Set([...kinds.values()].flatMap((kind) => kind.engines))].sort();
  const queues = new Set([...kinds.values()].flatMap((kind) => kind.queues));
  const presetNames = [...presets.keys()].sort();
  let text = "";
  let madeMs = Number.NEGATIVE_INFINITY;
  let making: Promise<string> | null = null;
  const make = async (): Promise<string> => {
    const depths = await Promise.all([...queues].map(async (name) => [name, await queue.depth(name)] as const)).catch(
      // alive it is all the same; whether it can work is what /ready says
      () => [],
    );
    const health: z.infer<typeof healthSchema> = {
      status: "ok",
      liveportrait_found: config.liveportraitFound,
      presets_available: presetNames,
      engines,
      queue: Object.fromEntries(depths),
      version: config.version,
    };
    madeMs = clock.now();
    text = JSON.stringify(health);
    return text;
  };
  return () => {
    if (Math.abs(clock.now() - madeMs) < HEALTH_AGE_MS) return text;
    making ??= make().finally(() => {
      making = null;
    });
    return making;
  };
}
