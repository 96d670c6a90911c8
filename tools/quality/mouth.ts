/**
 * How well a portrait says "Bobby mapped my five blue vans", by what the engine's own tracker finds in the finished clip. Lengths are
 * in E (distance of the outer eye corners).
 */
import type { CastParams } from "@smileloop/core/engine/services.ts";
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Landmarks } from "@smileloop/engine/face/face.ts";
import { measure, restOf } from "@smileloop/engine/motion/measure.ts";
import { type Clip, makeClip } from "./clip.ts";
import { correlation } from "./curves.ts";
import type { Goal } from "./metrics.ts";
import { bobby, speechMotion } from "./visemes.ts";

export const MOUTH_GOALS = {
  gap: { name: "lips part as asked", unit: "r", from: 0.9 },
  lag: { name: "late by", unit: "frames", from: 0, to: 0 },
  shut: { name: "widest gap at m, b, p", unit: "E", to: 0.015 },
  teeth: { name: "teeth still seen at m, b, p", unit: "of the photo's", to: 0.2 },
  widest: { name: "widest gap", unit: "E", from: 0.08 },
  width: { name: "corners come in as asked", unit: "r", from: 0.75 },
} as const satisfies Record<string, Goal>;
export type MouthMetric = keyof typeof MOUTH_GOALS;
export type MouthFigures = Record<MouthMetric, number>;

/** `file`: where the video lies for a while. */
export async function mouthFigures(
  portrait: string,
  { size, fps }: { size: CastParams["size"]; fps: number },
  file: string,
): Promise<MouthFigures> {
  const sounds = bobby();
  const motion = speechMotion(sounds, fps);
  const clip = await makeClip(portrait, motion, size, file);
  const spoken = { from: Math.floor(sounds[0]!.start * fps), to: Math.ceil(sounds.at(-1)!.end * fps) };
  const within = (values: number[]): number[] => values.slice(spoken.from, spoken.to);
  const gaps = gapsOf(clip);
  const asked = within(askedGap(motion));
  const seen = within(gaps);
  const closures = sounds
    .filter(({ viseme }) => viseme === "PP")
    .map(({ start, end }) => Math.round(((start + end) / 2) * fps));
  // what the tracker says of lips that touch
  const touching = Math.min(...gaps);
  return {
    gap: correlation(asked, seen),
    lag: lagOf(asked, seen),
    shut: Math.max(...closures.map((frame) => gaps[frame]! - Math.min(touching, 0.03))),
    teeth: teethAt(clip, closures),
    widest: Math.max(...gaps) - touching,
    width: partial(
      within(askedWidth(motion)),
      within(clip.landmarks.map(widthOf)),
      within(motion.faces[0]!.channels.jawOpen!),
    ),
  };
}

export type MouthRow = { portrait: string; figures: MouthFigures };

export function mouthReport(rows: MouthRow[]): { markdown: string; misses: number } {
  const metrics = Object.keys(MOUTH_GOALS) as MouthMetric[];
  const heads = metrics.map((metric) => {
    const { name, unit, from, to }: Goal = MOUTH_GOALS[metric];
    const goal = [from === undefined ? "" : `≥ ${from}`, to === undefined ? "" : `≤ ${to}`].filter(Boolean).join(", ");
    return `${name} (${goal} ${unit})`;
  });
  let misses = 0;
  const lines = rows.map(({ portrait, figures }) => {
    const cells = metrics.map((metric) => {
      const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }: Goal = MOUTH_GOALS[metric];
      const good = figures[metric] >= from && figures[metric] <= to;
      if (!good) misses++;
      return good ? figures[metric].toFixed(3) : `**${figures[metric].toFixed(3)}**`;
    });
    return `| ${portrait} | ${cells.join(" | ")} |`;
  });
  const table = [`| portrait | ${heads.join(" | ")} |`, `| --- | ${heads.map(() => "---").join(" | ")} |`, ...lines];
  const markdown = ["# Mouths that speak", "", "A figure in **bold** misses its goal.", "", ...table, ""].join("\n");
  return { markdown, misses };
}

function gapsOf({ landmarks }: Clip): number[] {
  const rest = restOf(landmarks[0]!.points);
  return landmarks.map((now) => measure(now, rest, rest).gap);
}

function widthOf({ points }: Landmarks): number {
  const between = (a: number, b: number): number =>
    Math.hypot(points[3 * a]! - points[3 * b]!, points[3 * a + 1]! - points[3 * b + 1]!);
  return between(61, 291) / between(33, 263);
}

