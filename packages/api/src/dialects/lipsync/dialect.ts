/** The lip sync API: a video and a sound, by their URLs, become the same person saying something else. */
import type { Dialect } from "../dialect.ts";
import { SIGNED_IN } from "../signed-in.ts";
import { describeLipsync, ERROR_SCHEMA, TAG } from "./document.ts";
import { BASE, lipsyncRoutes, NAME } from "./routes.ts";

export const lipsync: Dialect = {
  name: NAME,
  paths: [
    { path: `${BASE}/create` },
    { path: `${BASE}/create-from-tts` },
    { path: `${BASE}/status/{job_id}` },
    { path: `${BASE}/wait/{job_id}` },
    { path: `${BASE}/jobs/my` },
    { path: `${BASE}/models` },
    { path: `${BASE}/sync-modes` },
    { path: `${BASE}/cleanup` },
    { path: `${BASE}/debug/status/{job_id}` },
  ],
  signedIn: SIGNED_IN,
  attested: true,
  tag: {
    name: TAG,
    description: "A video and a sound in, a video of the same person saying that out. Its clients log in first.",
    about: "give a video and a sound by their URLs, and fetch a video whose lips follow the sound.",
  },
  headers: { request: [], response: [] },
  errors: { schema: ERROR_SCHEMA, body: ({ message }) => ({ detail: message }) },
  waitMs: 5 * 60_000,
  routes: lipsyncRoutes,
  describe: describeLipsync,
};
