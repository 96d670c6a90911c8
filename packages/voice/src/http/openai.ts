/**
 * Voices of a server with OpenAI's `POST /v1/audio/speech`: OpenAI itself, Kokoro-FastAPI, LocalAI, Piper's servers and others. They
 * tell no times.
 */
import { AppError } from "@smileloop/core/errors.ts";
import type { VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import type { Said, SayOptions, Voice, Word } from "../voice.ts";
import { readWav } from "../wav.ts";
import { CALL_LIMITS, type CallLimits, callVoice, unavailable } from "./call.ts";

/** `url`: what comes before `/v1/audio/speech`. */
export type SpeechServer = { url: string; key: string | undefined; model: string; limits?: CallLimits };

const MAX_CHARS = 2000;

export function openAiVoice(facts: VoiceFacts, server: SpeechServer): Voice {
  return {
    ...facts,
    ...{ scripts: null, maxChars: MAX_CHARS, rate: null, takesIpa: false, gain: 1 },
    say: (words, options) => say(facts.name, server, words, options),
  };
}

async function say(
  name: string,
  { url, key, model, limits = CALL_LIMITS }: SpeechServer,
  words: readonly Word[],
  { speed, signal }: SayOptions,
): Promise<Said> {
  const input = words.map(({ said }) => said).join(" ");
  const { bytes } = await callVoice({
    ...{ name, limits, signal },
    url: addressOf(url),
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    body: { model, voice: name, input, response_format: "wav", speed },
    // some servers call all of it bytes
    accept: /^audio\/(wav|x-wav|wave|vnd\.wave)\b|^application\/octet-stream\b/,
  });
  return { ...waveOf(name, bytes), spoken: null };
}

/** Both `https://host` and `https://host/v1` are common ways to say it. */
function addressOf(base: string): URL {
  return new URL(`${base.replace(/\/+$/, "").replace(/\/v1$/, "")}/v1/audio/speech`);
}

function waveOf(name: string, bytes: Buffer): Pick<Said, "samples" | "rate"> {
  try {
    const wave = readWav(bytes);
    if (wave.samples.length > 0) return wave;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  throw unavailable(name, "what it answered is not a WAV file");
}
