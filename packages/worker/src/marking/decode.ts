/** Reads the symbols of a mark: the likeliest first, then those that are hardly less so, until the check holds. */
import { ALPHABET, payloadOf, SYMBOLS } from "./code.ts";

/** Values of each symbol that are tried, and words of them. */
const VALUES = 4;
const WORDS = 48;
/** By how much less a word may fit than the likeliest, in standard deviations of chance. */
const MAX_LOSS = 3;

/** `fit`: sum of how far the symbols are found. `first`: whether no other word fits better. `payload`: null where none passes the check. */
export type Read = { payload: number | null; fit: number; first: boolean };

type Value = { value: number; loss: number };

export function decode(likeness: readonly Float64Array[]): Read {
  const best = likeness.map((values) => Math.max(...values));
  const fit = best.reduce((sum, value) => sum + value, 0);
  const ranked = likeness.map((values, i) => rank(values, best[i]!));
  const words = wordsOf(ranked);
  for (const [nth, { symbols, loss }] of words.entries()) {
    const payload = payloadOf(symbols);
    if (payload !== null) return { payload, fit: fit - loss, first: nth === 0 };
  }
  return { payload: null, fit, first: false };
}

function rank(values: Float64Array, best: number): Value[] {
  const all = Array.from({ length: ALPHABET }, (_, value) => ({ value, loss: best - values[value]! }));
  return all.sort((a, b) => a.loss - b.loss).slice(0, VALUES);
}

/** Those that fit best, in order. */
function wordsOf(ranked: readonly Value[][]): { symbols: Uint8Array; loss: number }[] {
  let words = [{ symbols: new Uint8Array(SYMBOLS), loss: 0 }];
  for (const [i, values] of ranked.entries()) {
    const longer = words.flatMap(({ symbols, loss }) =>
      values.map(({ value, loss: more }) => ({ symbols: symbols.with(i, value), loss: loss + more })),
    );
    words = longer
      .filter(({ loss }) => loss <= MAX_LOSS)
      .sort((a, b) => a.loss - b.loss)
      .slice(0, WORDS);
  }
  return words;
}
