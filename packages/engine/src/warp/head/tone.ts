/** Colours read from a still, for what has to be painted where the photo shows nothing. */

import type { Planes } from "../../media/planes.ts";
import type { SlitFrame } from "./curve.ts";

export type Tone = { luma: number; cb: number; cr: number };

/** The nearest pixel. */
export function toneAt({ width, height, y, u, v }: Planes, px: number, py: number): Tone {
  const column = Math.min(width - 1, Math.max(0, Math.round(px)));
  const row = Math.min(height - 1, Math.max(0, Math.round(py)));
  const chroma = (row >> 1) * (width / 2) + (column >> 1);
  return { luma: y[row * width + column]!, cb: u[chroma]!, cr: v[chroma]! };
}

/** The mean of those whose brightness ranks between two shares, 0 the darkest and 1 the brightest. */
export function meanTone(tones: Tone[], from: number, to: number): Tone {
  const ranked = tones.toSorted((a, b) => a.luma - b.luma);
  const first = Math.min(ranked.length - 1, Math.floor(from * ranked.length));
  const chosen = ranked.slice(first, Math.max(first + 1, Math.ceil(to * ranked.length)));
  const mean = (of: (tone: Tone) => number): number => chosen.reduce((sum, tone) => sum + of(tone), 0) / chosen.length;
  return { luma: mean((t) => t.luma), cb: mean((t) => t.cb), cr: mean((t) => t.cr) };
}

/**
 * Noise as coarse and strong as the picture's own along a line, so that what is painted does not look smoother: the same at the same
 * place of the still. Levels of luma.
 */
export function grainOf(
  { width, height, y }: Planes,
  { middle, halfWidth }: SlitFrame,
): (x: number, y: number) => number {
  const row = Math.min(height - 2, Math.max(1, Math.round(middle.y)));
  const steps: number[] = [];
  for (let line = -3; line <= 3; line++) {
    const r = Math.min(height - 2, Math.max(1, row + line * Math.max(1, Math.round(halfWidth / 10))));
    const first = Math.max(1, Math.round(middle.x - halfWidth));
    for (let x = first; x < Math.min(width - 1, first + 2 * halfWidth); x++) {
      const at = r * width + x;
      steps.push(Math.abs(y[at]! - (y[at - 1]! + y[at + 1]! + y[at - width]! + y[at + width]!) / 4));
    }
  }
  // The median leaves out edges; 1.35 makes a spread of it that a flat noise of this size has.
  const strength = 1.35 * (steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0);
  return (x, y) => {
    let hash = Math.imul(Math.round(x), 0x27d4eb2d) ^ Math.imul(Math.round(y), 0x165667b1);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return strength * (((hash ^ (hash >>> 12)) & 0xffff) / 32768 - 1);
  };
}
