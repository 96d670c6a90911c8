/**
 * `npm run mutants [-- --file change.ts] [--every n]`: breaks the files that keep promises in one small way at a time, in a copy of
 * the repository, and says which mutants no test notices. `--every n` takes each n-th mutant. Hours for all of them.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FILES } from "./files.ts";
import { mutantsOf } from "./mutate.ts";

const ROOT = join(import.meta.dirname, "../..");
/** A mutant that hangs is noticed. */
const HANG_MS = 120_000;

const { values } = parseArgs({ options: { file: { type: "string" }, every: { type: "string", default: "1" } } });
const copy = mkdtempSync(join(tmpdir(), "smileloop-mutants-"));
let [made, killed] = [0, 0];
try {
  // as they are in the index; packages of others are shared, ours are those of the copy
  execFileSync("git", ["checkout-index", "--all", `--prefix=${copy}/`], { cwd: ROOT });
  execFileSync("cp", ["-al", join(ROOT, "node_modules"), join(copy, "node_modules")]);
  for (const { file, tests } of FILES.filter((entry) => entry.file.includes(values.file ?? ""))) {
    const source = readFileSync(join(ROOT, file), "utf8");
    if (!passes(tests)) throw new Error(`${file}: its tests fail without any mutant`);
    const mutants = mutantsOf(source).filter((_, n) => n % Number(values.every) === 0);
    const survivors = mutants.filter(({ text }) => {
      writeFileSync(join(copy, file), text);
      return passes(tests);
    });
    writeFileSync(join(copy, file), source);
    made += mutants.length;
    killed += mutants.length - survivors.length;
    console.log(`${file}: ${mutants.length - survivors.length} of ${mutants.length} noticed`);
    for (const { line, what } of survivors) console.log(`  ${line}: ${what}`);
  }
  console.log(`${killed} of ${made} mutants noticed (${Math.round((100 * killed) / Math.max(1, made))} %)`);
} finally {
  rmSync(copy, { recursive: true, force: true });
}

function passes(tests: string[]): boolean {
  const args = [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--bail", "1", "--reporter", "dot", ...tests];
  return spawnSync(process.execPath, args, { cwd: copy, stdio: "ignore", timeout: HANG_MS }).status === 0;
}
