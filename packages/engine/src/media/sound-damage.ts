/** What is said of a sound that is damaged or cut off. */
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { SOUND_RATE } from "./resample.ts";
import type { Sound } from "./sound-reader.ts";

/** Seconds that may be missing unnoticed: codecs put some before the sound and after it, and containers count them or don't. */
const UNNOTICED = 0.25;
/** Part of the samples from which on those that are not numbers make a sound worthless. */
const MOST_WRONG = 0.5;

/** `sound`: read to its end, `samples` for each of its `channels`. Throws `input_unreadable` where hardly a sample is a number. */
export function warningsOfDamage(sound: Sound, samples: number, channels: number): Warning[] {
  const { faults, gaps, gapSeconds, wrong } = sound.damage();
  const share = wrong / Math.max(1, samples * channels);
  const percent = `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} % of its samples are not numbers`;
  if (share > MOST_WRONG) {
    const help = "Save it again as a WAV of 16 bits, an MP3 or an M4A.";
    throw new AppError("input_unreadable", `The sound cannot be read: ${percent} (NaN or infinite). ${help}`);
  }
  const seconds = samples / SOUND_RATE;
  const claimed = sound.told ? (sound.claimedSeconds ?? 0) : 0;
  const missing = claimed - seconds;
  const said: string[] = [];
  if (missing > UNNOTICED) {
    said.push(`it should last ${claimed.toFixed(1)} s, and ${seconds.toFixed(1)} s of it can be read`);
  }
  if (gapSeconds > UNNOTICED) {
    said.push(
      `${gapSeconds.toFixed(1)} s are missing in ${gaps === 1 ? "one place" : `${gaps} places`} and are silent`,
    );
  }
  // where nothing tells how long it should be, this is all there is to see
  if (said.length === 0 && faults > 0 && !sound.told) said.push(`${faults} of its parts cannot be decoded`);
  if (wrong > 0) said.push(`${percent} and are silent`);
  if (said.length === 0) return [];
  return [{ code: "sound_damaged", detail: `The sound is damaged or cut off: ${said.join("; ")}.` }];
}
