/** A function's first moments in a process of its own: `cold-start.ts <module> [<event as JSON>]` tells milliseconds as JSON. */
import { pathToFileURL } from "node:url";

const [module = "", event] = process.argv.slice(2);
const startMs = performance.now();
const { handler } = (await import(pathToFileURL(module).href)) as { handler?: (event: unknown) => Promise<unknown> };
const loadedMs = performance.now();
if (event !== undefined) await handler?.(JSON.parse(event));
const doneMs = performance.now();
console.log(JSON.stringify({ initMs: loadedMs - startMs, firstMs: doneMs - loadedMs }));
process.exit(0);
