/** What somebody should know about a sound, in sentences with figures. */
import type { Warning } from "@smileloop/core/errors.ts";
import type { Fitness } from "./fitness.ts";

type Facts = Fitness & {
  silent: boolean;
  /** How unlike the text and the sound are (`Aligned`); absent where it was found, or none was given. */
  textCost?: number | undefined;
  mostCost: number;
};

type Rule = { code: string; when: (facts: Facts) => boolean; detail: (facts: Facts) => string };

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** What counts as speech, and limits that were set where voices became hard to read (docs/speech.md). */
const LITTLE_SPEECH = 0.3;
const UNSURE = 0.45;
const UNCHANGING = 0.25;
const QUIET_DB = -50;
const CLIPPED = 0.002;
const DULL_DB = 38;

const RULES: readonly Rule[] = [
  {
    code: "no_speech",
    when: ({ silent }) => silent,
    detail: ({ speechShare }) =>
      `Nobody speaks in the sound (speech is found in ${percent(speechShare)} of it), so the mouth stays closed.`,
  },
  {
    code: "little_speech",
    when: ({ silent, speechShare }) => !silent && speechShare < LITTLE_SPEECH,
    detail: ({ speechShare }) => `Speech is found in only ${percent(speechShare)} of the sound.`,
  },
  {
    code: "speech_unclear",
    when: ({ silent, certainty, change }) => !silent && (certainty < UNSURE || change < UNCHANGING),
    detail: ({ certainty, change }) =>
      `The sound is mostly music or noise, or the voice is hardly heard (the shapes of the mouth are ${percent(certainty)} certain and change by ${percent(change)}; of a clear voice, 60 % and 40 %).`,
  },
  {
    code: "sound_quiet",
    when: ({ silent, level }) => !silent && level < QUIET_DB,
    detail: ({ level }) =>
      `The voice is very quiet (${Math.round(level)} dB of full scale), so its noise comes up with it.`,
  },
  {
    code: "sound_clipped",
    when: ({ clipped }) => clipped > CLIPPED,
    detail: ({ clipped }) =>
      `The sound was recorded too loud: ${(clipped * 100).toFixed(1)} % of its samples are cut off.`,
  },
  {
    code: "sound_dull",
    when: ({ silent, dull }) => !silent && dull > DULL_DB,
    detail: ({ dull }) =>
      `The sound has next to nothing above 4 kHz (${Math.round(dull)} dB less than below), as on the telephone: sounds like f and s are hard to tell. A text helps.`,
  },
  {
    code: "text_not_found",
    when: ({ textCost }) => textCost !== undefined,
    detail: ({ textCost, mostCost }) =>
      `The text does not match the sound (mismatch ${percent(textCost!)}, limit ${percent(mostCost)}), so the mouth follows the sound alone.`,
  },
];

export function warningsOf(facts: Facts): Warning[] {
  return RULES.filter(({ when }) => when(facts)).map(({ code, detail }) => ({ code, detail: detail(facts) }));
}
