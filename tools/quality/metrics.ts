/** Figures of one clip, each beside what it should be. Lengths are in percent of E (distance of the outer eye corners). */
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Landmarks } from "@smileloop/engine/face/face.ts";
import { measure, restOf } from "@smileloop/engine/motion/measure.ts";
import { pointAt, rigidFit } from "@smileloop/engine/motion/rigid.ts";
import { STABLE } from "@smileloop/engine/motion/track.ts";
import type { Clip } from "./clip.ts";
import { askedCurves, followed, measuredCurves } from "./curves.ts";

export type Goal = { name: string; unit: string; from?: number; to?: number };

/**
 * Goals were fitted to what a CPU warp reaches, so they catch what gets worse; whether it looks right is judged by eye. Sharpness is
 * read before the encoder and outside mouth and eyes: painted teeth would raise it.
 */
export const GOALS = {
  correlation: { name: "follows what was asked", unit: "r", from: 0.93 },
  amplitude: { name: "corners' travel by the smile alone", unit: "%E", from: 2 },
  aperture: { name: "lid opening at the blink", unit: "of open", to: 0.45 },
  sharpness: { name: "sharpness mid-clip", unit: "of still", from: 0.8, to: 1.2 },
  jerk: { name: "jerk", unit: "%E", to: 0.5 },
  seam: { name: "last frame to first, landmarks", unit: "%E", to: 0.5 },
  seamPsnr: { name: "last frame to first", unit: "dB", from: 40 },
  still: { name: "background that is the photo's, before encoding", unit: "of it", from: 1 },
  stillShare: { name: "frame that never moves", unit: "of frame" },
  stillPsnr: { name: "the same after encoding, against a still clip", unit: "dB", from: -0.3 },
  shape: { name: "likeness: shape at the apex", unit: "%E", to: 2.5 },
  colour: { name: "likeness: colour at the apex", unit: "levels", to: 3 },
} as const satisfies Record<string, Goal>;
export type Metric = keyof typeof GOALS;
export type Figures = Partial<Record<Metric, number>>;

export function passes(metric: Metric, value: number): boolean {
  const { from, to }: Goal = GOALS[metric];
  return value >= (from ?? Number.NEGATIVE_INFINITY) && value <= (to ?? Number.POSITIVE_INFINITY);
}

/** `still` is a clip of the same portrait in which nothing moves. */
export function figuresOf(clip: Clip, motion: MotionFrames, still: Clip): Figures {
  const apex = apexOf(motion);
  const frozen = neverMoving(clip);
  return {
    correlation: followed(askedCurves(motion), measuredCurves(clip)).correlation,
    sharpness: sharpnessAt(clip, apex),
    jerk: jerk(clip),
    seam: travel(clip, clip.landmarks.length - 1),
    seamPsnr: psnr(clip.decoded[0]!, clip.decoded.at(-1)!, () => true, clip.width * clip.height),
    still: stillBackground(clip),
    stillShare: frozen.reduce((sum, value) => sum + value, 0) / frozen.length,
    stillPsnr: psnrMidClip(clip, frozen) - psnrMidClip(still, frozen),
    shape: shapeAt(clip, apex),
    colour: colourAt(clip, apex),
  };
}

/** The frame in which most is asked for. */
export function apexOf({ frames, faces }: MotionFrames): number {
  const tracks = Object.values(faces[0]!.channels);
  const peaks = tracks.map((track) => Math.max(1e-6, ...track.map(Math.abs)));
  const strength = Array.from({ length: frames }, (_, i) =>
    tracks.reduce((sum, track, k) => sum + Math.abs(track[i]!) / peaks[k]!, 0),
  );
  return strength.indexOf(Math.max(...strength));
}

/** How far the corners of the mouth travel more than in `without`, the same clip without its smile: what turns of the head add is in both. */
export function amplitude(clip: Clip, without: Clip): number {
  const travels = [clip, without].map(({ landmarks }) => {
    const rest = restOf(landmarks[0]!.points);
    return landmarks.map((now) => {
      const { left, right } = measure(now, rest, rest);
      return (left.cornerUp + left.cornerOut + right.cornerUp + right.cornerOut) / 4;
    });
  });
  return 100 * Math.max(...travels[0]!.map((value, i) => value - travels[1]![i]!));
}

