import type { Progress } from "@smileloop/core/job/record.ts";
import type { EngineProgress } from "./process/engine-process.ts";

/** Percent at which each stage begins and ends. */
export type StageShares = Readonly<Record<string, readonly [from: number, to: number]>>;

/** How far a job is, as one number: each stage has its share of the whole. A stage that has none counts as the widest one. */
export function progressAt(
  stages: StageShares,
  name: string,
  { done, total }: Pick<EngineProgress, "done" | "total">,
): Progress {
  const widest = Object.keys(stages).reduce(
    (best, stage) => (widthOf(stages, stage) > widthOf(stages, best) ? stage : best),
    "",
  );
  const stage = Object.hasOwn(stages, name) ? name : widest;
  const [from, to] = stages[stage] ?? [0, 100];
  const share = Math.min(1, Math.max(0, done / total));
  return { stage, done, total, percent: Math.round((from + (to - from) * share) * 10) / 10 };
}

function widthOf(stages: StageShares, stage: string): number {
  const [from, to] = stages[stage] ?? [0, 0];
  return to - from;
}
