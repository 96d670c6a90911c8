/**
 * The part of the environment that processes get which speak: where voices elsewhere are, and the keys for them. No other process has
 * those.
 */
import type { Env } from "@smileloop/core/env.ts";
import type { VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import { voiceFacts } from "@smileloop/voice/catalog.ts";
import { findEspeak } from "@smileloop/voice/espeak/find.ts";

/** Variables as they came, for the environment of `nodeEngine` or `nodeHelper`. Where they cannot be (`voiceTrouble`), voices of ours alone. */
export function voiceVariables(env: Env): Record<string, string> {
  if (voiceTrouble(env) !== null)
    return env.LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH: env.LD_LIBRARY_PATH };
  const { VOICE_NAMES: names, ELEVENLABS_VOICES: ids } = env;
  const set: Record<string, string | undefined> = {
    VOICE_URL: env.VOICE_URL,
    VOICE_KEY: env.VOICE_KEY,
    VOICE_MODEL: env.VOICE_MODEL,
    VOICE_NAMES: [...names].map(([name, tags]) => (tags.length > 0 ? `${name}=${tags.join("+")}` : name)).join(),
    VOICE_DEFAULT: env.VOICE_DEFAULT,
    VOICE_FALLBACK: env.VOICE_FALLBACK ? "1" : "0",
    ELEVENLABS_API_KEY: env.ELEVENLABS_API_KEY,
    ELEVENLABS_URL: env.ELEVENLABS_URL,
    ELEVENLABS_MODEL: env.ELEVENLABS_MODEL,
    ELEVENLABS_VOICES: [...ids].map(([name, id]) => `${name}=${id}`).join(),
    LD_LIBRARY_PATH: env.LD_LIBRARY_PATH,
  };
  return Object.fromEntries(Object.entries(set).filter((entry): entry is [string, string] => Boolean(entry[1])));
}

/** All voices of an installation. `espeak`: whether it is installed; by default, whether it is on this machine. */
export function voicesOf(env: Env, espeak = findEspeak() !== null): VoiceFacts[] {
  return voiceFacts({ espeak, operator: { named: env.VOICE_NAMES, elevenlabs: env.ELEVENLABS_VOICES } });
}

/** Why the voices cannot be as they are set: a sentence that names the variable. */
export function voiceTrouble(env: Env): string | null {
  if (env.VOICE_NAMES.size > 0 && env.VOICE_URL === undefined) {
    return "VOICE_NAMES: VOICE_URL is missing, the server that has these voices.";
  }
  if (env.VOICE_URL !== undefined && env.VOICE_NAMES.size === 0) {
    return "VOICE_URL: VOICE_NAMES is missing, the voices of that server: `name,name=en+es`.";
  }
  if (env.ELEVENLABS_VOICES.size > 0 !== (env.ELEVENLABS_API_KEY !== undefined)) {
    return "ELEVENLABS_API_KEY and ELEVENLABS_VOICES: one of them is missing; voices are `name=id,name=id`.";
  }
  const names = voicesOf(env, false).map(({ name }) => name.toLowerCase());
  const twice = names.find((name, nth) => names.indexOf(name) !== nth);
  if (twice !== undefined) return `VOICE_NAMES, ELEVENLABS_VOICES: there are two voices with the name \`${twice}\`.`;
  const { VOICE_DEFAULT: preferred } = env;
  if (preferred === undefined || names.includes(preferred.toLowerCase())) return null;
  return `VOICE_DEFAULT: there is no voice \`${preferred}\`; \`smileloop voices\` lists them.`;
}
