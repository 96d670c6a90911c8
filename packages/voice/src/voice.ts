/** What a voice is. The list of all voices is in `index.ts`. */
import type { Spoken } from "@smileloop/core/speech/spoken.ts";

/** Mono samples, −1 … 1, and when what was said in them. */
export type Said = { samples: Float32Array; rate: number; spoken: Spoken | null };

export type SayOptions = {
  /** BCP 47. */
  language: string;
  /** 1 is the voice's usual speed. */
  speed: number;
  signal: AbortSignal;
};
