/** The voices and languages that clients of this dialect can choose from. */
import type { VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import { KOKORO_NAMES, LANGUAGES, standsFor } from "./voices.ts";

/** Those that are here, and then the names of the original's voices with what they stand for. */
export function voiceList(voices: readonly VoiceFacts[]): object {
  const here = voices
    .filter(({ available }) => available)
    .map(({ name, title, languages, gender }) => {
      return { name, title, language_code: languages[0] ?? null, gender, stands_for: null };
    });
  const taken = new Set(here.map(({ name }) => name.toLowerCase()));
  const named = KOKORO_NAMES.filter((name) => !taken.has(name)).flatMap((name) => {
    const voice = standsFor(voices, name);
    if (!voice) return [];
    const language_code = LANGUAGES.get(name[0]!)?.tag ?? null;
    const gender = name[1] === "f" ? "female" : "male";
    return [{ name, title: `${voice.title} (${voice.name})`, language_code, gender, stands_for: voice.name }];
  });
  const all = [...here, ...named];
  return { voices: all, total_count: all.length };
}

/** `code`: what `language_code` takes, beside the letter of the original where it has one. */
export function languageList(voices: readonly VoiceFacts[]): object {
  const codes = new Map<string, number>();
  for (const { available, languages } of voices) {
    const [code] = languages;
    if (available && code !== undefined) codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  const letters = new Map([...LANGUAGES].map(([letter, { tag }]) => [tag, letter]));
  const names = new Intl.DisplayNames(["en"], { type: "language" });
  const languages = [...codes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, count]) => {
      return { code, name: names.of(code) ?? code, letter: letters.get(code) ?? null, voices: count };
    });
  return { languages, total_count: languages.length };
}
