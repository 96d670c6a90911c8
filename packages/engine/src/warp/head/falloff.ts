/** How a movement fades with the distance from where it is strongest. */
import type { Point } from "./head.ts";

/** 1 at 0, fading to nothing at about three `width`s. */
export function bell(distance: number, width: number): number {
  return Math.exp(-((distance / width) ** 2));
}

export function bump(x: number, y: number, at: Point, width: number, height: number): number {
  return Math.exp(-(((x - at.x) / width) ** 2) - ((y - at.y) / height) ** 2);
}

/** From 0 to 1, flat at both ends, and beyond them. */
export function smooth(x: number): number {
  const t = x < 0 ? 0 : x > 1 ? 1 : x;
  return t * t * (3 - 2 * t);
}
