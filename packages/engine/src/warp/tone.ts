/** Colours read from a still, for what has to be painted where the photo shows nothing. */
import type { Planes } from "./planes.ts";

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