/** The narrowest that both eyes are together, as a share of how open they were. */
export function aperture({ landmarks }: Clip): number {
  const rest = restOf(landmarks[0]!.points);
  const opening = (now: Landmarks): number => {
    const { left, right } = measure(now, rest, rest);
    return left.opening + right.opening;
  };
  return Math.min(...landmarks.map(opening)) / opening(landmarks[0]!);
}

const OUTSIDE = [6, 168, 197, 195, 5, 4, 1, 9, 151, 234, 454, 93, 323, 127, 356, 162, 389, 117, 346, 118, 347, 98, 327];

/** Root mean square of what is left of the steady points' ways when the head's movement in space is taken out. */
function shapeAt({ landmarks, face }: Clip, apex: number): number {
  const rest = landmarks[0]!.points;
  const { apply } = rigidFit(landmarks[apex]!.points, rest, OUTSIDE);
  let sum = 0;
  for (const i of OUTSIDE) {
    const [x, y] = apply(pointAt(landmarks[apex]!.points, i));
    sum += (x - rest[3 * i]!) ** 2 + (y - rest[3 * i + 1]!) ** 2;
  }
  return (100 * Math.sqrt(sum / OUTSIDE.length)) / face.eyeDistance;
}

/** Mean change of luma and chroma on cheeks and nose. */
function colourAt({ landmarks, drawn, width, height }: Clip, apex: number): number {
  // no foreheads: hair hangs over them
  const places = [50, 280, 6, 197, 117, 346, 205, 425];
  const around = (frame: Uint8Array, { points }: Landmarks, plane: 0 | 1 | 2): number => {
    const half = plane === 0 ? 1 : 2;
    const columns = width / half;
    const start = plane === 0 ? 0 : width * height + (plane - 1) * ((width * height) / 4);
    let [sum, count] = [0, 0];
    for (const i of places) {
      const x = Math.round(points[3 * i]! / half);
      const y = Math.round(points[3 * i + 1]! / half);
      for (let v = Math.max(0, y - 3); v <= Math.min(height / half - 1, y + 3); v++) {
        for (let u = Math.max(0, x - 3); u <= Math.min(columns - 1, x + 3); u++) {
          sum += frame[start + v * columns + u]!;
          count++;
        }
      }
    }
    return sum / Math.max(1, count);
  };
  const changes = ([0, 1, 2] as const).map(
    (plane) => around(drawn[apex]!, landmarks[apex]!, plane) - around(drawn[0]!, landmarks[0]!, plane),
  );
  return Math.hypot(...changes);
}

/** Energy of the Laplacian of luma over the face but for eyes and mouth, against the still's. */
function sharpnessAt({ drawn, landmarks, width, height, face }: Clip, apex: number): number {
  const energy = (frame: Uint8Array, { points }: Landmarks): number => {
    const at = (i: number) => ({ x: points[3 * i]!, y: points[3 * i + 1]! });
    const oval = [10, 234, 454, 152].map(at);
    const avoided = [13, 61, 291, 14, 159, 386, 33, 263, 133, 362, 105, 334].map(at);
    const e = face.eyeDistance;
    let [sum, count] = [0, 0];
    const [left, right] = [oval[1]!.x + 0.12 * e, oval[2]!.x - 0.12 * e];
    for (let y = Math.max(1, Math.ceil(oval[0]!.y + 0.1 * e)); y < Math.min(height - 1, oval[3]!.y - 0.15 * e); y++) {
      for (let x = Math.max(1, Math.ceil(left)); x < Math.min(width - 1, right); x++) {
        if (avoided.some((p) => Math.abs(p.x - x) < 0.16 * e && Math.abs(p.y - y) < 0.13 * e)) continue;
        const i = y * width + x;
        sum += (4 * frame[i]! - frame[i - 1]! - frame[i + 1]! - frame[i - width]! - frame[i + width]!) ** 2;
        count++;
      }
    }
    return sum / Math.max(1, count);
  };
  return energy(drawn[apex]!, landmarks[apex]!) / energy(drawn[0]!, landmarks[0]!);
}

