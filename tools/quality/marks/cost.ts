/** What marking costs: bytes, likeness, time; and how often chance looks like a mark. */

import type { LumaPicture } from "@smileloop/core/engine/luma-service.ts";
import { openMarking } from "@smileloop/engine/media/marking.ts";
import { isFound, lookAsMade } from "@smileloop/worker/marking/find.ts";
import type { MarkKey } from "@smileloop/worker/marking/key.ts";
import type { Frames } from "./attacks.ts";
import { orderOf, write } from "./figures.ts";

/** `more`: of the file's size, as a part of it. `psnr`: of the luma before encoding, dB. `ms`: for all frames. */
export type Cost = { more: number; psnr: number; ms: number };

export async function costOf(clip: Frames, path: string): Promise<Cost> {
  const order = orderOf();
  const started = performance.now();
  const marked = openMarking(order, clip);
  for (const frame of clip.frames) marked(frame);
  const ms = performance.now() - started;
  const more = (await write(clip, order, path)) / (await write(clip, null, path)) - 1;
  return { more, psnr: likenessOf(clip), ms };
}

function likenessOf(clip: Frames): number {
  const marked = openMarking(orderOf(), clip);
  const luma = clip.width * clip.height;
  let error = 0;
  for (const frame of clip.frames) {
    const other = marked(frame);
    for (let i = 0; i < luma; i++) error += (frame[i]! - other[i]!) ** 2;
  }
  return 10 * Math.log10(255 ** 2 / (error / (luma * clip.frames.length)));
}

/** Keys that are looked for at once. */
const BATCH = 50;

/** Of keys that nothing was marked with, `count` from the one with this number: how many were found, and the best score there was. */
export function chance(pictures: readonly LumaPicture[], count: number, from = 0): { found: number; best: number } {
  let [found, best] = [0, 0];
  for (let first = from; first < from + count; first += BATCH) {
    const keys = Array.from({ length: Math.min(BATCH, from + count - first) }, (_, n) => foreignKey(first + n));
    const sighting = lookAsMade(pictures, keys);
    if (!sighting) continue;
    best = Math.max(best, sighting.score);
    if (isFound(sighting)) found += keys.filter((key) => isFound(lookAsMade(pictures, [key])!)).length;
  }
  return { found, best };
}

function foreignKey(nth: number): MarkKey {
  const secret = Buffer.alloc(32);
  secret.writeUInt32LE(nth + 1);
  return { id: String(nth), secret };
}
