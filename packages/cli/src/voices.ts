/** The voices there are, as text for people or as JSON. */
import { EnvError, readVoiceEnv } from "@smileloop/core/env.ts";
import { speaksLanguage, type VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import { voicesOf, voiceTrouble } from "../../../functions/engines/voice-env.ts";
import { UsageError } from "./usage-error.ts";

type Asked = { language: string | null; json: boolean };

/** Throws UsageError for a language that no voice speaks, and for variables of voices that are wrong. */
export function listVoices({ language, json }: Asked): string {
  const voices = voicesHere().filter((voice) => language === null || speaksLanguage(voice, language.replace("_", "-")));
  if (voices.length === 0) throw new UsageError(`--language: no voice speaks "${language}".`, "voices");
  if (json) return `${JSON.stringify(voices, null, 2)}\n`;
  const width = Math.max(...voices.map(({ name }) => name.length));
  const missing = voices.some(({ available }) => !available);
  const lines = voices.map(({ name, languages, title, available }) => {
    const tags = languages.length === 0 ? "any language" : languages.join(", ");
    return `${name.padEnd(width)}  ${title} (${tags})${available ? "" : ", not installed"}\n`;
  });
  return [...lines, ...(missing ? ["\nWhat is not installed: docs/voices.md says how to.\n"] : [])].join("");
}

function voicesHere(): VoiceFacts[] {
  try {
    const env = readVoiceEnv();
    const trouble = voiceTrouble(env);
    if (trouble === null) return voicesOf(env);
    throw new UsageError(trouble, "voices");
  } catch (error) {
    if (error instanceof EnvError) throw new UsageError(error.message, "voices");
    throw error;
  }
}
