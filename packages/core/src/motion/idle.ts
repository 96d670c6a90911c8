/** A face that listens: it blinks, breathes and looks about a little, and says nothing. Pure: the same seed, the same curves. */
import type { FaceFrames } from "./phases.ts";
import { randomFrom } from "./random.ts";

type IdleOptions = { frames: number; fps: number; seed: number };

/** Seconds between two blinks: at least, and how much more it may be. */
const BLINK_EVERY = { least: 2.2, more: 3.4 };
const BLINK_DOWN_S = 0.09;
const BLINK_UP_S = 0.17;
const BREATH_S = 3.6;
/** Degrees and E, at the most. */
const SIZE = { pitch: 0.6, yaw: 1.1, roll: 0.5, y: 0.004 };
/** From the picture into the movement, and back at the end. */
const EASE_S = 0.6;

/** The first frame is at rest, and the last one nearly. */
export function idleCurves({ frames, fps, seed }: IdleOptions): FaceFrames {
  const random = randomFrom(seed);
  const blinks = blinkTimes(frames / fps, random);
  const phase = { breath: random(), yaw: random(), roll: random() };
  const curve = (valueAt: (seconds: number) => number): number[] =>
    Array.from({ length: frames }, (_, frame) => {
      const seconds = frame / fps;
      return Math.round(valueAt(seconds) * within(seconds, frames / fps) * 1e4) / 1e4 || 0;
    });
  const wave = (seconds: number, period: number, at: number) => Math.sin(2 * Math.PI * (seconds / period + at));
  const blink = curve((seconds) => Math.max(0, ...nearBlinks(blinks, seconds).map((at) => lid(seconds - at))));
  return {
    channels: {
      eyeBlinkLeft: blink,
      eyeBlinkRight: blink,
      headPitch: curve((seconds) => SIZE.pitch * wave(seconds, BREATH_S, phase.breath)),
      headY: curve((seconds) => SIZE.y * wave(seconds, BREATH_S, phase.breath)),
      headYaw: curve((seconds) => (SIZE.yaw * (wave(seconds, 7.3, phase.yaw) + wave(seconds, 11.9, phase.roll))) / 2),
      headRoll: curve((seconds) => SIZE.roll * wave(seconds, 9.1, phase.roll)),
    },
  };
}

/** When the lids begin to close. None so late that it would be cut off. */
function blinkTimes(seconds: number, random: () => number): number[] {
  const times: number[] = [];
  const last = seconds - BLINK_DOWN_S - BLINK_UP_S - EASE_S;
  for (let at = 0.8 + 2 * random(); at <= last; at += BLINK_EVERY.least + BLINK_EVERY.more * random()) times.push(at);
  return times;
}

/** Those under way: the list is in order, and blinks are seconds apart. */
function nearBlinks(times: number[], seconds: number): number[] {
  return times.filter((at) => seconds >= at && seconds <= at + BLINK_DOWN_S + BLINK_UP_S);
}

function lid(seconds: number): number {
  const x = seconds < BLINK_DOWN_S ? seconds / BLINK_DOWN_S : 1 - (seconds - BLINK_DOWN_S) / BLINK_UP_S;
  return smooth(x);
}

function within(seconds: number, all: number): number {
  return Math.min(smooth(seconds / EASE_S), smooth((all - seconds) / EASE_S));
}

function smooth(x: number): number {
  const share = Math.min(1, Math.max(0, x));
  return share * share * (3 - 2 * share);
}
