/** `/health`: alive, and what is here. `/ready`: whether work can be taken. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Clock } from "@smileloop/core/clock.ts";
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

/** Answers are this old at most: anybody may ask, monitors ask more often than queues change, and a storage may want money for it. */
const HEALTH_AGE_MS = 250;
const READY_AGE_MS = 1000;

export function healthRoutes(deps: ApiDeps): Api {
  const api = newApi();
  const healthText = recent(deps.clock, HEALTH_AGE_MS, () => describeHealth(deps));
  const readiness = recent(deps.clock, READY_AGE_MS, deps.ready);
  const headers = { "Content-Type": "application/json" };
  api.openAPIRegistry.registerPath(healthRoute);
  api.get("/health", (): Response | Promise<Response> => {
    const text = healthText();
    return typeof text === "string"
      ? new Response(text, { headers })
      : text.then((ok) => new Response(ok, { headers }));
  });
  api.openapi(readyRoute, async (c) => {
    const { ok, parts } = await readiness();
    return c.json({ ready: ok, parts }, ok ? 200 : 503);
  });
  return api;
}

async function describeHealth({ presets, kinds, queue, config }: ApiDeps): Promise<string> {
  const engines = [...new Set([...kinds.values()].flatMap((kind) => kind.engines))].sort();
  const queues = new Set([...kinds.values()].flatMap((kind) => kind.queues));
  const depths = await Promise.all([...queues].map(async (name) => [name, await queue.depth(name)] as const)).catch(
    // alive it is all the same; whether it can work is what /ready says
    () => [],
  );
  const health: z.infer<typeof healthSchema> = {
    status: "ok",
    liveportrait_found: config.liveportraitFound,
    presets_available: [...presets.keys()].sort(),
    engines,
    queue: Object.fromEntries(depths),
    version: config.version,
  };
  return JSON.stringify(health);
}

/**
 * What was made last, or a promise of the next, which all who ask meanwhile share: not always a promise, because that costs a
 * tenth of the whole request. What fails is made again by whoever asks next.
 */
function recent<T>(clock: Clock, ageMs: number, make: () => Promise<T>): () => T | Promise<T> {
  let last: { value: T; madeMs: number } | null = null;
  let making: Promise<T> | null = null;
  return () => {
    if (last && Math.abs(clock.now() - last.madeMs) < ageMs) return last.value;
    making ??= make()
      .then((value) => {
        last = { value, madeMs: clock.now() };
        return value;
      })
      .finally(() => {
        making = null;
      });
    return making;
  };
}
