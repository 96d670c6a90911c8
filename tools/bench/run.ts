/** Runs the parts of a bench, all or those that are named, prints their table and keeps it in `out/`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Figure, type Part, table } from "./measure.ts";

const OUT = fileURLToPath(new URL("../../out/", import.meta.url));

/** `name`: of the file in `out/`. Takes `--only <part>[,<part>]`, `--stages`, `--size` and `--against <checkout>` from the command line. */
export async function runBench(name: string, parts: Part[]): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      stages: { type: "boolean", default: false },
      size: { type: "string" },
      against: { type: "string" },
    },
  });
  const only = values.only?.split(",");
  for (const wanted of only ?? []) {
    if (!parts.some((part) => part.name === wanted)) {
      console.error(`There is no part "${wanted}". The parts are: ${parts.map((part) => part.name).join(", ")}.`);
      process.exit(2);
    }
  }

  const machine = { node: process.version, cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism() };
  console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}\n`);
  const figures: (Figure & { part: string })[] = [];
  for (const part of parts) {
    if (only ? !only.includes(part.name) : part.onRequest) continue;
    process.stderr.write(`${part.name} …\n`);
    figures.push(...(await part.figures(values)).map((figure) => ({ part: part.name, ...figure })));
  }
  console.log(table(figures));
  mkdirSync(OUT, { recursive: true });
  const at = new Date().toISOString();
  writeFileSync(`${OUT}${name}.json`, `${JSON.stringify({ at, machine, figures }, null, 2)}\n`);
}