function sumOf({ frames, faces }: MotionFrames, parts: Partial<Record<Channel, number>>): number[] {
  const { channels } = faces[0]!;
  return Array.from({ length: frames }, (_, frame) =>
    (Object.entries(parts) as [Channel, number][]).reduce(
      (sum, [name, by]) => sum + by * (channels[name]?.[frame] ?? 0),
      0,
    ),
  );
}

/** By the jaw, and by lips that are drawn apart. */
function askedGap(motion: MotionFrames): number[] {
  const lips = { mouthUpperUpLeft: 0.025, mouthUpperUpRight: 0.025 };
  const lower = { mouthLowerDownLeft: 0.025, mouthLowerDownRight: 0.025 };
  return sumOf(motion, { jawOpen: 0.24, ...lips, ...lower, mouthFunnel: 0.06, mouthRollLower: -0.04 });
}

function askedWidth(motion: MotionFrames): number[] {
  const stretch = { mouthStretchLeft: 0.06, mouthStretchRight: 0.06, mouthSmileLeft: 0.08, mouthSmileRight: 0.08 };
  return sumOf(motion, { mouthPucker: -0.42, mouthFunnel: -0.3, ...stretch });
}

/** Correlation of two curves when what a third does to both is taken out: an open jaw draws the corners in, on each face differently. */
function partial(a: number[], b: number[], other: number[]): number {
  const [ab, ao, bo] = [correlation(a, b), correlation(a, other), correlation(b, other)];
  return (ab - ao * bo) / Math.sqrt((1 - ao * ao) * (1 - bo * bo));
}

/** Frames by which what is seen comes after what is asked. */
function lagOf(asked: number[], seen: number[]): number {
  const most = 4;
  const likeness = (shift: number): number =>
    correlation(asked.slice(most, -most), seen.slice(most + shift, seen.length - most + shift));
  const shifts = Array.from({ length: 2 * most - 1 }, (_, i) => i - most + 1);
  return shifts.reduce((best, shift) => (likeness(shift) > likeness(best) ? shift : best), 0);
}

/** From this gap on (E) the photo itself shows what is between the lips. */
const SMILING = 0.06;

/**
 * Of a photo that shows its teeth: how much of them is still seen when the lips should touch, 1 as in the photo, 0 lips only, by the
 * colours between the lips. The mesh alone never quite shuts thin lips that have smiled.
 */
function teethAt(clip: Clip, frames: number[]): number {
  if (gapsOf(clip)[0]! < SMILING) return 0;
  const photo = mouthTones(clip, 0);
  const way = photo.between.map((value, i) => value - photo.lips[i]!);
  const length = way.reduce((sum, value) => sum + value * value, 0);
  const shares = frames.map((frame) => {
    const { between, lips } = mouthTones(clip, frame);
    return between.reduce((sum, value, i) => sum + (value - lips[i]!) * way[i]!, 0) / length;
  });
  return Math.max(0, ...shares);
}

type Tone = [luma: number, cb: number, cr: number];

/** Mean tones of the lips and of what is between them, in the middle of the mouth. */
function mouthTones({ decoded, landmarks, width, height }: Clip, frame: number): { between: Tone; lips: Tone } {
  const { points } = landmarks[frame]!;
  const pixels = decoded[frame]!;
  const tone = (x: number, y: number): Tone => {
    const chroma = width * height + (Math.round(y) >> 1) * (width / 2) + (Math.round(x) >> 1);
    return [pixels[Math.round(y) * width + Math.round(x)]!, pixels[chroma]!, pixels[chroma + (width * height) / 4]!];
  };
  const at = (i: number) => ({ x: points[3 * i]!, y: points[3 * i + 1]! });
  const columns = [
    [37, 82, 87, 84],
    [0, 13, 14, 17],
    [267, 312, 317, 314],
  ].map((column) => column.map(at));
  const along = (a: { x: number; y: number }, b: { x: number; y: number }, share: number): Tone =>
    tone(a.x + share * (b.x - a.x), a.y + share * (b.y - a.y));
  const between = columns.flatMap(([, upper, lower]) => [0.3, 0.5, 0.7].map((share) => along(upper!, lower!, share)));
  const lips = columns.flatMap(([top, upper, lower, bottom]) => [
    along(top!, upper!, 0.5),
    along(lower!, bottom!, 0.4),
  ]);
  return { between: meanOf(between), lips: meanOf(lips) };
}

function meanOf(tones: Tone[]): Tone {
  return [0, 1, 2].map((i) => tones.reduce((sum, tone) => sum + tone[i]!, 0) / tones.length) as Tone;
}
