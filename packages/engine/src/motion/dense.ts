/** A Motion of dense samples, whatever it was read from: at rest at its start, without what never moves. */
import { CHANNELS, type Channel, channelLimits, type Motion } from "@smileloop/core/motion/motion.ts";
import { clamp } from "./series.ts";

/** What a clip begins with beyond rest goes over into the movement within this time, so that it starts at the photo. Seconds. */
const EASE_IN_SECONDS = 0.3;

/** Below these nothing is seen; for angles in degrees, for shifts in E. */
const LEAST = { blendshape: 0.02, angle: 0.3, shift: 0.003 };

/** `channels`: values of equal number, `fps` a second, from 0 s on. */
export function denseMotion(channels: Partial<Record<Channel, number[]>>, fps: number, duration: number): Motion {
  const kept: Motion["faces"][number]["channels"] = {};
  for (const channel of CHANNELS) {
    const values = channels[channel];
    if (values === undefined) continue;
    const { min, max } = channelLimits(channel);
    const offset = values[0]!;
    const samples = values.map((value, i) => {
      const x = clamp(i / fps / EASE_IN_SECONDS, 0, 1);
      const begun = x * x * x * (10 - 15 * x + 6 * x * x);
      // + 0: no sample is −0
      return Math.round(clamp(value - offset * (1 - begun), min, max) * 1e4) / 1e4 + 0;
    });
    if (Math.max(...samples.map(Math.abs)) >= leastOf(channel)) kept[channel] = { fps, samples };
  }
  return { duration, loop: false, faces: [{ channels: kept }] };
}

function leastOf(channel: Channel): number {
  if (/^head(Pitch|Yaw|Roll)$/.test(channel)) return LEAST.angle;
  return channel.startsWith("head") || channel === "scale" ? LEAST.shift : LEAST.blendshape;
}
