/**
 * Folders that live as long as a job or an engine's process. All lie in one folder that belongs to one worker process alone,
 * so whatever is found there at its start was left by one that died.
 */
import { mkdirSync, mkdtempSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

const PREFIXES = ["job-", "engine-"];

export function makeWorkDir(workRoot: string, kind: "job" | "engine"): string {
  mkdirSync(workRoot, { recursive: true, mode: 0o700 });
  return mkdtempSync(join(workRoot, `${kind}-`));
}

/** Never throws: what cannot be removed now is removed at the next start. */
export async function removeWorkDir(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
}

export async function removeLeftovers(workRoot: string): Promise<void> {
  const names = await readdir(workRoot).catch(() => []);
  const left = names.filter((name) => PREFIXES.some((prefix) => name.startsWith(prefix)));
  await Promise.all(left.map((name) => removeWorkDir(join(workRoot, name))));
}
