/** The API of Sync.so: its SDKs make generations here when their base URL is this server. */
import type { Dialect } from "../dialect.ts";
import { describeSyncSo, ERROR_SCHEMA, TAG } from "./document.ts";
import { errorReply } from "./errors.ts";
import { NAME, syncSoRoutes } from "./routes.ts";

export const syncSo: Dialect = {
  name: NAME,
  paths: [
    { path: "/v2/generate" },
    { path: "/v2/generate/{id}" },
    { path: "/v2/generations" },
    { path: "/v2/generations/{id}" },
    { path: "/v2/models" },
  ],
  keyed: true,
  attested: true,
  tag: {
    name: TAG,
    description: "The API of Sync.so, for its SDKs with another base URL.",
    about: "lip sync as clients of Sync.so ask for it: its SDKs work when their base URL is this server.",
  },
  headers: {
    // what its SDK for TypeScript adds
    request: [
      ...["User-Agent", "X-Fern-Language", "X-Fern-SDK-Name", "X-Fern-SDK-Version", "X-Fern-Runtime"],
      "X-Fern-Runtime-Version",
    ],
    response: [],
  },
  errors: { schema: ERROR_SCHEMA, body: errorReply },
  waitMs: 10_000,
  routes: syncSoRoutes,
  describe: describeSyncSo,
};
