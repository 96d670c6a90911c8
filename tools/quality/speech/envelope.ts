/** A simple mouth made of posteriors: enough to tell whether a closure would be seen. */
import type { Posteriors } from "@smileloop/speech/net.ts";
import { VISEMES, type Viseme, visemeNumber } from "@smileloop/speech/visemes.ts";

const FLOOR = 0.25;
const GAIN = 2;
const SIGMA = 1.4;
/** Of the jaw's range. */
const SHUT_BELOW = 0.06;
const CLOSED = 0.5;

/** How much of a frame (10 ms) belongs to lips that close ("PP") or lip on teeth ("FF"), 0–1. */
export function lipsOf(posteriors: Posteriors, viseme: Viseme): Float32Array {
  const number = visemeNumber(viseme);
  const at = (frame: number) => posteriors.classes[frame * VISEMES.length + number] ?? 0;
  const dilated = Float32Array.from({ length: posteriors.frames }, (_, k) => {
    const most = Math.max(k > 0 ? at(k - 1) : 0, at(k), at(k + 1));
    return Math.min(1, Math.max(0, most - FLOOR) * GAIN);
  });
  return smooth(dilated, SIGMA);
}

/** For each frame of a film whether the mouth is shut: closures are placed on the frame nearest to their middle. */
export function gapsOf(posteriors: Posteriors, fps: number): { shut: Uint8Array } {
  const closed = lipsOf(posteriors, "PP");
  const gap = posteriors.jaw.map((jaw, k) => jaw * (1 - closed[k]!));
  const shut = Uint8Array.from({ length: Math.ceil((posteriors.frames / 100) * fps) }, (_, k) => {
    const here = Math.min(Math.round((k / fps) * 100), posteriors.frames - 1);
    return gap[here]! < SHUT_BELOW ? 1 : 0;
  });
  for (let k = 0; k < closed.length; k++) {
    if (closed[k]! < CLOSED) continue;
    const start = k;
    while (k < closed.length && closed[k]! >= CLOSED) k++;
    const middle = (start + k) / 2;
    const near = gap.subarray(Math.max(0, Math.round(middle - 50 / fps)), Math.round(middle + 50 / fps) + 1);
    if (near.some((value) => value < SHUT_BELOW)) shut[Math.min(Math.round((middle / 100) * fps), shut.length - 1)] = 1;
  }
  return { shut };
}

/** By a Gaussian of `sigma` frames; the ends count on. */
export function smooth(curve: Float32Array, sigma: number): Float32Array {
  const reach = Math.ceil(4 * sigma);
  const taps = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-0.5 * ((k - reach) / sigma) ** 2));
  const sum = taps.reduce((a, b) => a + b, 0);
  return curve.map((_, i) =>
    taps.reduce((total, tap, k) => {
      const at = Math.min(Math.max(i + k - reach, 0), curve.length - 1);
      return total + (tap / sum) * curve[at]!;
    }, 0),
  );
}
