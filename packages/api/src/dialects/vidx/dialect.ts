/** The API of VidX: one video and a list of people, a file for each of them. */
import type { Dialect } from "../dialect.ts";
import { describeVidx, ERROR_SCHEMA, TAG } from "./document.ts";
import { NAME, PREFIX } from "./names.ts";
import { vidxRoutes } from "./routes.ts";

const PATHS = ["/jobs", "/jobs/{job_id}", "/convert", "/cache/name-audio/clear"];

export const vidx: Dialect = {
  name: NAME,
  paths: ["", PREFIX].flatMap((base) => PATHS.map((path) => ({ path: base + path }))),
  tag: {
    name: TAG,
    description: "A video and a list of people in, a ZIP with a video or a sound for each of them out.",
    about: `send a video and a list of names, and fetch a ZIP in which each is addressed by name; also under \`${PREFIX}\`.`,
  },
  headers: { request: [], response: [] },
  errors: { schema: ERROR_SCHEMA, body: ({ message }) => ({ detail: message }) },
  waitMs: 5 * 60_000,
  routes: vidxRoutes,
  describe: describeVidx,
};
