/** `/metrics`: figures for monitoring, where they are served by the API itself. */
import type { ApiDeps } from "../deps.ts";
import { recent } from "../http/recent.ts";
import { type Api, newApi } from "../problem.ts";

/** How old an answer may be: to ask queues costs money where they are in SQS. */
const AGE_MS = 1000;

export function metricsRoutes({ metrics, clock }: Pick<ApiDeps, "metrics" | "clock">): Api {
  const api = newApi();
  if (!metrics) return api;
  const answer = recent(clock, AGE_MS, metrics);
  api.get("/metrics", async () => {
    const { type, text } = await answer();
    return new Response(text, { headers: { "Content-Type": type, "Cache-Control": "no-cache" } });
  });
  return api;
}
