/** A recording of channels at instants, as apps that track faces save it, and how it becomes a Motion. */
import type { Warning } from "@smileloop/core/errors.ts";
import { type Channel, channelLimits, type Motion } from "@smileloop/core/motion/motion.ts";
import { denseMotion } from "./dense.ts";
import { unreadable } from "./faults.ts";
import { clamp, evenly, quantile } from "./series.ts";

/** `channels[name][i]` was read at `seconds[i]`, counted from the first. Units and signs of `core/motion/motion.ts`. */
export type Take = { seconds: number[]; channels: Partial<Record<Channel, number[]>>; warnings?: Warning[] };

/** More says nothing that a video of 60 frames a second shows. */
const MAX_RATE = 60;
/** Trackers tremble: values are smoothed over about a frame. */
const SIGMA_SECONDS = 0.012;
/** Trackers hardly ever report 0 for a face at rest: values up to this one at the start of a take count as rest. */
const MOST_AT_REST = 0.15;
const FIRST_SECONDS = 0.2;
const LEAST_SECONDS = 0.4;

export type TakenMotion = {
  motion: Motion;
  seconds: number;
  frames: number;
  fps: number;
  cut: boolean;
  warnings: Warning[];
};

/** Throws `input_unreadable` for what is too short. Heads are at rest as the take begins. */
export function motionOfTake(take: Take, maxSeconds: number): TakenMotion {
  const whole = take.seconds;
  const count = whole.filter((t) => t < maxSeconds - 1e-6).length;
  const seconds = whole.slice(0, count);
  const last = seconds.at(-1) ?? 0;
  const step = seconds.length > 1 ? last / (seconds.length - 1) : 0;
  const duration = Math.min(maxSeconds, last + step);
  if (duration < LEAST_SECONDS) {
    throw unreadable(`it has ${count} frames, ${duration.toFixed(2)} s: at least half a second is needed`);
  }
  const fps = Math.min(MAX_RATE, Math.max(10, Math.round(1 / step)));
  const sure = seconds.map(() => 1);
  const first = seconds.filter((t) => t < FIRST_SECONDS).length;
  const channels: Take["channels"] = {};
  for (const [name, values] of Object.entries(take.channels) as [Channel, number[]][]) {
    const used = values.slice(0, count);
    const level = quantile(used.slice(0, first), 0.5);
    const { min, max } = channelLimits(name);
    const settled = used.map((value) => {
      if (min < 0) return value - level;
      const rest = clamp(level, 0, MOST_AT_REST);
      return clamp((value - rest) / (max - rest), 0, 1);
    });
    channels[name] = evenly({ seconds, values: settled }, sure, SIGMA_SECONDS, fps, Math.round(duration * fps) + 1);
  }
  const rounded = Math.round(duration * 1000) / 1000;
  return {
    motion: denseMotion(channels, fps, rounded),
    seconds: rounded,
    frames: count,
    fps: Math.round(1000 / step) / 1000,
    cut: count < whole.length,
    warnings: take.warnings ?? [],
  };
}
