/** All presets on one portrait, measured. */
import { join } from "node:path";
import type { CastParams } from "@smileloop/core/engine/services.ts";
import { type MotionFrames, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { type Clip, makeClip } from "./clip.ts";
import { amplitude, aperture, apexOf, type Figures, figuresOf } from "./metrics.ts";

export type PresetFigures = { name: string; motion: MotionFrames; clip: Clip; apex: number; figures: Figures };

const presets = loadPresets(join(import.meta.dirname, "../../presets"));

export const presetNames = (): string[] => [...presets.keys()].sort();

function presetFrames(name: string, fps: number, intensity = 1): MotionFrames {
  const preset = presets.get(name)!;
  return sampleMotion(presetMotion(preset), { fps, durationSeconds: preset.duration, intensity });
}

/** `dir`: where videos lie for a while. */
export async function portraitFigures(
  portrait: string,
  names: string[],
  { size, fps }: { size: CastParams["size"]; fps: number },
  dir: string,
): Promise<PresetFigures[]> {
  const file = join(dir, "clip.mp4");
  const still = await makeClip(portrait, presetFrames("gentle_smile", fps, 0), size, file);
  const result: PresetFigures[] = [];
  for (const name of names) {
    const motion = presetFrames(name, fps);
    const clip = await makeClip(portrait, motion, size, file);
    const figures = figuresOf(clip, motion, still);
    if (name === "blink") figures.aperture = aperture(clip);
    if (name === "gentle_smile" || name === "big_smile") {
      figures.amplitude = amplitude(clip, await makeClip(portrait, withoutSmile(motion), size, file));
    }
    result.push({ name, motion, clip, apex: apexOf(motion), figures });
  }
  return result;
}

function withoutSmile(motion: MotionFrames): MotionFrames {
  const channels = Object.fromEntries(
    Object.entries(motion.faces[0]!.channels).filter(([name]) => !/^mouth(Smile|Dimple)/.test(name)),
  );
  return { ...motion, faces: [{ channels }] };
}
