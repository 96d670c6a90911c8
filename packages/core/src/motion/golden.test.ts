/**
 * The rule of `motionOfCast`, held by files: `golden/*.json` are a motion, movers and a seed, and the curves that come of them. They are
 * written again, after a look at what changed, by `UPDATE_GOLDEN=1 npx vitest run packages/core/src/motion/golden.test.ts`.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { MotionFrames } from "./motion.ts";
import { type Gentleness, motionOfCast } from "./phases.ts";

type Golden = { what: string; motion: MotionFrames; movers: { ease: Gentleness }[]; seed: number; faces: unknown };

const FOLDER = join(import.meta.dirname, "golden");
const files = readdirSync(FOLDER).map((name) => join(FOLDER, name));
const goldens = files.map((path) => [path, JSON.parse(readFileSync(path, "utf8")) as Golden] as const);

test.each(goldens.map(([path, golden]) => [golden.what, path, golden] as const))("%s", (_what, path, golden) => {
  const { what, motion, movers, seed } = golden;
  const faces = rounded(motionOfCast(motion, movers, seed).faces);
  if (process.env.UPDATE_GOLDEN)
    writeFileSync(path, `${JSON.stringify({ what, seed, movers, motion, faces }, null, 1)}\n`);
  else expect(faces).toEqual(golden.faces);
});

/** To what no eye and no model sees, so that another processor's last digit is not a fault. */
function rounded(faces: MotionFrames["faces"]): MotionFrames["faces"] {
  return JSON.parse(JSON.stringify(faces), (_name, value) =>
    typeof value === "number" ? Number(value.toFixed(6)) : value,
  );
}
