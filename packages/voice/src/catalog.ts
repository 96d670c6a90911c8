/** What there is of voices, without what it takes to let them speak: for lists of them. */
import type { VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import { ESPEAK_LANGUAGES, type EspeakLanguage } from "./espeak/languages.ts";

/** `speaker`: as the program behind it calls the voice. */
type Entry<More = unknown> = { facts: VoiceFacts; speaker: string } & More;

const HELLO = "Hello, how are you today?";
const englishVoice = (name: string, title: string, gender: "female" | "male", languages: string[]): Entry => ({
  facts: { name, title, languages, gender, source: "built_in", sample: HELLO, available: true },
  speaker: name,
});

export const FLITE: readonly Entry[] = [
  englishVoice("rms", "English (US), a man", "male", ["en-US", "en"]),
  englishVoice("slt", "English (US), a woman", "female", ["en-US", "en"]),
  englishVoice("awb", "English with a Scottish accent, a man", "male", ["en-GB"]),
];

/** Two of each language; `available` is for those who know whether it is installed. */
export function espeakEntries(available: boolean): Entry<{ language: EspeakLanguage }>[] {
  return ESPEAK_LANGUAGES.flatMap((language) => {
    const { tags, speaker, title, sample } = language;
    const name = `espeak-${tags[0]!.toLowerCase()}`;
    const facts = { languages: tags, source: "installed" as const, sample, available };
    return [
      { facts: { ...facts, name, title: `${title}, a man`, gender: "male" as const }, speaker, language },
      {
        facts: { ...facts, name: `${name}-f`, title: `${title}, a woman`, gender: "female" as const },
        speaker: `${speaker}+f3`,
        language,
      },
    ];
  });
}

/** Voices that an operator has set up, by the names that jobs call them. */
export type OperatorNames = { named: ReadonlyMap<string, readonly string[]>; elevenlabs: ReadonlyMap<string, string> };

export function operatorFacts({ named, elevenlabs }: OperatorNames): VoiceFacts[] {
  const facts = (name: string, languages: readonly string[], where: string): VoiceFacts => ({
    ...{ name, title: `${name} (${where})`, languages, gender: null, source: "operator" as const },
    ...{ sample: HELLO, available: true },
  });
  return [
    ...[...named].map(([name, languages]) => facts(name, languages, "a voice of this installation")),
    ...[...elevenlabs.keys()].map((name) => facts(name, [], "ElevenLabs")),
  ];
}

/** All voices, those that need nothing first. */
export function voiceFacts(options: { espeak: boolean; operator: OperatorNames }): VoiceFacts[] {
  const own = [...FLITE, ...espeakEntries(options.espeak)].map(({ facts }) => facts);
  return [...own, ...operatorFacts(options.operator)];
}
