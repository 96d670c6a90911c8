/** What a channel does to the skin; channels.ts has them all. */
import type { Channel } from "@smileloop/core/motion/motion.ts";

/** Displacement at a place (E) of a channel that is fully on. */
export type Shape = (x: number, y: number) => [dx: number, dy: number, dz: number];
export type Shapes = Partial<Record<Channel, Shape>>;

/** `mouthSmile` of one side → `mouthSmileLeft` or `…Right`. */
export function ofSide(shapes: Record<string, Shape>, side: "left" | "right"): Shapes {
  const name = side === "left" ? "Left" : "Right";
  return Object.fromEntries(Object.entries(shapes).map(([shape, f]) => [`${shape}${name}`, f]));
}
