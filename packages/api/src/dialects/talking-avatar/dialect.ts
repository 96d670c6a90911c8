/** The API of Talking Avatar: upload a picture and a sound, then generate a video in which the one says the other. */
import type { Dialect } from "../dialect.ts";
import { BASE, describeTalkingAvatar, ERROR_SCHEMA, TAG } from "./document.ts";
import { NAME, talkingAvatarRoutes } from "./routes.ts";

export const talkingAvatar: Dialect = {
  name: NAME,
  paths: [
    { path: `${BASE}/health` },
    { path: `${BASE}/upload/image` },
    { path: `${BASE}/upload/audio` },
    { path: `${BASE}/generate` },
    { path: `${BASE}/generate/async` },
    { path: `${BASE}/status/{job_id}` },
    { path: `${BASE}/download/{filename}` },
    { path: `${BASE}/cleanup/{filename}` },
  ],
  open: [`${BASE}/health`],
  keyInQuery: "api_key",
  tag: {
    name: TAG,
    description: "A picture and a sound in, a video of a person who says it out.",
    about:
      "upload a picture and a sound, and fetch a video in which the person speaks; as clients of that API know it.",
  },
  headers: { request: [], response: [] },
  errors: { schema: ERROR_SCHEMA, body: ({ message }) => ({ detail: message }) },
  waitMs: 5 * 60_000,
  routes: talkingAvatarRoutes,
  describe: describeTalkingAvatar,
};