/**
 * Root mean square third difference from frame to frame of all points of the mesh, the head's movement in space taken out (a nod is
 * meant to be quick): what trembles or jumps.
 */
function jerk({ landmarks, face }: Clip): number {
  const steady = landmarks.map(({ points }) => {
    const { apply } = rigidFit(points, landmarks[0]!.points, STABLE);
    return Array.from({ length: 468 }, (_, i) => apply(pointAt(points, i)));
  });
  let [sum, count] = [0, 0];
  for (let frame = 3; frame < steady.length; frame++) {
    const [a, b, c, d] = [frame - 3, frame - 2, frame - 1, frame].map((i) => steady[i]!);
    for (let i = 0; i < 468; i++) {
      for (const axis of [0, 1] as const) {
        sum += (d![i]![axis] - 3 * c![i]![axis] + 3 * b![i]![axis] - a![i]![axis]) ** 2;
      }
      count++;
    }
  }
  return (100 * Math.sqrt(sum / count)) / face.eyeDistance;
}

/** Root mean square way of all points of the mesh since the first frame. */
function travel({ landmarks, face }: Clip, frame: number): number {
  const [from, to] = [landmarks[0]!.points, landmarks[frame]!.points];
  let sum = 0;
  for (let i = 0; i < 468; i++) sum += (to[3 * i]! - from[3 * i]!) ** 2 + (to[3 * i + 1]! - from[3 * i + 1]!) ** 2;
  return (100 * Math.sqrt(sum / 468)) / face.eyeDistance;
}

/** 1 where a pixel is the photo's in every frame before the encoder. */
function neverMoving({ drawn, width, height }: Clip): Uint8Array {
  const same = new Uint8Array(width * height).fill(1);
  const first = drawn[0]!;
  for (const frame of drawn) for (let i = 0; i < same.length; i++) if (frame[i] !== first[i]) same[i] = 0;
  return same;
}

/** How far a head may lean over what is behind it, in E. */
const LEAN = 0.4;

/** Of what the matte calls background, farther from the person than a head leans: the share that never changes. */
function stillBackground(clip: Clip): number {
  const { matte, width, height, face } = clip;
  const same = neverMoving(clip);
  const near = withPerson(matte.alpha, width, height, Math.round(LEAN * face.eyeDistance));
  let [still, all] = [0, 0];
  for (let i = 0; i < same.length; i++) {
    if (near[i] === 1) continue;
    all++;
    still += same[i]!;
  }
  return all === 0 ? 1 : still / all;
}

/** 1 where a person is within `radius` pixels across or down. */
function withPerson(alpha: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  const spread = (from: Uint8Array, step: number, length: number, lines: number, lineStep: number): Uint8Array => {
    const to = new Uint8Array(from.length);
    for (let line = 0; line < lines; line++) {
      let last = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < length; i++) {
        if (from[line * lineStep + i * step]! > 0) last = i;
        if (i - last <= radius) to[line * lineStep + i * step] = 1;
      }
      last = Number.POSITIVE_INFINITY;
      for (let i = length - 1; i >= 0; i--) {
        if (from[line * lineStep + i * step]! > 0) last = i;
        if (last - i <= radius) to[line * lineStep + i * step] = 1;
      }
    }
    return to;
  };
  return spread(spread(alpha, 1, width, height, width), width, height, width, 1);
}

function psnrMidClip(clip: Clip, mask: Uint8Array): number {
  const middle = Math.floor(clip.decoded.length / 2);
  return psnr(clip.drawn[0]!, clip.decoded[middle]!, (i) => mask[i] === 1, mask.length);
}

/** Of luma, decibels; 99 where nothing differs. */
function psnr(a: Uint8Array, b: Uint8Array, within: (pixel: number) => boolean, pixels: number): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < pixels; i++) {
    if (!within(i)) continue;
    sum += (a[i]! - b[i]!) ** 2;
    count++;
  }
  return sum === 0 ? 99 : 10 * Math.log10((255 * 255 * count) / sum);
}
