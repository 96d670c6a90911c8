/** How far a job is, as its record says it. */
import type { Ended, JobRecord, Progress } from "./record.ts";

/** Share of the children in the progress of a plan; the rest is what it makes of them. */
const CHILDREN_PERCENT = 95;

/** How many children have ended. */
export function endedSum({ succeeded, failed, canceled }: Ended): number {
  return succeeded + failed + canceled;
}

/** The progress of a plan whose children are at work, over all that it expects to have. It never goes back. */
export function childrenProgress({ progress, children = 0, expected = 0 }: JobRecord, done: number): Progress | null {
  const total = Math.max(children, expected);
  const percent = Math.round((CHILDREN_PERCENT * done * 10) / Math.max(1, total)) / 10;
  return further(progress, { stage: "waiting", done, total, percent });
}

/** Progress that is told after another: the percentage never goes back. */
export function further(before: Progress | null, after: Progress | null): Progress | null {
  if (!before || !after) return after ?? before;
  return { ...after, percent: Math.max(before.percent, after.percent) };
}
