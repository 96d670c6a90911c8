/**
 * Finds marks. The picture is folded into one tile, in which the key's sync pattern is looked for at all places, as it is and mirrored. Where it
 * fits best, the symbols are read. If that finds nothing, tiles of other sizes are tried: the picture may be a part of the one that was
 * made, or have bars. Pattern and symbols decide together: by chance a pattern fits somewhere, but not its six symbols as well.
 */
import type { FoundMark } from "@smileloop/core/marking/mark.ts";
import { findPattern, mirrored, type Peak, sharpened, symbolLikeness } from "./correlate.ts";
import { decode, type Read } from "./decode.ts";
import { fold, type Luma, residual, type Spectrum } from "./fold.ts";
import type { MarkKey } from "./key.ts";
import { patternsOf } from "./patterns.ts";
import { SYNC_WEIGHT } from "./tile.ts";

/** Of tiles against the usual ones, and the step between two that are tried. */
const SCALES = { least: 0.54, most: 1.86, step: 1.006 };
/** Steps beside a scale in which the best one is looked for. */
const NEARBY = [0.9985, 1.0015, 0.997, 1.003];
/** Places whose symbols are read: at the usual size, and over all other sizes. */
const PEAKS = 6;
const BEST = 16;

/**
 * Least score of a mark, and of one whose likeliest payload passes its check. Without a mark, the search over all sizes scores 25.1 on
 * average, with a standard deviation of 0.65.
 */
export const THRESHOLDS = { found: 30, checked: 27 };

type Candidate = Peak & { key: MarkKey; picture: Luma; spectrum: Spectrum; scale: number; isMirrored: boolean };
export type Sighting = Read & { key: MarkKey; score: number; scale: number; isMirrored: boolean; z: number };

/** `luma`: the mean pictures of a file and of parts of it, of any size; only the first is searched for tiles of other sizes. */
export function findMark(luma: readonly Luma[], keys: readonly MarkKey[]): FoundMark {
  const best = look(luma, keys);
  if (!best || !isFound(best)) return { found: false };
  return { found: true, keyId: best.key.id, ...(best.payload === null ? {} : { payload: best.payload }) };
}

export function isFound({ score, payload, first }: Sighting): boolean {
  return score >= THRESHOLDS.found || (payload !== null && first && score >= THRESHOLDS.checked);
}

/** The best that there is, mark or not; null where there is nothing to look at. */
export function look(luma: readonly Luma[], keys: readonly MarkKey[]): Sighting | null {
  const pictures = luma.map(residual);
  const usual = asMade(pictures, keys);
  if (usual[0] && isFound(usual[0]) && usual[0].payload !== null) return usual[0];
  const others = pictures.slice(0, 1).flatMap((picture) => scales().flatMap((s) => candidates(picture, keys, s, 2)));
  others.sort((a, b) => b.z - a.z);
  const refined = others.slice(0, BEST).map(refine);
  return [...usual, ...sightings(refined)].sort((a, b) => b.score - a.score)[0] ?? null;
}

/** The same where the whole picture is there as it was made, or mirrored: other sizes of tiles are not tried. */
export function lookAsMade(luma: readonly Luma[], keys: readonly MarkKey[]): Sighting | null {
  return asMade(luma.map(residual), keys)[0] ?? null;
}

function asMade(pictures: readonly Luma[], keys: readonly MarkKey[]): Sighting[] {
  return sightings(pictures.flatMap((picture) => candidates(picture, keys, 1)));
}

function scales(): number[] {
  const { least, most, step } = SCALES;
  const count = Math.floor(Math.log(most / least) / Math.log(step));
  return Array.from({ length: count + 1 }, (_, i) => least * step ** i);
}

function candidates(picture: Luma, keys: readonly MarkKey[], scale: number, most = PEAKS): Candidate[] {
  const spectrum = fold(picture, scale);
  const spectra = [spectrum, mirrored(spectrum)] as const;
  return keys.flatMap((key) =>
    findPattern(patternsOf(key).sync, spectra, most).flatMap((peaks, side) =>
      peaks.map((peak) => ({ ...peak, key, picture, spectrum: spectra[side]!, scale, isMirrored: side === 1 })),
    ),
  );
}

/** The best of the scales beside it. */
function refine(candidate: Candidate): Candidate {
  const { key, picture, isMirrored } = candidate;
  let best = candidate;
  for (const nearby of NEARBY) {
    const scale = candidate.scale * nearby;
    const found = candidates(picture, [key], scale, 1).find((other) => other.isMirrored === isMirrored);
    if (found && found.z > best.z) best = found;
  }
  return best;
}

function sightings(all: readonly Candidate[]): Sighting[] {
  const read = all.map((candidate) => {
    const { key, spectrum, scale, isMirrored } = candidate;
    const patterns = patternsOf(key);
    const peak = sharpened(spectrum, patterns.sync, candidate);
    const word = decode(symbolLikeness(spectrum, patterns, peak));
    return { ...word, key, scale, isMirrored, z: peak.z, score: SYNC_WEIGHT * peak.z + word.fit };
  });
  return read.sort((a, b) => b.score - a.score);
}
