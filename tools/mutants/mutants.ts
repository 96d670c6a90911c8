/**
 * `npm run mutants [-- --file change.ts] [--every n]`: breaks the files that keep promises in one small way at a time, in a copy of
 * the repository, and says which mutants no test notices. `--every n` takes each n-th mutant. Hours for all of them.
 */
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { FILES } from "./files.ts";
import { mutantsOf } from "./mutate.ts";
import type { Order } from "./run-tests.ts";

const ROOT = join(import.meta.dirname, "../..");
/** A mutant that hangs is noticed: once a test file has taken three times as long as without a mutant, and this. */
const HANG_MS = 20_000;

const { values } = parseArgs({ options: { file: { type: "string" }, every: { type: "string", default: "1" } } });
const copy = mkdtempSync(join(tmpdir(), "smileloop-mutants-"));
let runner: ChildProcess | null = null;
let [made, killed] = [0, 0];
try {
  // as they are in the index; packages of others are shared, ours are those of the copy
  execFileSync("git", ["checkout-index", "--all", `--prefix=${copy}/`], { cwd: ROOT });
  execFileSync("cp", ["-al", join(ROOT, "node_modules"), join(copy, "node_modules")]);
  mkdirSync(join(copy, "tmp"));
  for (const entry of FILES.filter(({ file }) => file.includes(values.file ?? ""))) await breakFile(entry);
  console.log(`${killed} of ${made} mutants noticed (${Math.round((100 * killed) / Math.max(1, made))} %)`);
} finally {
  endRunner();
  rmSync(copy, { recursive: true, force: true });
}

async function breakFile({ file, tests }: (typeof FILES)[number]): Promise<void> {
  const source = readFileSync(join(ROOT, file), "utf8");
  const limits: { test: string; limitMs: number }[] = [];
  for (const test of tests) {
    const startedMs = Date.now();
    if (!(await passes(file, source, test, 600_000))) throw new Error(`${test} fails without any mutant`);
    limits.push({ test, limitMs: HANG_MS + 3 * (Date.now() - startedMs) });
  }
  const mutants = mutantsOf(source).filter((_, n) => n % Number(values.every) === 0);
  let survivors = 0;
  for (const { line, what, text } of mutants) {
    let survives = true;
    for (const { test, limitMs } of limits) survives &&= await passes(file, text, test, limitMs);
    if (survives) console.log(`  ${line}: ${what}`);
    if (survives) survivors++;
  }
  writeFileSync(join(copy, file), source);
  made += mutants.length;
  killed += mutants.length - survivors;
  console.log(`${file}: ${mutants.length - survivors} of ${mutants.length} noticed`);
}

async function passes(file: string, text: string, test: string, limitMs: number): Promise<boolean> {
  writeFileSync(join(copy, file), text);
  runner ??= await startRunner();
  const order: Order = { changed: join(copy, file), test };
  runner.send(order);
  const ended = new AbortController();
  const answer = await Promise.race([
    once(runner, "message", { signal: ended.signal }).then(([passed]) => passed === true),
    once(runner, "exit", { signal: ended.signal }).then(() => null),
    delay(limitMs, null, { signal: ended.signal }),
  ]).finally(() => ended.abort());
  if (answer === null) endRunner();
  return answer ?? false;
}

/** What tests leave in temporary folders goes with the copy. */
async function startRunner(): Promise<ChildProcess> {
  const env = { ...process.env, TMPDIR: join(copy, "tmp") };
  const path = join(copy, "tools/mutants/run-tests.ts");
  const started = fork(path, { cwd: copy, env, detached: true, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  await once(started, "message");
  return started;
}

/** With everything that it has started. */
function endRunner(): void {
  if (runner?.pid !== undefined && runner.exitCode === null) process.kill(-runner.pid, "SIGKILL");
  runner = null;
}
