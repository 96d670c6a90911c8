/** Judges a finished video by what was asked for: the curves, the cast and the picture; never by what an engine says of it. */
import type { AnimateCheck, AnimateCheckResult } from "@smileloop/core/engine/tasks/animate.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import type { TaskContext } from "../task.ts";
import { type Evidence, examine } from "./evidence.ts";
import { requireMotion, requireUnfrozen, warnOfWeak } from "./judge-motion.ts";

/** Below it a motion is too small to be told from none. */
const LEAST_INTENSITY = 0.1;
/** Every motion that is as strong as this changes the picture by more than `LEAST_CHANGE`. */
const LEAST_STRENGTH = 0.2;
const MIN_MESH_SCORE = 0.6;
/**
 * Seen on nine portraits (photos and paintings), four presets, 256² and 512², intensities 0.1 to 1.5: the same face has a look
 * ≥ 0.99, a colour ≤ 0.015 and a shape ≤ 0.008; of two faces the most alike have 0.89, 0.11 and 0.02.
 */
const LEAST_LOOK = 0.95;
const MOST_COLOUR = 0.06;
const MOST_SHAPE = 0.05;
/** A still clip reaches 0.33, the weakest motion (intensity 0.1) 1.5. */
const LEAST_CHANGE = 0.7;

/**
 * Throws one of the `check_…` codes or `marking_failed` where the video is certainly not what was asked for, or what reading the picture and the cast throws.
 * Single movements that come out weaker than asked are warnings.
 */
export async function check(
  { inputs, files, cast, motion: packed, params, mark }: AnimateCheck,
  { signal }: Pick<TaskContext, "signal">,
): Promise<AnimateCheckResult> {
  const motion = await unpackFrames(packed);
  const { faces, info, poster, timings } = await examine(
    { picture: inputs.image[0]!.path, ...files, poster: files.poster, cast, motion, mark },
    signal,
  );
  const warnings: Warning[] = [];
  for (const face of faces) {
    const which = faces.length > 1 ? ` (face ${face.index})` : "";
    requireFace(face, which);
    if (params.intensity < LEAST_INTENSITY) continue;
    requireMoving(face, which);
    requireMotion(face, motion.native !== undefined, which);
    requireUnfrozen(face, motion.fps, which);
    warnings.push(...warnOfWeak(face, motion, which));
  }
  const { width, height, fps, frames, duration, bytes } = info;
  return { video: { width, height, fps, frames, duration, bytes }, ...(poster && { poster }), warnings, timings };
}

/** Throws `check_no_face` or `check_other_face`. */
export function requireFace({ likeness, meshScore }: Pick<Evidence, "likeness" | "meshScore">, which: string): void {
  if (meshScore < MIN_MESH_SCORE) throw new AppError("check_no_face", `The finished video shows no face${which}.`);
  if (likeness.look < LEAST_LOOK || likeness.colour > MOST_COLOUR || likeness.shape > MOST_SHAPE) {
    throw new AppError("check_other_face", `The finished video does not begin with the face of the picture${which}.`);
  }
}

/** Throws `check_still`. */
export function requireMoving({ change, strength }: Pick<Evidence, "change" | "strength">, which: string): void {
  if (strength >= LEAST_STRENGTH && change < LEAST_CHANGE) {
    throw new AppError("check_still", `Nothing moves in the finished video${which}.`);
  }
}
