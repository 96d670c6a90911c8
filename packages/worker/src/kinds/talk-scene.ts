/** Who speaks in a picture, and how everybody moves meanwhile. Pure. */
import type { Cast } from "@smileloop/core/engine/services.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { idleCurves } from "@smileloop/core/motion/idle.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { motionOfCast } from "@smileloop/core/motion/phases.ts";

/** Which of the movers has this index in the picture. Throws where the face is missing or can't move. */
export function speakerOf({ movers, faces }: Cast, face: number): number {
  const nth = movers.findIndex(({ index }) => index === face);
  if (nth >= 0) return nth;
  const input = "image";
  if (face >= faces) {
    const there = faces === 1 ? "one face" : `${faces} faces`;
    throw new AppError("face_not_there", `The picture has ${there}; face ${face} is not among them.`, { input });
  }
  const others = movers.map(({ index }) => index).join(", ");
  throw new AppError("face_turned_away", `Face ${face} can't be made to speak. These can: ${others}.`, { input });
}

/**
 * One entry of curves for each mover: the speaker's, as gently as its face needs, and for the others those of people who listen. All
 * are given, so that nobody says what somebody else says a moment later.
 */
export function motionOfScene(
  spoken: MotionFrames,
  { movers }: Cast,
  { speaker, seed }: { speaker: number; seed: number },
): MotionFrames {
  const { frames, fps } = spoken;
  const faces = movers.map(({ index }, nth) =>
    nth === speaker ? spoken.faces[0]! : idleCurves({ frames, fps, seed: (seed + 7919 * (index + 1)) >>> 0 }),
  );
  return motionOfCast({ ...spoken, faces }, movers, seed);
}
