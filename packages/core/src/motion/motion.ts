/**
 * A Motion says how a face moves over time; whatever animates a face takes one (docs/architecture.md, "waist 2").
 *
 * | channel | unit | sign |
 * | --- | --- | --- |
 * | the 52 ARKit blendshapes | 0–1 | Left and Right are the person's own (ARKit, Apple developer documentation) |
 * | headPitch | degrees | + looks down |
 * | headYaw | degrees | + turns to the person's left (to the right of the picture) |
 * | headRoll | degrees | + tilts the crown to the person's right (to the left of the picture: counter-clockwise as seen) |
 * | headX, headY, headZ | E | + to the right of the picture, + down, + towards the camera |
 * | scale | factor − 1 | + larger; 0 leaves the size |
 *
 * E is the distance of the outer eye corners: sizes then do not depend on the picture. Every channel is 0 at rest.
 */
import { z } from "zod";

const ARKIT_CHANNELS = [
  "eyeBlinkLeft",
  "eyeLookDownLeft",
  "eyeLookInLeft",
  "eyeLookOutLeft",
  "eyeLookUpLeft",
  "eyeSquintLeft",
  "eyeWideLeft",
  "eyeBlinkRight",
  "eyeLookDownRight",
  "eyeLookInRight",
  "eyeLookOutRight",
  "eyeLookUpRight",
  "eyeSquintRight",
  "eyeWideRight",
  "jawForward",
  "jawLeft",
  "jawRight",
  "jawOpen",
  "mouthClose",
  "mouthFunnel",
  "mouthPucker",
  "mouthLeft",
  "mouthRight",
  "mouthSmileLeft",
  "mouthSmileRight",
  "mouthFrownLeft",
  "mouthFrownRight",
  "mouthDimpleLeft",
  "mouthDimpleRight",
  "mouthStretchLeft",
  "mouthStretchRight",
  "mouthRollLower",
  "mouthRollUpper",
  "mouthShrugLower",
  "mouthShrugUpper",
  "mouthPressLeft",
  "mouthPressRight",
  "mouthLowerDownLeft",
  "mouthLowerDownRight",
  "mouthUpperUpLeft",
  "mouthUpperUpRight",
  "browDownLeft",
  "browDownRight",
  "browInnerUp",
  "browOuterUpLeft",
  "browOuterUpRight",
  "cheekPuff",
  "cheekSquintLeft",
  "cheekSquintRight",
  "noseSneerLeft",
  "noseSneerRight",
  "tongueOut",
] as const;
const HEAD_CHANNELS = ["headPitch", "headYaw", "headRoll", "headX", "headY", "headZ", "scale"] as const;

export const CHANNELS = [...ARKIT_CHANNELS, ...HEAD_CHANNELS] as const;
export type Channel = (typeof CHANNELS)[number];
export const channelSchema = z.enum(CHANNELS);

/** What a channel may hold, whatever the intensity; beyond it no engine is asked to go. */
export function channelLimits(channel: Channel): { min: number; max: number } {
  if ((ARKIT_CHANNELS as readonly string[]).includes(channel)) return { min: 0, max: 1 };
  if (channel === "headPitch" || channel === "headYaw" || channel === "headRoll") return { min: -30, max: 30 };
  return { min: -0.5, max: 0.5 };
}

/** A minute of tracks, and five minutes of frames at 60 a second. What is larger is not a motion. */
export const MOTION_LIMITS = {
  ...{ faces: 100, keys: 1000, samples: 15_000, rate: 1000, value: 1000, frames: 18_000 },
  /** Engines that may keep something of their own, and bytes of all that as JSON. */
  ...{ natives: 8, nativeBytes: 256 * 1024 },
} as const;
const valueSchema = z.number().min(-MOTION_LIMITS.value).max(MOTION_LIMITS.value);
const rateSchema = z.number().positive().max(MOTION_LIMITS.rate);

/**
 * How a value arrives at its key from the key before. `minJerk` is the minimum-jerk profile that reaching movements of
 * people follow (Flash & Hogan 1985, J. Neurosci. 5(7)); four numbers are the control points of a CSS cubic-bezier().
 */
const easeSchema = z.union([
  z.enum(["minJerk", "linear", "hold"]),
  z.tuple([z.number().min(0).max(1), valueSchema, z.number().min(0).max(1), valueSchema]),
]);
export type Ease = z.infer<typeof easeSchema>;

/** A key: `t` seconds from the start, `v` in the channel's unit, `ease` on the way to it. */
export const keySchema = z.strictObject({ t: z.number().min(0), v: valueSchema, ease: easeSchema.default("minJerk") });
const keyTrackSchema = z.strictObject({ keys: z.array(keySchema).min(1).max(MOTION_LIMITS.keys) });
const denseTrackSchema = z.strictObject({
  fps: rateSchema,
  samples: z.array(valueSchema).min(1).max(MOTION_LIMITS.samples),
});
const trackSchema = z.union([keyTrackSchema, denseTrackSchema]);
export type Track = z.infer<typeof trackSchema>;

