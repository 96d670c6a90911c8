/** From a followed face to the channels of a Motion: what rests is found, what moves is measured against it, noise is smoothed away. */
import type { Channel } from "@smileloop/core/motion/motion.ts";
import { removeHeadLeak } from "./head-leak.ts";
import { type FaceMeasure, measure, type Rest, restOf, type SideMeasure } from "./measure.ts";
import { solveMouth } from "./mouth-solver.ts";
import { clamp, evenly, extremes, quantile, type Series } from "./series.ts";
import type { TrackedFrame } from "./track.ts";

/** The head and the face are at rest in the first frames, unless the face is plainly calmer later (by so much, E). */
const FIRST_FRAMES = 5;
const FIRST_SECONDS = 0.21;
const CALMER = 0.075;

/** Width of the smoothing in seconds: lids are fast, heads are slow. */
const SIGMA = { lids: 0.018, mouth: 0.04, gaze: 0.045, brows: 0.06, head: 0.08 } as const;
type Speed = keyof typeof SIGMA;

/** The mesh shows a part of a turn; this brings back the whole. */
const HEAD_GAIN = { yaw: 1.4, pitch: 1.3, roll: 1.05 };

/** Share of the opening at rest at which an eye counts as closed: the model never reports 0. As the clip has it, within these. */
const CLOSED = { least: 0.3, most: 0.6 };
/** A blink is shorter than this to both sides; what lasts is a squint, until it is nearly closed. Seconds. */
const BLINK_REACH = 0.28;

/** What is left of a difference between the sides of brows and squints. */
const OWN_SHARE = 0.4;

/** How far an iris goes for a full look, and brows for a full channel, as they are seen; E. */
const LOOK = { aside: 0.03, up: 0.03 };
const BROW = { innerUp: 0.022, outerUp: 0.022, down: 0.018, unsureUp: 0.004, unsureDown: 0.007 };

type EvenChannels = Partial<Record<Channel, number[]>>;

/** `count` values of every channel from 0 s on, `fps` a second. `frames` in order, at least one of them with a face. */
export function readExpressions(frames: TrackedFrame[], fps: number, count: number): EvenChannels {
  const seen = frames.filter((frame) => frame.landmarks !== null);
  const start = restAround(seen, 0);
  const first = seen.map(({ landmarks }) => measure(landmarks!, start, start));
  const calmest = calmestFrame(first);
  const rest = calmest === 0 ? start : restAround(seen, calmest);
  const faces = calmest === 0 ? first : seen.map(({ landmarks }) => measure(landmarks!, rest, start));
  removeHeadLeak(faces);
  const seconds = seen.map((frame) => frame.seconds);

  const eyes = { left: readEye(seconds, faces, "left", calmest), right: readEye(seconds, faces, "right", calmest) };
  for (const name of ["squint", "browOuterUp", "browDown"] as const) evenOut(eyes.left[name], eyes.right[name]);
  // a closing lid pulls on everything around it: there the rest is read from before and after
  const blinks = faces.map((_, i) => Math.max(eyes.left.blink[i]!, eyes.right.blink[i]!));
  const open = extremes({ seconds, values: blinks }, 0.05, 1).values.map((blink) => (1 - 0.95 * blink) ** 4);
  const sure = faces.map(() => 1);
  const channels: EvenChannels = {};
  const add = (channel: Channel, values: number[], speed: Speed, weights = sure): void => {
    const whole = withGaps({ seconds, values }, frames);
    const trust = withGaps({ seconds, values: weights }, frames);
    channels[channel] = evenly(whole, trust.values, SIGMA[speed], fps, count);
  };

  const mouths = faces.map((face) => solveMouth(face, faces[calmest]!.gap));
  for (const channel of Object.keys(mouths[0]!) as Channel[]) {
    add(
      channel,
      mouths.map((mouth) => mouth[channel]!),
      "mouth",
    );
  }
  for (const [name, eye] of [
    ["Left", eyes.left],
    ["Right", eyes.right],
  ] as const) {
    const smile = mouths.map((mouth) => mouth[`mouthSmile${name}`]!);
    add(`eyeBlink${name}`, eye.blink, "lids");
    add(`eyeWide${name}`, eye.wide, "gaze", open);
    add(`eyeSquint${name}`, eye.squint, "mouth", open);
    const raised = eye.squint.map((squint, i) => squint * Math.min(1, 2 * smile[i]!));
    add(`cheekSquint${name}`, raised, "mouth", open);
    add(`browOuterUp${name}`, eye.browOuterUp, "brows", open);
    add(`browDown${name}`, eye.browDown, "brows", open);
  }
  add("browInnerUp", meanOf(eyes.left.browInnerUp, eyes.right.browInnerUp), "brows", open);
  addGaze(add, faces, calmest, open);
  const head = (of: keyof FaceMeasure["head"], gain: number): number[] => faces.map((face) => gain * face.head[of]);
  add("headYaw", head("yaw", HEAD_GAIN.yaw), "head", open);
  add("headPitch", head("pitch", HEAD_GAIN.pitch), "head", open);
  add("headRoll", head("roll", HEAD_GAIN.roll), "head", open);
  add("headX", head("x", 1), "head", open);
  add("headY", head("y", 1), "head", open);
  add("scale", head("scale", 1), "head", open);
  return channels;
}

/** The mean mesh of the frames from `index` on that lie close together. */
function restAround(seen: TrackedFrame[], index: number): Rest {
  const from = seen[index]!.seconds;
  const near = seen.slice(index, index + FIRST_FRAMES).filter(({ seconds }) => seconds - from < FIRST_SECONDS);
  const points = new Float32Array(seen[index]!.landmarks!.points.length);
  for (const { landmarks } of near) {
    for (let i = 0; i < points.length; i++) points[i]! += landmarks!.points[i]! / near.length;
  }
  return restOf(points);
}

