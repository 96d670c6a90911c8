/**
 * A process of the built-in engine: `node host.ts [--engine <name>] [--kinds <kind>,…] [--checks <kind>,…] [--services cast,inspect,…]`.
 * Each list says what this process serves; all that there is by default.
 */
import manifest from "../package.json" with { type: "json" };
import { serve } from "./serve.ts";
import { OFFER } from "./tasks.ts";

serve({ engine: "warp", version: manifest.version, offer: OFFER, args: process.argv.slice(2) });
