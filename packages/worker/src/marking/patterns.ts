/**
 * The patterns of a key. Each is noise of a few periods: its frequencies lie in a ring, all as strong as one another, and their phases
 * come from the key. The first is what a mark is found by; each of the others says a symbol by how far it is moved.
 */
import { hkdfSync } from "node:crypto";
import { TILE_SIDE } from "@smileloop/core/marking/mark.ts";
import { SYMBOLS } from "./code.ts";
import type { MarkKey } from "./key.ts";

/** Pixels, where the longer side of the picture has `SPACE_SIDE`: finer ones are lost in small copies, coarser ones are seen. */
const PERIODS = { least: 7, most: 22 };

/** Of one half of the frequencies, of which the other half is the mirror image: `x` and `y` in periods a tile. */
export const RING: readonly { x: number; y: number }[] = (() => {
  const ring: { x: number; y: number }[] = [];
  const [least, most] = [TILE_SIDE / PERIODS.most, TILE_SIDE / PERIODS.least];
  const reach = Math.ceil(most);
  for (let y = 0; y <= reach; y++) {
    for (let x = y === 0 ? 1 : -reach; x <= reach; x++) {
      const periods = Math.hypot(x, y);
      if (periods >= least && periods <= most) ring.push({ x, y });
    }
  }
  return ring;
})();

/** Cosine and sine of the phase of each frequency of the ring. */
export type Pattern = { cos: Float64Array; sin: Float64Array };
export type Patterns = { sync: Pattern; symbols: readonly Pattern[] };

const kept = new WeakMap<Uint8Array, Patterns>();

/** They are kept with the secret. */
export function patternsOf({ secret }: MarkKey): Patterns {
  const had = kept.get(secret);
  if (had) return had;
  const length = 2 * RING.length * (SYMBOLS + 1);
  const random = new DataView(hkdfSync("sha512", secret, "", "smileloop mark, patterns", length));
  const patternAt = (nth: number): Pattern => {
    const phases = RING.map((_, i) => (2 * Math.PI * random.getUint16(2 * (nth * RING.length + i))) / 65_536);
    return { cos: Float64Array.from(phases, Math.cos), sin: Float64Array.from(phases, Math.sin) };
  };
  const symbols = Array.from({ length: SYMBOLS }, (_, i) => patternAt(i + 1));
  const patterns = { sync: patternAt(0), symbols };
  kept.set(secret, patterns);
  return patterns;
}
