/** The voices of this process: ours, and those that its environment names. */
import { type Env, readVoiceEnv } from "@smileloop/core/env.ts";
import { findEspeak } from "@smileloop/voice/espeak/find.ts";
import { createVoices, type OperatorVoices, type Voices } from "@smileloop/voice/index.ts";

export type HostVoices = Voices & { preferred: string | null; fallback: boolean };

let opened: HostVoices | undefined;

/** Opened when they are first asked for. Throws EnvError. */
export function hostVoices(): HostVoices {
  opened ??= openHostVoices(readVoiceEnv());
  return opened;
}

export function openHostVoices(env: Env): HostVoices {
  const voices = createVoices({ espeak: findEspeak(), operator: operatorVoicesOf(env) });
  return { ...voices, preferred: env.VOICE_DEFAULT ?? null, fallback: env.VOICE_FALLBACK };
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
