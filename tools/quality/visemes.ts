/** Speech by hand, for looking at mouths and measuring them: each viseme held for a while, and a sentence with the times of its sounds. */
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";

type Channels = Partial<Record<Channel, number>>;

const both = (stem: string, value: number): Channels => ({ [`${stem}Left`]: value, [`${stem}Right`]: value });
const lips = (lowerDown: number, upperUp = 0): Channels => ({
  ...both("mouthLowerDown", lowerDown),
  ...both("mouthUpperUp", upperUp),
});

/** The 15 visemes of Oculus' list as ARKit channels. */
export const VISEMES: Record<string, Channels> = {
  sil: {},
  PP: { ...both("mouthPress", 0.45), mouthRollLower: 0.25, mouthRollUpper: 0.15 },
  FF: { jawOpen: 0.05, ...lips(0, 0.55), mouthRollLower: 0.7 },
  TH: { jawOpen: 0.15, ...lips(0.2, 0.1), tongueOut: 0.35 },
  DD: { jawOpen: 0.15, ...lips(0.2, 0.1), tongueOut: 0.15 },
  kk: { jawOpen: 0.2, ...lips(0.1) },
  CH: { jawOpen: 0.1, mouthFunnel: 0.6, mouthPucker: 0.15, ...lips(0.15, 0.15) },
  SS: { jawOpen: 0.07, ...both("mouthStretch", 0.2), ...lips(0.3, 0.15) },
  nn: { jawOpen: 0.13, ...lips(0.15), tongueOut: 0.15 },
  RR: { jawOpen: 0.15, mouthFunnel: 0.3, mouthPucker: 0.15 },
  aa: { jawOpen: 0.6, ...lips(0.15, 0.08) },
  E: { jawOpen: 0.34, ...both("mouthStretch", 0.2), ...lips(0.12) },
  I: { jawOpen: 0.2, ...both("mouthStretch", 0.4), ...both("mouthSmile", 0.12), ...lips(0.15) },
  O: { jawOpen: 0.38, mouthFunnel: 0.5, mouthPucker: 0.2 },
  U: { jawOpen: 0.16, mouthFunnel: 0.25, mouthPucker: 0.75 },
};

/** A sound from `start` to `end`, seconds. */
export type Sound = { viseme: string; sound: string; start: number; end: number };

const LEAD = 0.6;

/** Every viseme for half a second. */
export function heldVisemes(): Sound[] {
  return Object.keys(VISEMES).map((viseme, i) => ({
    viseme,
    sound: viseme,
    start: LEAD + i * 0.5,
    end: LEAD + (i + 1) * 0.5,
  }));
}

/** "Bobby mapped my five blue vans": sound, viseme, milliseconds. */
const BOBBY: [sound: string, viseme: string, ms: number][] = [
  ...([
    ["b", "PP", 70],
    ["o", "aa", 140],
    ["b", "PP", 70],
    ["i", "I", 120],
  ] as [string, string, number][]),
  ...([
    ["m", "PP", 80],
    ["a", "aa", 150],
    ["p", "PP", 80],
    ["t", "DD", 60],
  ] as [string, string, number][]),
  ...([
    ["m", "PP", 80],
    ["a", "aa", 120],
    ["y", "I", 80],
  ] as [string, string, number][]),
  ...([
    ["f", "FF", 100],
    ["i", "aa", 120],
    ["y", "I", 80],
    ["v", "FF", 80],
  ] as [string, string, number][]),
  ...([
    ["b", "PP", 70],
    ["l", "nn", 70],
    ["u", "U", 170],
  ] as [string, string, number][]),
  ...([
    ["v", "FF", 80],
    ["a", "aa", 160],
    ["n", "nn", 80],
    ["z", "SS", 120],
  ] as [string, string, number][]),
];

export function bobby(): Sound[] {
  let at = LEAD;
  return BOBBY.map(([sound, viseme, ms]) => {
    const start = at;
    at += ms / 1000;
    return { viseme, sound, start, end: at };
  });
}

