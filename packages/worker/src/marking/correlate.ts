/** How far the patterns of a key are found in a folded picture, in units of what chance gives. */
import { ALPHABET, PLACES } from "./code.ts";
import { emptyGrid, type Grid, transform } from "./fft.ts";
import { FOLD_SIDE, type Spectrum } from "./fold.ts";
import { type Pattern, type Patterns, RING } from "./patterns.ts";

/** Places of the folded tile. */
export type Peak = { x: number; y: number; z: number };

/** For each frequency of the ring, which one becomes it in a picture that is mirrored; of those without a row the other half. */
const MIRRORED = RING.map(({ x, y }) => (y === 0 ? -1 : RING.findIndex((other) => other.x === -x && other.y === y)));

export function mirrored({ re, im }: Spectrum): Spectrum {
  return {
    re: Float64Array.from(MIRRORED, (at, i) => (at < 0 ? re[i]! : re[at]!)),
    im: Float64Array.from(MIRRORED, (at, i) => (at < 0 ? -im[i]! : im[at]!)),
  };
}

/** One standard deviation of what chance gives: of cosines of any phase, twice as strong as the ring has them. */
function unitOf({ re, im }: Spectrum): number {
  let power = 0;
  for (let i = 0; i < re.length; i++) power += re[i]! ** 2 + im[i]! ** 2;
  return Math.sqrt(2 * power) || 1;
}

const pair = emptyGrid(FOLD_SIDE);

/** The best places of a pattern in two spectra, which travel as the two parts of one transform: the first's and the second's. */
export function findPattern(pattern: Pattern, spectra: readonly [Spectrum, Spectrum], most: number): [Peak[], Peak[]] {
  pair.re.fill(0);
  pair.im.fill(0);
  for (const [i, { x, y }] of RING.entries()) {
    const [c, s] = [pattern.cos[i]!, pattern.sin[i]!];
    const [a, b] = spectra;
    const aRe = a.re[i]! * c + a.im[i]! * s;
    const aIm = a.im[i]! * c - a.re[i]! * s;
    const bRe = b.re[i]! * c + b.im[i]! * s;
    const bIm = b.im[i]! * c - b.re[i]! * s;
    const at = y * FOLD_SIDE + (x & (FOLD_SIDE - 1));
    const opposite = (-y & (FOLD_SIDE - 1)) * FOLD_SIDE + (-x & (FOLD_SIDE - 1));
    pair.re[at] = aRe - bIm;
    pair.im[at] = aIm + bRe;
    pair.re[opposite] = aRe + bIm;
    pair.im[opposite] = bRe - aIm;
  }
  transform(pair, 1);
  return [peaksOf(pair.re, unitOf(spectra[0]), most), peaksOf(pair.im, unitOf(spectra[1]), most)];
}

/** The highest samples that are higher than those beside them. */
function peaksOf(values: Float64Array, unit: number, most: number): Peak[] {
  const peaks: Peak[] = [];
  let least = 0;
  for (let at = 0; at < values.length; at++) {
    if (values[at]! <= least || !isPeak(values, at)) continue;
    peaks.push({ x: at % FOLD_SIDE, y: Math.floor(at / FOLD_SIDE), z: values[at]! / unit });
    peaks.sort((a, b) => b.z - a.z);
    if (peaks.length > most) peaks.pop();
    if (peaks.length === most) least = peaks.at(-1)!.z * unit;
  }
  return peaks;
}

function isPeak(values: Float64Array, at: number): boolean {
  const row = at - (at % FOLD_SIDE);
  const x = at - row;
  for (const dx of [-1, 1]) if (values[row + ((x + dx) & (FOLD_SIDE - 1))]! > values[at]!) return false;
  for (const dy of [-FOLD_SIDE, FOLD_SIDE]) {
    if (values[(at + dy) & (values.length - 1)]! > values[at]!) return false;
  }
  return true;
}

/** A spectrum of which the place is at 0. */
function movedBack({ re, im }: Spectrum, { x: dx, y: dy }: { x: number; y: number }): Spectrum {
  const moved = { re: new Float64Array(re.length), im: new Float64Array(re.length) };
  for (const [i, { x, y }] of RING.entries()) {
    const turn = (2 * Math.PI * (x * dx + y * dy)) / FOLD_SIDE;
    const [c, s] = [Math.cos(turn), Math.sin(turn)];
    moved.re[i] = re[i]! * c - im[i]! * s;
    moved.im[i] = re[i]! * s + im[i]! * c;
  }
  return moved;
}

function likeness({ re, im }: Spectrum, { cos, sin }: Pattern): number {
  let sum = 0;
  for (let i = 0; i < re.length; i++) sum += re[i]! * cos[i]! + im[i]! * sin[i]!;
  return 2 * sum;
}

/** Steps between the samples of the folded tile in which a peak is looked for. */
const STEPS = [-0.5, 0, 0.5];

/** The peak between the samples. */
export function sharpened(spectrum: Spectrum, pattern: Pattern, peak: Peak): Peak {
  const unit = unitOf(spectrum);
  let best = peak;
  for (const dy of STEPS) {
    for (const dx of STEPS) {
      const at = { x: peak.x + dx, y: peak.y + dy };
      const z = likeness(movedBack(spectrum, at), pattern) / unit;
      if (z > best.z) best = { ...at, z };
    }
  }
  return best;
}

const places = emptyGrid(PLACES);

/** For each symbol how far each of its values is found, where the sync pattern lies at `peak`. */
export function symbolLikeness(spectrum: Spectrum, { symbols }: Patterns, peak: Peak): Float64Array[] {
  const moved = movedBack(spectrum, peak);
  const unit = unitOf(spectrum);
  return symbols.map((pattern) => {
    sumInto(places, moved, pattern);
    transform(places, 1);
    return Float64Array.from({ length: ALPHABET }, (_, at) => (2 * places.re[at]!) / unit);
  });
}

/** Places lie so far apart that frequencies which differ by 16 are the same to them. */
function sumInto(grid: Grid, { re, im }: Spectrum, { cos, sin }: Pattern): void {
  grid.re.fill(0);
  grid.im.fill(0);
  for (const [i, { x, y }] of RING.entries()) {
    const at = (y & (PLACES - 1)) * PLACES + (x & (PLACES - 1));
    grid.re[at]! += re[i]! * cos[i]! + im[i]! * sin[i]!;
    grid.im[at]! += im[i]! * cos[i]! - re[i]! * sin[i]!;
  }
}
