/** Judges a finished video by what was asked for: the curves, the cast and the picture; never by what an engine says of it. */
import type { AnimateCheck, AnimateCheckResult } from "@smileloop/core/engine/tasks/animate.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import type { TaskContext } from "../task.ts";
import { type Evidence, examine } from "./evidence.ts";
import type { Moved } from "./measure.ts";

/** Below these a motion is too small to be told from none. */
const LEAST_INTENSITY = 0.1;
const LEAST_STRENGTH = 0.05;
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

/** Throws one of the `check_…` codes, or what reading the picture and the cast throws. */
export async function check(
  { inputs, files, cast, motion: packed, params }: AnimateCheck,
  { signal }: Pick<TaskContext, "signal">,
): Promise<AnimateCheckResult> {
  const motion = await unpackFrames(packed);
  const { faces, info, timings } = await examine(
    { picture: inputs.image[0]!.path, video: files.video, cast, motion },
    signal,
  );
  for (const face of faces) judge(face, params.intensity, faces.length > 1);
  const { width, height, fps, frames, duration, bytes } = info;
  return { video: { width, height, fps, frames, duration, bytes }, timings };
}

function judge(
  { index, likeness, meshScore, change, strength, demands, moved }: Evidence,
  intensity: number,
  several: boolean,
): void {
  const which = several ? `face ${index}` : "";
  const of = several ? ` (${which})` : "";
  if (meshScore < MIN_MESH_SCORE) throw new AppError("check_no_face", `The finished video shows no face${of}.`);
  if (likeness.look < LEAST_LOOK || likeness.colour > MOST_COLOUR || likeness.shape > MOST_SHAPE) {
    throw new AppError("check_other_face", `The finished video does not begin with the face of the picture${of}.`);
  }
  if (intensity < LEAST_INTENSITY || strength < LEAST_STRENGTH) return;
  if (change < LEAST_CHANGE) throw new AppError("check_still", `Nothing moves in the finished video${of}.`);
  for (const { kind, frames, asked, least } of demands) {
    const shares = frames.flatMap((frame, i) => (moved.has(frame) ? [moved.get(frame)![kind] / asked[i]!] : []));
    // The least, not the mean: a clip of another motion may come near at one of the moments.
    const share = Math.min(...shares);
    if (share < least) {
      const what = [which, MOTIONS[kind]].filter(Boolean).join(": ");
      throw new AppError("check_other_motion", `The finished video does not move as asked (${what}).`);
    }
  }
}

const MOTIONS: Record<keyof Moved, string> = {
  smile: "the mouth does not smile",
  lips: "the lips do not part",
  lids: "the eyes do not close",
  wink: "the eye does not wink",
  pitch: "the head does not nod",
  pucker: "the lips are not pursed",
  yaw: "the head does not turn",
  roll: "the head does not tilt",
};
