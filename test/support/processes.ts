/** What Linux says of other processes. */
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

/** Waits until it is true; throws after so long. */
export async function until(what: () => boolean | Promise<boolean>, ms = 5000): Promise<void> {
  // by a clock that no test sets
  const endMs = performance.now() + ms;
  while (!(await what())) {
    if (performance.now() > endMs) throw new Error(`not within ${ms} ms: ${what}`);
    await delay(10);
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
