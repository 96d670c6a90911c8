/** Which voice says a text, and which says the parts that it does not read. */
import { AppError } from "@smileloop/core/errors.ts";
import { SCRIPTS, scriptOf, titleOfScript } from "@smileloop/core/speech/scripts.ts";
import { speaksLanguage } from "@smileloop/core/speech/voice-facts.ts";
import { shown } from "@smileloop/core/text.ts";
import { ESPEAK_HELP } from "./espeak/find.ts";
import type { Voice } from "./voice.ts";

export type Chosen = { voice: Voice; language: string };

export type ChoiceOptions = {
  voices: readonly Voice[];
  /** The voice of jobs that name none, where it speaks their language. */
  preferred: string | null;
};

type Asked = { text: string; voice?: string | undefined; language?: string | undefined };

const LANGUAGE_TAG = /^[a-z]{2,8}(-[a-z0-9]{1,8})*$/i;
const SEE = "GET /v1/voices and `smileloop voices` list them";

/** Throws `invalid_request` that names the param, `not_supported` where a voice is not installed. */
export function chooseVoice(given: Asked, options: ChoiceOptions): Chosen {
  // as operating systems write it
  const language = given.language?.replaceAll("_", "-");
  const asked = { ...given, language };
  if (language !== undefined && !LANGUAGE_TAG.test(language)) {
    throw invalid("language", `${shown(language)} is not a language tag such as en, hi or pt-BR`);
  }
  const chosen = asked.voice === undefined ? byLanguage(asked, options) : byName(asked.voice, asked, options);
  return { ...chosen, voice: installed(chosen.voice) };
}

function byName(name: string, { text, language }: Asked, { voices }: ChoiceOptions): Chosen {
  const voice = named(voices, name);
  if (!voice) throw invalid("voice", `there is no voice ${shown(name)} here; ${SEE}`);
  if (language === undefined) return { voice, language: voice.languages[0] ?? guessed(text) ?? "en" };
  if (!speaksLanguage(voice, language)) {
    throw invalid("language", `the voice ${voice.name} speaks ${voice.languages.join(", ")}, not ${language}`);
  }
  return { voice, language };
}

function byLanguage({ text, language: given }: Asked, { voices, preferred }: ChoiceOptions): Chosen {
  const language = given ?? languageOf(text);
  const favourite = preferred === null ? undefined : named(voices, preferred);
  if (favourite && speaksLanguage(favourite, language)) return { voice: favourite, language };
  const voice = bestFor(voices, language, null);
  if (voice) return { voice, language };
  throw invalid("language", `no voice here speaks ${shown(language)}; ${SEE}`);
}

function named(voices: readonly Voice[], name: string): Voice | undefined {
  return voices.find((voice) => voice.name === name) ?? voices.find((voice) => sameName(voice.name, name));
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.trim().toLowerCase();
}

/** Of those that come with SmileLoop; the closest tag wins, and then the order of the list. */
function bestFor(voices: readonly Voice[], language: string, gender: Voice["gender"]): Voice | undefined {
  const wanted = language.toLowerCase();
  const closeness = ({ languages }: Voice): number =>
    Math.max(
      ...languages.map((tag) => {
        const own = tag.toLowerCase();
        if (own === wanted) return 100;
        return wanted.startsWith(`${own}-`) ? own.length : own.startsWith(`${wanted}-`) ? 1 : -1;
      }),
    );
  const able = voices.filter((voice) => voice.source !== "operator" && speaksLanguage(voice, language));
  const most = Math.max(...able.map(closeness));
  const best = able.filter((voice) => closeness(voice) === most);
  return best.find((voice) => gender !== null && voice.gender === gender) ?? best[0];
}

function installed(voice: Voice): Voice {
  if (voice.available) return voice;
  throw new AppError("not_supported", `The voice ${voice.name} is not installed here. ${ESPEAK_HELP}.`);
}

/** By the script that most of its letters have. */
function languageOf(text: string): string {
  const language = guessed(text);
  if (language === null) throw unread(scriptsOf(text)[0]?.[0] ?? "");
  return language;
}

function guessed(text: string): string | null {
  const scripts = scriptsOf(text);
  // the Chinese characters of a Japanese text
  if (scripts.some(([script]) => script === "Hiragana" || script === "Katakana")) return "ja";
  const [script] = scripts[0] ?? ["Latin"];
  return SCRIPTS.find((entry) => entry.script === script)?.language ?? null;
}

function scriptsOf(text: string): Array<readonly [script: string, letters: number]> {
  const counts = new Map<string, number>();
  for (const char of text) {
    const script = scriptOf(char);
    if (script !== null) counts.set(script, (counts.get(script) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}

/** The voice for a run of one script: the chosen one where it reads it, else the one for that script, of the same gender. */
export function voiceForScript(script: string | null, chosen: Chosen, { voices }: ChoiceOptions): Chosen {
  const { scripts, gender } = chosen.voice;
  if (script === null || scripts === null || scripts.includes(script)) return chosen;
  if (script === "Han" && scripts.includes("Hiragana")) {
    const how = "Write it in kana, or use a voice of the installation";
    throw invalid("text", `has kanji, and the voice ${chosen.voice.name} reads kana alone. ${how}`);
  }
  const language = SCRIPTS.find((entry) => entry.script === script)?.language;
  const voice = language == null ? undefined : bestFor(voices, language, gender);
  if (language == null || voice === undefined) throw unread(script);
  return { voice: installed(voice), language };
}

function unread(script: string): AppError {
  const title = titleOfScript(script);
  const letters = title === null ? "letters of an unknown script" : `letters of the script ${title}`;
  return invalid("text", `has ${letters}, which no voice here reads`);
}

/** The fault of a text is a part of a sentence, as `textFault` has it. */
export function invalid(param: string, why: string): AppError {
  return new AppError("invalid_request", `params.${param}${param === "text" ? "" : ":"} ${why}.`);
}
