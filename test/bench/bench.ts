/**
 * `npm run bench [-- --only <part>[,<part>]]`: how fast and how large it is on this machine, each figure beside what the
 * project wants and beside the bound of the same machine in the same run. Prints a table and writes `out/bench.json`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { clip, growth } from "./clip.ts";
import { installed } from "./installed.ts";
import { lambda } from "./lambda.ts";
import { type Figure, table } from "./measure.ts";
import { jobs, requests, start } from "./server.ts";

const PARTS = [clip, growth, start, jobs, requests, installed, lambda];
const OUT = fileURLToPath(new URL("../../out/", import.meta.url));

const { values } = parseArgs({ options: { only: { type: "string" } } });
const only = values.only?.split(",");
for (const name of only ?? []) {
  if (!PARTS.some((part) => part.name === name)) {
    console.error(`There is no part "${name}". The parts are: ${PARTS.map((part) => part.name).join(", ")}.`);
    process.exit(2);
  }
}

const machine = { node: process.version, cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism() };
console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}\n`);
const figures: (Figure & { part: string })[] = [];
for (const part of PARTS) {
  if (only ? !only.includes(part.name) : part.onRequest) continue;
  process.stderr.write(`${part.name} …\n`);
  figures.push(...(await part.figures()).map((figure) => ({ part: part.name, ...figure })));
}
console.log(table(figures));
mkdirSync(OUT, { recursive: true });
writeFileSync(`${OUT}bench.json`, `${JSON.stringify({ at: new Date().toISOString(), machine, figures }, null, 2)}\n`);
