/** What the mouth does in each frame of 10 ms; frame k is centred at k × 10 + 5 ms. */
export type Posteriors = {
  frames: number;
  /** Frames × 15, in the order of `VISEMES`; each frame sums to 1. */
  classes: Float32Array;
  /** How far the jaw is open, 0–1, already smooth. */
  jaw: Float32Array;
  /** How sure it is that the voice sounds (vowels, nasals, voiced consonants), 0–1. */
  voiced?: Float32Array;
};

/** Mono sound at 16 kHz, −1–1, as posteriors. The same samples give the same result. */
export function posteriorsOf(samples: Float32Array): Posteriors {
  throw new Error(`The weights are not there yet for ${samples.length} samples.`);
}