const RATE = 100;
/** Seconds by which the curves are smoothed. */
const SIGMA = { jaw: 0.045, rounding: 0.06, lips: 0.035, press: 0.025, closure: 0.016 };

/** Curves of sounds: smoothed, then shut at each m, b, p, also where it falls between two frames. */
export function speechMotion(sounds: Sound[], fps: number): MotionFrames {
  const count = Math.ceil((sounds.at(-1)!.end + LEAD) * RATE);
  const at = (of: (sound: Sound) => number): number[] =>
    Array.from({ length: count }, (_, k) => {
      const now = sounds.find(({ start, end }) => k / RATE >= start && k / RATE < end);
      return now ? of(now) : 0;
    });
  const closing = (viseme: string): number[] =>
    smoothed(
      widened(
        at((sound) => (sound.viseme === viseme ? 1 : 0)),
        2,
      ),
      SIGMA.closure,
    ).map((x) => Math.min(1, x * 1.6));
  const shut = closing("PP");
  const bitten = closing("FF");
  const names = [...new Set(Object.values(VISEMES).flatMap((channels) => Object.keys(channels)))] as Channel[];
  const channels: Partial<Record<Channel, number[]>> = {};
  const frames = Math.floor((count / RATE) * fps);
  for (const name of names) {
    const curve = smoothed(
      at(({ viseme }) => VISEMES[viseme]![name] ?? 0),
      sigmaOf(name),
    ).map((value, k) => {
      const opens = /jawOpen|Funnel|LowerDown|UpperUp|tongue/.test(name);
      const free = opens ? 1 - shut[k]! : 1;
      return value * free * (name === "jawOpen" ? 1 - 0.8 * bitten[k]! : 1);
    });
    channels[name] = Array.from({ length: frames }, (_, frame) => valueAt(curve, (frame / fps) * RATE));
  }
  placeClosures(channels, sounds, fps, shut);
  return { fps, frames, faces: [{ channels }] };
}

function sigmaOf(name: Channel): number {
  if (name === "jawOpen") return SIGMA.jaw;
  if (/Funnel|Pucker/.test(name)) return SIGMA.rounding;
  return /Press|Roll/.test(name) ? SIGMA.press : SIGMA.lips;
}

/** A closure of 60 ms may fall between two frames: the nearest one is shut. */
function placeClosures(
  channels: Partial<Record<Channel, number[]>>,
  sounds: Sound[],
  fps: number,
  shut: number[],
): void {
  for (const { viseme, start, end } of sounds) {
    if (viseme !== "PP") continue;
    const middle = (start + end) / 2;
    const frame = Math.round(middle * fps);
    const most = Math.max(...shut.slice(Math.round((middle - 0.02) * RATE), Math.round((middle + 0.02) * RATE) + 1));
    for (const name of ["jawOpen", "mouthFunnel", "mouthLowerDownLeft", "mouthLowerDownRight"] as const) {
      channels[name]![frame] = Math.min(channels[name]![frame]!, 1 - most);
    }
    for (const name of ["mouthUpperUpLeft", "mouthUpperUpRight", "tongueOut"] as const) channels[name]![frame] = 0;
  }
}

function widened(values: number[], by: number): number[] {
  return values.map((_, k) => Math.max(...values.slice(Math.max(0, k - by), k + by + 1)));
}

function smoothed(values: number[], sigmaSeconds: number): number[] {
  const reach = Math.ceil(3 * sigmaSeconds * RATE);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - reach) / (sigmaSeconds * RATE)) ** 2),
  );
  const sum = weights.reduce((a, b) => a + b);
  return values.map((_, k) =>
    weights.reduce((total, weight, i) => total + (weight / sum) * (values[k + i - reach] ?? 0), 0),
  );
}

function valueAt(curve: number[], at: number): number {
  const before = Math.min(curve.length - 1, Math.floor(at));
  const after = Math.min(curve.length - 1, before + 1);
  return curve[before]! + (curve[after]! - curve[before]!) * (at - before);
}
