/** What a channel does to the skin; channels.ts has them all. */
import type { Channel } from "@smileloop/core/motion/motion.ts";

/** Displacement at a place (E) of a channel that is fully on. */
export type Shape = (x: number, y: number) => [dx: number, dy: number, dz: number];
/**
 * What moves skin: a channel, or what no motion has but edits of a picture ask for. `mouthRaised`: the whole mouth, up; below 0 down.
 * `lipsForward`: lips that stay closed and come forward, the lower one farther.
 */
export type Movement = Channel | "mouthRaised" | "lipsForward";
export type Movements = Partial<Record<Movement, number>>;
export type Shapes = Partial<Record<Movement, Shape>>;

/** `mouthSmile` of one side → `mouthSmileLeft` or `…Right`. */
export function ofSide(shapes: Record<string, Shape>, side: "left" | "right"): Shapes {
  const name = side === "left" ? "Left" : "Right";
  return Object.fromEntries(Object.entries(shapes).map(([shape, f]) => [`${shape}${name}`, f]));
}
