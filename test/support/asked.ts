/** What a run and a check of the kind `animate` are told, put together as a worker does it. */
import type { CastParams, CastResult } from "@smileloop/core/engine/services.ts";
import type { AnimateCheck, AnimateRun } from "@smileloop/core/engine/tasks/animate.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { motionOfCast } from "@smileloop/core/motion/phases.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";

export type Asked = Partial<CastParams> & { image: string; motion: MotionFrames; intensity?: number; seed?: number };

export type Told = {
  run: Omit<AnimateRun, "type" | "run" | "outputs" | "provenance"> & { motion: MotionFrames };
  check: Omit<AnimateCheck, "type" | "run" | "files"> & { motion: MotionFrames };
  warnings: CastResult["warnings"];
};

export async function toldOf({ image, motion, size = 256, face = 0, intensity = 1, seed = 0 }: Asked): Promise<Told> {
  const { cast, warnings } = await castPicture(image, { size, face });
  const both = {
    kind: "animate" as const,
    inputs: { image: [{ path: image, type: "image/jpeg" }] },
    cast,
    motion: motionOfCast(motion, cast.movers, seed),
  };
  const check = { ...both, params: { intensity }, mark: null };
  return { run: { ...both, params: { intensity, seed } }, check, warnings };
}
