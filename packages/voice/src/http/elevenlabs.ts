/** Voices of ElevenLabs: `POST /v1/text-to-speech/{voice_id}/with-timestamps`, which tells the time of each character. */
import { AppError } from "@smileloop/core/errors.ts";
import type { Spoken } from "@smileloop/core/speech/spoken.ts";
import type { VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import { z } from "zod";
import { bareWord, type Said, type SayOptions, type Voice, type Word } from "../voice.ts";
import { readPcm16 } from "../wav.ts";
import { CALL_LIMITS, type CallLimits, callVoice, unavailable } from "./call.ts";

export type ElevenLabs = {
  url: string;
  key: string;
  model: string;
  /** Whether the key is the client's own: what ElevenLabs refuses with it then is for the client to put right. */
  ofClient?: boolean;
  limits?: CallLimits;
};

const MAX_CHARS = 2000;
/** 16-bit mono samples, as `output_format` asks for them. */
const RATE = 24_000;
/** The speeds that it has. */
const SPEED = { least: 0.7, most: 1.2 } as const;

const alignmentSchema = z.object({
  characters: z.array(z.string()),
  character_start_times_seconds: z.array(z.number()),
  character_end_times_seconds: z.array(z.number()),
});
const replySchema = z.object({ audio_base64: z.base64(), alignment: alignmentSchema.nullish() });

/** `id`: of the voice, as ElevenLabs knows it. */
export function elevenLabsVoice(facts: VoiceFacts, id: string, service: ElevenLabs): Voice {
  return {
    ...facts,
    ...{ scripts: null, maxChars: MAX_CHARS, rate: null, takesIpa: false, gain: 1 },
    say: (words, options) => say(facts.name, id, service, words, options),
  };
}

async function say(
  name: string,
  id: string,
  { url, key, model, ofClient = false, limits = CALL_LIMITS }: ElevenLabs,
  words: readonly Word[],
  { speed, signal }: SayOptions,
): Promise<Said> {
  const address = new URL(`${url.replace(/\/+$/, "")}/v1/text-to-speech/${encodeURIComponent(id)}/with-timestamps`);
  address.searchParams.set("output_format", `pcm_${RATE}`);
  const { bytes } = await callVoice({
    ...{ name, limits, signal, url: address },
    headers: { "xi-api-key": key },
    body: {
      ...{ text: words.map(({ said }) => said).join(" "), model_id: model },
      voice_settings: { speed: Math.min(SPEED.most, Math.max(SPEED.least, speed)) },
    },
    accept: /^application\/json\b/,
    refusal: ofClient ? (status) => refusalOf(name, status) : undefined,
  });
  const reply = replySchema.safeParse(parsed(bytes));
  if (!reply.success) throw unavailable(name, "what it answered cannot be read");
  const { samples, rate } = readPcm16(Buffer.from(reply.data.audio_base64, "base64"), RATE);
  if (samples.length === 0) throw unavailable(name, "its answer has no sound");
  return { samples, rate, spoken: spokenOf(words, reply.data.alignment ?? null, samples.length / rate) };
}

/** A time-out and too many requests pass; what else is wrong with a request stays so. */
function refusalOf(name: string, status: number): AppError | null {
  if (status < 400 || status >= 500 || status === 408 || status === 429) return null;
  const ofKey = [401, 402, 403].includes(status);
  const why = ofKey
    ? "refuses the key that came with the job: it is not valid, may not use this voice, or its quota is used up"
    : "has no such voice or model for the key that came with the job, or does not take the text";
  return new AppError("service_failed", `ElevenLabs ${why} (${status}, voice ${name}).`);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}

/** Words have the times of their characters; null where these are not those of the text. */
function spokenOf(
  words: readonly Word[],
  alignment: z.infer<typeof alignmentSchema> | null,
  most: number,
): Spoken | null {
  if (alignment === null) return null;
  const { characters, character_start_times_seconds: starts, character_end_times_seconds: ends } = alignment;
  if (starts.length !== characters.length || ends.length !== characters.length) return null;
  const groups: Array<{ start: number; end: number }> = [];
  let open = false;
  for (const [nth, character] of characters.entries()) {
    const letter = /\S/.test(character);
    const end = Math.min(most, Math.max(0, ends[nth]!));
    if (letter && open) groups.at(-1)!.end = end;
    else if (letter) groups.push({ start: Math.min(end, Math.max(0, starts[nth]!)), end });
    open = letter;
  }
  const counts = words.map(({ said }) => said.split(/\s+/).filter((part) => part !== "").length);
  if (counts.reduce((sum, count) => sum + count, 0) !== groups.length) return null;
  let next = 0;
  const times = words.flatMap((word, nth) => {
    const own = groups.slice(next, next + counts[nth]!);
    next += counts[nth]!;
    const text = bareWord(word.written);
    return own.length === 0 || text === "" ? [] : [{ text, start: own[0]!.start, end: own.at(-1)!.end }];
  });
  return { words: times, phones: [] };
}
