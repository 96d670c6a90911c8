/** How far a job is, as one number: each stage has its share of the whole. */
import type { Progress } from "@smileloop/core/job/record.ts";

/** Percent at which a stage begins and ends, by how long they take for a usual clip. */
const SHARES = {
  download: [0, 2],
  detect: [2, 8],
  render: [8, 90],
  check: [90, 97],
  upload: [97, 99],
} as const;
/** With a driving clip to be read first. */
const DRIVEN_SHARES = { ...SHARES, motion: [2, 40], detect: [40, 44], render: [44, 90] } as const;
type Stage = keyof typeof DRIVEN_SHARES;

/** What an engine calls its stages; one that is not known here counts as rendering. */
const STAGES: Record<string, Stage> = {
  decode: "detect",
  detect: "detect",
  download: "download",
  motion: "motion",
  check: "check",
  upload: "upload",
};

export function jobProgress(name: string, done: number, total: number, driven = false): Progress {
  const stage = (Object.hasOwn(STAGES, name) && STAGES[name]) || "render";
  const [from, to] = (driven ? DRIVEN_SHARES : { ...SHARES, motion: SHARES.detect })[stage];
  const share = Math.min(1, Math.max(0, done / total));
  return { stage, done, total, percent: Math.round((from + (to - from) * share) * 10) / 10 };
}
