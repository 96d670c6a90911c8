/** The folder of a worker under `npm run dev:aws`, where SST runs every sandbox of a function on this machine. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import type { Env } from "@smileloop/core/env.ts";

/** A worker clears its folder when it starts. On Lambda each sandbox has its own disk; here each gets a folder in `workRoot`. */
export function workRootOf(workRoot: string, { SST_DEV }: Env): string {
  if (!SST_DEV) return workRoot;
  removeEnded(workRoot);
  return join(workRoot, `dev-${process.pid}-${threadId}`);
}

function removeEnded(workRoot: string): void {
  try {
    for (const name of readdirSync(workRoot)) {
      const [, pid] = /^dev-(\d+)-\d+$/.exec(name) ?? [];
      if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(workRoot, name), { recursive: true, force: true });
    }
  } catch {
    // what cannot be removed now is removed at the next start
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