/** 0, or where a face that begins with a smile or an open mouth has come to rest. */
function calmestFrame(faces: FaceMeasure[]): number {
  const effort = faces.map(
    ({ left, right, gap }) => gap + (left.cornerOut + right.cornerOut + left.cornerUp + right.cornerUp) / 2,
  );
  const steady = effort.map((_, i) => quantile(effort.slice(i, i + FIRST_FRAMES), 0.5));
  const best = steady.indexOf(Math.min(...steady));
  return steady[0]! - steady[best]! > CALMER ? best : 0;
}

type Eye = Record<"blink" | "wide" | "squint" | "browInnerUp" | "browOuterUp" | "browDown", number[]>;

function readEye(seconds: number[], faces: FaceMeasure[], side: "left" | "right", calmest: number): Eye {
  const of = (name: keyof SideMeasure): number[] => faces.map((face) => face[side][name]);
  const near = (values: number[]): number => quantile(values.slice(calmest, calmest + FIRST_FRAMES), 0.5);
  const openings = of("opening");
  // A clip may begin in a blink.
  const usual = quantile(openings, 0.75);
  const atRest = Math.max(near(openings), 0.85 * usual);
  const share = { seconds, values: openings.map((value) => value / atRest) };
  const closed = clamp(Math.min(...share.values), CLOSED.least, CLOSED.most);
  // What is left when short dips are filled up.
  const lasting = extremes(extremes(share, BLINK_REACH, 1), BLINK_REACH, -1).values;
  const blink = share.values.map((value, i) => {
    const base = Math.min(1, lasting[i]!);
    const dip = (base - value - 0.06) / (base - Math.min(closed, base - 0.2) - 0.06);
    const shut = (0.75 - lasting[i]!) / (0.75 - closed);
    return clamp(Math.max(dip, shut), 0, 1);
  });
  const inner = of("browInnerUp");
  const outer = of("browOuterUp");
  const raised = (values: number[], full: number): number[] => {
    const level = near(values);
    return values.map((value) => clamp((value - level - BROW.unsureUp) / full, 0, 1));
  };
  const low = near(inner);
  return {
    blink,
    wide: lasting.map((value) => clamp((value - 1.06) / 0.2, 0, 1)),
    squint: lasting.map((value) => clamp((0.94 - value) / 0.3, 0, 1)),
    browInnerUp: raised(inner, BROW.innerUp),
    browOuterUp: raised(outer, BROW.outerUp),
    browDown: inner.map((value) => clamp((low - value - BROW.unsureDown) / BROW.down, 0, 1)),
  };
}

/** What is hard to see is seen better in both sides together; faces mostly do it on both. */
function evenOut(left: number[], right: number[]): void {
  left.forEach((a, i) => {
    const middle = (a + right[i]!) / 2;
    left[i] = middle + OWN_SHARE * (a - middle);
    right[i] = middle + OWN_SHARE * (right[i]! - middle);
  });
}

/** Both eyes look the same way, so their mean is taken, which is steadier. */
function addGaze(
  add: (channel: Channel, values: number[], speed: Speed, weights: number[]) => void,
  faces: FaceMeasure[],
  calmest: number,
  open: number[],
): void {
  const against = (values: number[], full: number): number[] => {
    const level = quantile(values.slice(calmest, calmest + FIRST_FRAMES), 0.5);
    // Small shifts are the models' noise.
    return values.map((value) => {
      const look = (value - level) / full;
      return clamp(Math.sign(look) * Math.max(0, Math.abs(look) - 0.08), -1, 1);
    });
  };
  const mean = (of: "irisLeft" | "irisUp") => faces.map((face) => (face.left[of] + face.right[of]) / 2);
  const toLeft = against(mean("irisLeft"), LOOK.aside);
  const up = against(mean("irisUp"), LOOK.up);
  const part = (values: number[], sign: 1 | -1): number[] => values.map((value) => Math.max(0, sign * value));
  add("eyeLookOutLeft", part(toLeft, 1), "gaze", open);
  add("eyeLookInRight", part(toLeft, 1), "gaze", open);
  add("eyeLookInLeft", part(toLeft, -1), "gaze", open);
  add("eyeLookOutRight", part(toLeft, -1), "gaze", open);
  for (const side of ["Left", "Right"] as const) {
    add(`eyeLookUp${side}`, part(up, 1), "gaze", open);
    add(`eyeLookDown${side}`, part(up, -1), "gaze", open);
  }
}

/** Where the face was not seen, the values go over from those before to those after, and hold at the ends. */
function withGaps({ seconds, values }: Series, frames: TrackedFrame[]): Series {
  let next = 0;
  const all = frames.map((frame) => {
    while (next < seconds.length && seconds[next]! < frame.seconds) next++;
    const after = Math.min(next, seconds.length - 1);
    const before = seconds[after] === frame.seconds ? after : Math.max(0, next - 1);
    const gap = seconds[after]! - seconds[before]!;
    const x = gap > 0 ? clamp((frame.seconds - seconds[before]!) / gap, 0, 1) : 0;
    const share = x * x * (3 - 2 * x);
    return values[before]! + (values[after]! - values[before]!) * share;
  });
  return { seconds: frames.map((frame) => frame.seconds), values: all };
}

function meanOf(a: number[], b: number[]): number[] {
  return a.map((value, i) => (value + b[i]!) / 2);
}
