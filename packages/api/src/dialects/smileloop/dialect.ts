/** The original portrait API: one request that waits for its video. */
import { z } from "@hono/zod-openapi";
import type { Dialect } from "../dialect.ts";
import { describeSmileloop, ERROR_SCHEMA, TAG } from "./document.ts";
import { NAME, smileloopRoutes } from "./routes.ts";

export const smileloop: Dialect = {
  name: NAME,
  paths: [{ path: "/animate" }, { path: "/job/{job_id}" }, { path: "/download/{job_id}", shape: "id" }],
  tag: {
    name: TAG,
    description: "A portrait in, a video out.",
    about: "one request that waits for its video; most clients need nothing else.",
  },
  headers: { request: [], response: ["X-Inference-Mode", "X-Inference-Time"] },
  errors: { schema: ERROR_SCHEMA, body: ({ message }) => ({ detail: message }) },
  waitMs: 5 * 60_000,
  command: (base, file) =>
    `-H "Accept: video/mp4" -F source_image=@${file} -F preset=big_smile ${base}/animate -o smile.mp4`,
  routes: smileloopRoutes,
  describe: describeSmileloop,
  health: {
    schema: { liveportrait_found: z.boolean(), presets_available: z.array(z.string()) },
    fields: ({ kinds, presets }) => ({
      liveportrait_found: kinds.get("animate")?.engines.includes("liveportrait") ?? false,
      presets_available: [...presets.keys()].sort(),
    }),
  },
};
