/** A picture with its faces rigged, on which any number of motions can be played one after another. */
import type { Cast } from "@smileloop/core/engine/services.ts";
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { FaceFrames } from "@smileloop/core/motion/phases.ts";
import { curvesOf } from "../cast/read-cast.ts";
import { relaxedOf } from "../motion/relaxing.ts";
import { createLife } from "./life.ts";
import { type ChannelValues, createPuppet, type FaceValues, IGNORED } from "./puppet.ts";
import { openScene, type Scene } from "./scene.ts";

export type Stage = {
  scene: Scene;
  /**
   * `motion` has curves for each mover of the cast (`motionOfCast`). Gives each frame of the clip (Y, U, V, packed), valid until the
   * next, of whichever motion.
   */
  play(motion: MotionFrames, seed: number): (frame: number) => Uint8Array;
  /** Milliseconds that the rigging took. */
  rigMs: number;
};

/** Throws what `openScene` throws, and `signal.reason`. */
export async function openStage(path: string, cast: Cast, signal: AbortSignal): Promise<Stage> {
  const scene = await openScene(path, cast, signal);
  const started = performance.now();
  const faces = scene.movers.map(({ face }) => face);
  const puppet = createPuppet(scene.still, faces, scene.matte);
  return {
    scene,
    play(motion, seed) {
      const actors = faces.map((_, nth) => actorOf(motion, nth, seed, puppet.smiling[nth]!));
      return (frame) => puppet.frame(actors.map((act) => act(frame)));
    },
    rigMs: performance.now() - started,
  };
}

/** Channels of the motion that this engine cannot show. */
export function ignoredIn(motion: MotionFrames): string[] {
  const channels = motion.faces[0]?.channels ?? {};
  return IGNORED.filter((name) => channels[name]?.some((value) => value !== 0));
}

function actorOf(motion: MotionFrames, nth: number, seed: number, smiling: boolean): (frame: number) => FaceValues {
  const curves = curvesOf(motion, nth);
  const sway = createLife({ ...motion, faces: [curves] }, seed + nth);
  const relaxed = relaxedOf(curves, motion, smiling);
  return (frame) => ({ channels: valuesAt(curves, frame), sway: sway(frame), relaxed: relaxed[frame] ?? 0 });
}

function valuesAt({ channels }: FaceFrames, frame: number): ChannelValues {
  const values: ChannelValues = {};
  for (const [name, samples] of Object.entries(channels)) {
    values[name as Channel] = samples[Math.min(frame, samples.length - 1)] ?? 0;
  }
  return values;
}
