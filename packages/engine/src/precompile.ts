/**
 * `node packages/engine/src/precompile.ts` loads all that processes of this engine load, so that the next ones find it compiled: for
 * an installation whose code nobody may write while it serves, such as an image. It runs as the user that serves.
 */
import { keepCompiled } from "./compile-cache.ts";

keepCompiled();
const [{ OFFER }] = await Promise.all([import("./tasks.ts"), import("./serve.ts")]);
for (const { load, warm } of Object.values(OFFER).flatMap((parts) => Object.values(parts))) {
  await load();
  for (const step of warm) await step();
}
