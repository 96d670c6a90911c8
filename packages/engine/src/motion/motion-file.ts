/** Motions and presets of our own as files: what `smileloop motion extract` writes, and what lies in `presets/`. */
import { type Channel, type Motion, motionSchema, trackAt } from "@smileloop/core/motion/motion.ts";
import { presetMotion, presetSchema } from "@smileloop/core/motion/preset.ts";
import type { z } from "zod";
import { denseMotion } from "./dense.ts";
import { unreadable } from "./faults.ts";

const KEYED_RATE = 30;
const MAX_RATE = 60;

export function isMotionFile(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && "duration" in value && ("faces" in value || "channels" in value)
  );
}

/** Throws `input_unreadable`, which names the field. */
export function readMotionFile(value: unknown, maxSeconds: number) {
  const motion = parse(value);
  const { channels } = motion.faces[0]!;
  const rates = Object.values(channels).map((track) => ("samples" in track ? track.fps : KEYED_RATE));
  const fps = Math.min(MAX_RATE, Math.max(10, ...rates));
  const duration = Math.min(maxSeconds, motion.duration);
  const count = Math.round(duration * fps) + 1;
  const even: Partial<Record<Channel, number[]>> = {};
  for (const [name, track] of Object.entries(channels)) {
    even[name as Channel] = Array.from({ length: count }, (_, i) => trackAt(track, i / fps));
  }
  const dense = denseMotion(even, fps, duration);
  return {
    motion: motion.native ? { ...dense, native: motion.native } : dense,
    ...{ seconds: duration, frames: count - 1, fps, cut: duration < motion.duration },
  };
}

function parse(value: unknown): Motion {
  const isPreset = !("faces" in (value as object));
  if (isPreset) {
    const preset = presetSchema.safeParse(value);
    if (preset.success) return presetMotion(preset.data);
    throw faultOf(preset.error);
  }
  const motion = motionSchema.safeParse(value);
  if (motion.success) return motion.data;
  throw faultOf(motion.error);
}

function faultOf({ issues: [issue] }: z.ZodError) {
  const where = issue && issue.path.length > 0 ? `its field ${issue.path.join(".")}` : "the whole";
  return unreadable(`${where} is not right (${issue?.message ?? "unknown"})`, "Is it a Motion that smileloop wrote?");
}
