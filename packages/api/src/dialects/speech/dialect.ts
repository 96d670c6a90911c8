/** The speech API that comes with the lip sync API: texts become sounds, which are fetched by their path. */

import { AUDIO_PATH } from "../audio-path.ts";
import type { Dialect } from "../dialect.ts";
import { SIGNED_IN } from "../signed-in.ts";
import { describeSpeech, ERROR_SCHEMA, TAG } from "./document.ts";
import { BASE, NAME, speechRoutes } from "./routes.ts";

export const speech: Dialect = {
  name: NAME,
  paths: [
    { path: `${BASE}/generate` },
    { path: `${BASE}/generate-simple` },
    { path: `${BASE}/voices` },
    { path: `${BASE}/languages` },
    { path: `${AUDIO_PATH}{path}` },
  ],
  signedIn: SIGNED_IN,
  tag: {
    name: TAG,
    description: "A text in, a sound out. Its clients log in first.",
    about: "have a text said, and fetch the sound; as clients of the lip sync API know it.",
  },
  headers: { request: [], response: [] },
  errors: { schema: ERROR_SCHEMA, body: ({ message }) => ({ detail: message }) },
  waitMs: 2 * 60_000,
  routes: speechRoutes,
  describe: describeSpeech,
};
