/** What a voice is. The list of all voices is in `index.ts`. */
import type { Spoken } from "@smileloop/core/speech/spoken.ts";
import type { VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";

/** Mono samples, −1 … 1, and when what was said in them. */
export type Said = { samples: Float32Array; rate: number; spoken: Spoken | null };

/**
 * A word of a text. `written`: as it stands there, with what is around it up to the next space. `said`: the same as voices are to say it.
 * `ipa`: its sounds, where somebody has said which they are; then they count.
 */
export type Word = { written: string; said: string; ipa?: string | undefined };

export type SayOptions = {
  /** BCP 47. */
  language: string;
  /** 1 is the voice's usual speed. */
  speed: number;
  signal: AbortSignal;
};

export type Voice = VoiceFacts & {
  /** Scripts that it reads (`core/speech/scripts.ts`); null: all of them. */
  scripts: readonly string[] | null;
  /** Characters that it takes at once. */
  maxChars: number;
  /** Of its sound, samples a second; null where it tells with the sound. */
  rate: number | null;
  /** Whether it can be told the sounds of a word (`ipa`). */
  takesIpa: boolean;
  /** What its sound is multiplied by, so that all voices are about as loud. */
  gain: number;
  /**
   * Says some words, at most a sentence or two. Throws `invalid_request` for what it cannot say, `voice_unavailable` where it is elsewhere
   * and does not answer, `signal.reason`.
   */
  say(words: readonly Word[], options: SayOptions): Promise<Said>;
};

/** A written word without the signs around it: `“Hello,”` is `Hello`. */
export function bareWord(written: string): string {
  return written.replace(/^[^\p{L}\p{N}\p{M}]+|[^\p{L}\p{N}\p{M}]+$/gu, "");
}
