/** Clips as the engine draws them, before marking and encoding. */
import { join } from "node:path";
import { sampleMotion } from "@smileloop/core/motion/motion.ts";
import { motionOfCast } from "@smileloop/core/motion/phases.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import { openStage } from "@smileloop/engine/warp/stage.ts";
import type { Frames } from "./attacks.ts";

export const PRESETS = join(import.meta.dirname, "../../../presets");
/** Seconds of a clip that are looked at. */
const SECONDS = 3;

export async function drawnClip(portrait: string, preset: string, seconds = SECONDS): Promise<Frames> {
  const { cast } = await castPicture(portrait, { size: 512, face: 0 });
  const { scene, play } = await openStage(portrait, cast, new AbortController().signal);
  const found = loadPresets(PRESETS).get(preset)!;
  const durationSeconds = Math.min(seconds, found.duration);
  const motion = sampleMotion(presetMotion(found), { fps: 25, durationSeconds, intensity: 1 });
  const frame = play(motionOfCast(motion, cast.movers, 0), 0);
  const { width, height } = scene.still;
  return { width, height, frames: Array.from({ length: motion.frames }, (_, n) => Uint8Array.from(frame(n))) };
}
