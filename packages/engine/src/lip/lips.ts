/**
 * How a mouth looks, beside how far its lips are parted: landmarks take teeth that rest on the lower lip (f, v) for a lip, and call such a
 * mouth shut. Pure.
 */
import { inFrame, type Place, type Point, unitOf } from "./place.ts";

/** Where it is looked at: columns in half widths of the mouth from its middle, rows in E from the line between the lips. */
const GRID = { columns: [-0.5, -0.25, 0, 0.25, 0.5], rows: [-0.03, 0, 0.03] };
const REACH = 0.012;
/** Brightness that the face is brought to, so that shadows and clouds change nothing. */
const LIGHT = 128;

type Frame = { yuv: Uint8Array; width: number; height: number };
/** As a `Look` has them. */
type Mouth = { upper: Point; lower: Point; mouth: Point; width: number };

/** By place of the grid: brightness and both colours, of a face as bright as `LIGHT`. `light`: the brightness of the face, 0–255. */
export function lipsOf(frame: Frame, place: Place, { upper, lower, mouth, width }: Mouth, light: number): Float32Array {
  const { yuv } = frame;
  const line = (upper.y + lower.y) / 2;
  const reach = Math.max(1, Math.round(REACH * unitOf(place)));
  const by = LIGHT / Math.max(16, light);
  const [luma, across] = [frame.width * frame.height, frame.width >> 1];
  const lips = new Float32Array(3 * GRID.rows.length * GRID.columns.length);
  let nth = 0;
  for (const row of GRID.rows) {
    for (const column of GRID.columns) {
      const at = inFrame(place, { x: mouth.x + (column * width) / 2, y: line + row });
      const x = within(at.x, reach, frame.width - 1 - reach);
      const y = within(at.y, reach, frame.height - 1 - reach);
      let sum = 0;
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) sum += yuv[(y + dy) * frame.width + x + dx]!;
      }
      const colour = luma + (y >> 1) * across + (x >> 1);
      lips[nth++] = (by * sum) / (2 * reach + 1) ** 2;
      lips[nth++] = by * (yuv[colour]! - 128);
      lips[nth++] = by * (yuv[colour + luma / 4]! - 128);
    }
  }
  return lips;
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(least, most), Math.max(least, Math.round(value)));
}

/** Difference of two mouths in the row in which they differ most, levels: of the same shape less than 16, of lips that meet and teeth more than 25. */
export function lipsDistance(a: Float32Array, b: Float32Array): number {
  const row = 3 * GRID.columns.length;
  let most = 0;
  for (let from = 0; from < a.length; from += row) {
    let sum = 0;
    for (let i = from; i < from + row; i++) sum += Math.abs(a[i]! - b[i]!);
    most = Math.max(most, sum / GRID.columns.length);
  }
  return most;
}

/** Lips that are parted by so much more than the shut ones may be shut as well, E; by half of it they are. */
const SHUT_SLACK = 0.014;
/** Those that are parted by less tell how this person's shut mouths look, if there are so many, E. */
const SHUT = 0.005;
const LEAST_SHUT = 8;
/** Mouths of one shape differ by so much, levels; each `STEP` more costs 1, squared, up to `MOST_ODD`. */
const SAME = 16;
const STEP = 8;
export const MOST_ODD = 9;

/** By look, what it costs to show it as a shut mouth, by how little it looks as the person's shut ones do: 0–`MOST_ODD`. `shut`: how far those are parted, E. */
export function oddLips(looks: readonly { gap: number; lips: Float32Array }[], shut: number): number[] {
  const closed = looks.filter(({ gap }) => gap < shut + SHUT);
  if (closed.length < LEAST_SHUT) return looks.map(() => 0);
  const usual = closed[0]!.lips.map((_, i) => {
    const values = closed.map(({ lips }) => lips[i]!).sort((a, b) => a - b);
    return values[values.length >> 1]!;
  });
  return looks.map(({ lips }) => otherLips(lips, usual));
}

/** What it costs to show one mouth as if it were the other, 0–`MOST_ODD`. */
export function otherLips(a: Float32Array, b: Float32Array): number {
  return Math.min(MOST_ODD, (Math.max(0, lipsDistance(a, b) - SAME) / STEP) ** 2);
}

/** Whether lips that are parted so far are shut: 1 yes, 0 no. `shut`: how far shut ones are parted. E. */
export function shutness(gap: number, shut: number): number {
  return Math.min(1, Math.max(0, 2 - (2 * (gap - shut)) / SHUT_SLACK));
}