const faceMotionSchema = z.strictObject({ channels: z.partialRecord(channelSchema, trackSchema) });
export type FaceMotion = z.infer<typeof faceMotionSchema>;

/** What one engine understands beyond the channels, by engine name; it prefers its own track. */
const nativeSchema = z
  .record(z.string().max(40), z.unknown())
  .refine((native) => Object.keys(native).length <= MOTION_LIMITS.natives, {
    error: `At most ${MOTION_LIMITS.natives} engines`,
  })
  .refine((native) => Buffer.byteLength(JSON.stringify(native)) <= MOTION_LIMITS.nativeBytes, {
    error: `At most ${MOTION_LIMITS.nativeBytes} bytes`,
  });

export const motionSchema = z.strictObject({
  /** Seconds of one cycle. */
  duration: z.number().min(0.2).max(60),
  /** Ends where it began, so that it can be repeated. */
  loop: z.boolean(),
  faces: z.array(faceMotionSchema).min(1).max(MOTION_LIMITS.faces),
  native: nativeSchema.optional(),
});
export type Motion = z.infer<typeof motionSchema>;

/** A Motion at the instants of the frames that are asked for: `channels[name][frame]`; what is absent is 0 throughout. */
export const motionFramesSchema = z.strictObject({
  fps: rateSchema,
  frames: z.int().min(1).max(MOTION_LIMITS.frames),
  faces: z
    .array(z.strictObject({ channels: z.partialRecord(channelSchema, z.array(z.number()).max(MOTION_LIMITS.frames)) }))
    .min(1)
    .max(MOTION_LIMITS.faces),
  native: nativeSchema.optional(),
});
export type MotionFrames = z.infer<typeof motionFramesSchema>;

type SampleOptions = {
  fps: number;
  durationSeconds: number;
  intensity: number;
  /** False: a one-shot keeps its own time; what is longer holds its end. */
  stretch?: boolean;
};

/**
 * A Motion sampled for a clip of `round(durationSeconds × fps)` frames. A loop is repeated whole, the nearest number of
 * cycles ≥ 1, and sampled at i/n so that frame n would be frame 0; a one-shot is stretched so that its last frame is its end.
 */
export function sampleMotion(
  motion: Motion,
  { fps, durationSeconds, intensity, stretch = true }: SampleOptions,
): MotionFrames {
  const frames = Math.round(durationSeconds * fps);
  const cycles = motion.loop ? Math.max(1, Math.round(durationSeconds / motion.duration)) : 1;
  const timeOf = (frame: number): number => {
    if (!motion.loop && !stretch) return frame / fps;
    if (!motion.loop) return frames > 1 ? (frame / (frames - 1)) * motion.duration : 0;
    return (((frame * cycles) / frames) % 1) * motion.duration;
  };
  const faces = motion.faces.map((face) => {
    const channels: Partial<Record<Channel, number[]>> = {};
    for (const [name, track] of Object.entries(face.channels) as [Channel, Track][]) {
      const { min, max } = channelLimits(name);
      channels[name] = Array.from({ length: frames }, (_, frame) => {
        const value = trackAt(track, timeOf(frame)) * intensity;
        return Math.round(Math.min(max, Math.max(min, value)) * 1e5) / 1e5;
      });
    }
    return { channels };
  });
  return { fps, frames, faces, ...(motion.native ? { native: motion.native } : {}) };
}

/** The value of a track `t` seconds from its start; before its first and after its last key it stands still. */
export function trackAt(track: Track, t: number): number {
  if ("samples" in track) {
    const position = Math.min(track.samples.length - 1, Math.max(0, t * track.fps));
    const before = Math.floor(position);
    const after = Math.min(track.samples.length - 1, before + 1);
    return lerp(track.samples[before]!, track.samples[after]!, position - before);
  }
  const { keys } = track;
  const next = keys.findIndex((key) => key.t > t);
  if (next === 0) return keys[0]!.v;
  if (next === -1) return keys.at(-1)!.v;
  const from = keys[next - 1]!;
  const to = keys[next]!;
  return lerp(from.v, to.v, ease(to.ease, (t - from.t) / (to.t - from.t)));
}

function lerp(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

function ease(kind: Ease, x: number): number {
  if (kind === "linear") return x;
  if (kind === "hold") return 0;
  if (kind === "minJerk") return x * x * x * (10 - 15 * x + 6 * x * x);
  return cubicBezier(kind, x);
}

/** y of a CSS cubic-bezier() at x; its x(u) rises for control points within 0–1, so bisection finds u. */
function cubicBezier([x1, y1, x2, y2]: [number, number, number, number], x: number): number {
  const at = (a: number, b: number, u: number) => 3 * a * u * (1 - u) ** 2 + 3 * b * u * u * (1 - u) + u ** 3;
  let low = 0;
  let high = 1;
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (at(x1, x2, middle) < x) low = middle;
    else high = middle;
  }
  return at(y1, y2, (low + high) / 2);
}
