/** Motions and presets of our own as files: what `smileloop motion extract` writes, and what lies in `presets/`. */
import { type Channel, MOTION_LIMITS, type Motion, motionSchema, trackAt } from "@smileloop/core/motion/motion.ts";
import { presetMotion, presetSchema } from "@smileloop/core/motion/preset.ts";
import type { z } from "zod";
import { denseMotion } from "./dense.ts";
import { cut, quoted, unreadable } from "./faults.ts";
import type { TakenMotion } from "./take.ts";

const KEYED_RATE = 30;
const MAX_RATE = 60;
/** Of the fields of a Motion or a preset, and of channels: there are fewer of either. */
const MAX_NAMES = 100;
const MAX_DEPTH = 8;
const SEVERAL_FACES = "Of the faces of the Motion, the first one is followed";

export function isMotionFile(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && "duration" in value && ("faces" in value || "channels" in value)
  );
}

/** Throws `input_unreadable`, which names the field. */
export function readMotionFile(value: unknown, maxSeconds: number): TakenMotion {
  requireBounds(value);
  const { faces } = value as { faces?: unknown };
  const several = Array.isArray(faces) && faces.length > 1;
  const motion = parse(several ? { ...(value as object), faces: faces.slice(0, 1) } : value);
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
    warnings: several ? [{ code: "driving_faces", detail: `${SEVERAL_FACES} (there are ${faces.length}).` }] : [],
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

/**
 * A schema says one thing about each entry that is wrong, so what has too many is refused before it is asked. `native` is bounded by
 * its bytes.
 */
function requireBounds(value: unknown, path: string[] = []): void {
  if (typeof value !== "object" || value === null) return;
  if (path.length > MAX_DEPTH) throw faultAt(path, `it is nested more than ${MAX_DEPTH} deep`);
  const entries = Object.entries(value);
  const most = Array.isArray(value) ? MOTION_LIMITS.samples : MAX_NAMES;
  if (entries.length > most) throw faultAt(path, `it has ${entries.length} entries; at most ${most} are read`);
  if (path.at(-1) === "samples") requireNumbers(Object.values(value), path);
  for (const [name, entry] of entries) {
    // schemas pass it by
    if (name === "__proto__") throw faultAt(path, 'it has a field "__proto__"');
    if (path.length > 0 || name !== "native") requireBounds(entry, [...path, name]);
  }
}

function requireNumbers(samples: unknown[], path: string[]): void {
  const most = MOTION_LIMITS.value;
  const wrong = samples.findIndex((sample) => typeof sample !== "number" || Math.abs(sample) > most);
  if (wrong >= 0)
    throw faultAt(
      [...path, String(wrong)],
      `it is ${quoted(samples[wrong])} and has to be a number from −${most} to ${most}`,
    );
}

function faultOf({ issues: [issue] }: z.ZodError) {
  const told = issue && deepest(issue);
  return faultAt(told?.path.map(String) ?? [], told?.message ?? "unknown");
}

/** Of what may be one thing or another, the fault in the one that it is more like. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const inner = issue.errors.flatMap(([first]) => (first ? [deepest(first)] : []));
  const [best] = inner.toSorted((a, b) => b.path.length - a.path.length);
  return best ? { ...best, path: [...issue.path, ...best.path] } : issue;
}

function faultAt(path: string[], what: string) {
  const where = path.length > 0 ? `its field ${cut(path.map((part) => cut(part)).join("."))}` : "the whole";
  return unreadable(`${where} is not right (${cut(what, 160)})`, "Is it a Motion that smileloop wrote?");
}
