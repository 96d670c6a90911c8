/** The voices of this process: ours, and those that its environment names. */
import { type Env, readVoiceEnv } from "@smileloop/core/env.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { shown } from "@smileloop/core/text.ts";
import { findEspeak } from "@smileloop/voice/espeak/find.ts";
import { createVoices, keyedVoice, type OperatorVoices, type Voices } from "@smileloop/voice/index.ts";

export type HostVoices = Voices & {
  preferred: string | null;
  fallback: boolean;
  /** With the voice of this name, which speaks with the client's key alone: none stands in for it. Throws `invalid_request` for another name. */
  withKey(name: string | undefined, account: Account): HostVoices;
};

/** A client's at the provider of a voice. */
type Account = { key: string; model?: string | undefined };

let opened: HostVoices | undefined;

/** Opened when they are first asked for. Throws EnvError. */
export function hostVoices(): HostVoices {
  opened ??= openHostVoices(readVoiceEnv());
  return opened;
}

export function openHostVoices(env: Env): HostVoices {
  const voices = createVoices({ espeak: findEspeak(), operator: operatorVoicesOf(env) });
  const all: HostVoices = {
    ...voices,
    ...{ preferred: env.VOICE_DEFAULT ?? null, fallback: env.VOICE_FALLBACK },
    withKey(name = "", account) {
      const voice = keyedVoice(name, account, { url: env.ELEVENLABS_URL, model: env.ELEVENLABS_MODEL });
      if (voice) return { ...all, list: [voice, ...voices.list], fallback: false };
      throw new AppError("invalid_request", `params.voice: the voice ${shown(name)} does not take a key.`);
    },
  };
  return all;
}

function operatorVoicesOf(env: Env): OperatorVoices {
  const { VOICE_URL: url, VOICE_KEY: key, VOICE_MODEL: model, VOICE_NAMES: voices, ELEVENLABS_API_KEY: secret } = env;
  return {
    server: url === undefined ? null : { url, key, model, voices },
    elevenlabs:
      secret === undefined
        ? null
        : { url: env.ELEVENLABS_URL, key: secret, model: env.ELEVENLABS_MODEL, voices: env.ELEVENLABS_VOICES },
  };
}
