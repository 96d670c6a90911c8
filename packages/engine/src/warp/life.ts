/** A living head is never quite still: a very small sway below every motion, the same for the same seed. */
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import type { Pose } from "./pose.ts";

/** Degrees and E, at the most. */
const SIZE = { yaw: 0.5, pitch: 0.4, roll: 0.25, x: 0.004, y: 0.005 };

/**
 * Waves with whole numbers of periods in the clip that all start at 0, so that the first frame is the still and a loop closes.
 * A motion that stands still stays so.
 */
export function createLife(motion: MotionFrames, seed: number): (frame: number) => Pose {
  const channels = Object.values(motion.faces[0]?.channels ?? {});
  const strongest = channels.flat().reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const size = Math.min(1, strongest / 0.3);
  const random = randomFrom(seed);
  const seconds = motion.frames / motion.fps;
  const slow = Math.max(1, Math.round(seconds / 3.2));
  const wave = (): ((turn: number) => number) => {
    const sign = random() < 0.5 ? -1 : 1;
    const [a, b, c] = [0.6 + 0.4 * random(), 0.5 * random(), 0.3 * random()];
    return (turn) =>
      (sign * (a * Math.sin(slow * turn) + b * Math.sin((slow + 1) * turn) + c * (1 - Math.cos(slow * turn)))) / 1.6;
  };
  const waves = { yaw: wave(), pitch: wave(), roll: wave(), x: wave(), y: wave() };
  return (frame) => {
    const turn = (2 * Math.PI * frame) / motion.frames;
    const at = (name: keyof typeof SIZE): number => size * SIZE[name] * waves[name](turn);
    return { yaw: at("yaw"), pitch: at("pitch"), roll: at("roll"), x: at("x"), y: at("y"), z: 0, scale: 0 };
  };
}
