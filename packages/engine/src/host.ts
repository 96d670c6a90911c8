/**
 * A process of the built-in engine: `node host.ts [--engine <name>] [--kinds <kind>,…] [--checks <kind>,…] [--services cast,inspect,…]`.
 * Each list says what this process serves; all that there is by default.
 */
import { keepCompiled } from "./compile-cache.ts";

keepCompiled();
// imported only now: what a file imports in its head is compiled before its first line runs
const [{ serve }, { OFFER }, { default: manifest }] = await Promise.all([
  import("./serve.ts"),
  import("./tasks.ts"),
  import("../package.json", { with: { type: "json" } }),
]);

serve({ engine: "warp", version: manifest.version, offer: OFFER, args: process.argv.slice(2) });
