/** The REST API of FaceFusion: a picture or a video, faces, and the processors that they go through. */
import { z } from "@hono/zod-openapi";
import { DOCS_PATHS } from "../../docs.ts";
import type { Dialect } from "../dialect.ts";
import { describeFacefusion, ERROR_SCHEMA, TAG } from "./document.ts";
import { PREFIX } from "./names.ts";
import { offeredProcessors } from "./processors.ts";
import { facefusionRoutes, NAME } from "./routes.ts";

const PATHS = ["/processors", "/process/image", "/process/video", "/output/{filename}"];
const ASIDE = ["/health", ...DOCS_PATHS].map((path) => PREFIX + path);

export const facefusion: Dialect = {
  name: NAME,
  paths: [
    ...["", PREFIX].flatMap((base) => PATHS.map((path) => ({ path: base + path }))),
    { path: "/download/{filename}", shape: "file" },
    { path: `${PREFIX}/download/{filename}` },
    ...ASIDE.map((path) => ({ path })),
  ],
  open: [...ASIDE, "/processors", `${PREFIX}/processors`],
  tag: {
    name: TAG,
    description: "Faces of pictures and videos, processor by processor.",
    about: `swap, edit or enhance the faces of a picture or a video; also under \`${PREFIX}\`, where \`/health\` is this API's.`,
  },
  headers: { request: [], response: [] },
  errors: { schema: ERROR_SCHEMA, body: ({ message }) => ({ detail: message }) },
  waitMs: 5 * 60_000,
  routes: facefusionRoutes,
  describe: describeFacefusion,
  health: {
    schema: { processors_available: z.array(z.string()) },
    fields: (deps) => ({ processors_available: offeredProcessors(deps) }),
  },
};
