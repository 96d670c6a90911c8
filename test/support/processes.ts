/** Other processes: what Linux says of them, waiting for them, ending them. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** False also for one that has ended and was not waited for yet. */
export function isAlive(pid: number): boolean {
  const state = statOf(pid)?.[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

/** CPU time so far, in ticks of the system; null when it is gone. */
export function cpuTicks(pid: number): number | null {
  const stat = statOf(pid);
  return stat ? Number(stat[11]) + Number(stat[12]) : null;
}

/** Kills it if it still runs, and waits until it is gone and everything that it wrote is read. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

/** A net, ms: less than the time-out of a test, so that the error says what did not come. Nothing is expected to take that long. */
export const PATIENCE_MS = 120_000;

/** Waits until it is true. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  // by a clock that no test sets
  const startMs = performance.now();
  for (let waitedMs = 0; !(await what()); waitedMs = performance.now() - startMs) {
    if (waitedMs > PATIENCE_MS) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    // what takes long is not made slower by being asked all the time
    await delay(Math.min(100, Math.max(10, waitedMs / 20)));
  }
}

/** The fields of /proc/<pid>/stat after the command's name: state, parent, group, … (man 5 proc). */
function statOf(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
