/** Lines across an eye as tables that share their places: a pixel finds its place once and reads all of them there. */
import type { Curve } from "../head/curve.ts";

/** Four times as fine as curves are (curve.ts), so that these lose nothing. */
const STEPS = 256;
const REACH = 1.25;

export type Line = Float64Array;

export function lineOf(curve: Curve): Line {
  return Float64Array.from({ length: STEPS + 1 }, (_, i) => curve(placeAt(i)));
}

/** Where `t` is in the tables, to be read between two entries. */
export function placeOn(t: number): number {
  const at = (t + REACH) * (STEPS / (2 * REACH));
  return at < 0 ? 0 : at > STEPS - 0.001 ? STEPS - 0.001 : at;
}

/** Which `t` an entry is of. */
export function placeAt(entry: number): number {
  return (entry / STEPS) * 2 * REACH - REACH;
}

export function readLine(line: Line, place: number): number {
  const before = place | 0;
  return line[before]! + (line[before + 1]! - line[before]!) * (place - before);
}
