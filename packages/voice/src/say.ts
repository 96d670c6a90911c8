/** A whole text in one sound: sentence by sentence, in runs of one script, each by the voice that reads it. */
import { AppError, hasCode, type Warning } from "@smileloop/core/errors.ts";
import { cleanText, textFault } from "@smileloop/core/speech/say-text.ts";
import { MAX_SPOKEN, type Spoken, type SpokenPhone } from "@smileloop/core/speech/spoken.ts";
import { type ChoiceOptions, type Chosen, chooseVoice, invalid, voiceForScript } from "./choose.ts";
import { resampled } from "./resample.ts";
import { sentencesOf } from "./text/sentences.ts";
import { type Pronunciations, pronunciationsOf, runsOf } from "./text/words.ts";
import { shifted } from "./times.ts";
import type { Said, Voice, Word } from "./voice.ts";
import { othersOf, type Step, warningsOf } from "./warnings.ts";

export type SayTextParams = {
  text: string;
  voice?: string | undefined;
  language?: string | undefined;
  speed: number;
  pronounce?: Readonly<Record<string, string>> | undefined;
};

/** Where the sound goes, piece by piece. `begin` starts it, and starts it again where another voice has to say all of it. */
export type SoundSink = { begin(rate: number): Promise<void>; write(samples: Float32Array): Promise<void> };

export type SayTextOptions = ChoiceOptions & {
  /** Whether a voice of ours may stand in for one that does not answer. */
  fallback: boolean;
  signal: AbortSignal;
  /** The longest sound. */
  maxSeconds?: number | undefined;
  /** Characters that were said, of all. */
  progress(done: number, total: number): void;
  sink: SoundSink;
};

export type SaidText = {
  seconds: number;
  rate: number;
  voices: Array<{ name: string; language: string }>;
  spoken: Spoken | null;
  warnings: Warning[];
};

/** Seconds: before the first sound and after the last, around each run, between runs of one sentence. */
const LEAD = 0.15;
const TAIL = 0.25;
const MARGIN = 0.03;
const RUN_GAP = 0.04;
/** Ends that were cut out of a sound click without it. */
const FADE = 0.004;

/** Throws `invalid_request` that names the param, `not_supported` where a voice is missing, `voice_unavailable`, `signal.reason`. */
export async function sayText(params: SayTextParams, options: SayTextOptions): Promise<SaidText> {
  const fault = textFault(params.text);
  if (fault !== null) throw invalid("text", fault);
  const text = cleanText(params.text);
  const chosen = chooseVoice({ ...params, text }, options);
  try {
    return await sayWith(text, chosen, params, options);
  } catch (error) {
    if (!options.fallback || !hasCode(error, "voice_unavailable")) throw error;
    const own = chooseVoice({ text, language: chosen.language }, { ...options, preferred: null });
    const said = await sayWith(text, own, params, options);
    const detail = `${(error as AppError).message} ${own.voice.name} speaks instead.`;
    return { ...said, warnings: [{ code: "voice_replaced", detail }, ...said.warnings] };
  }
}

async function sayWith(
  text: string,
  chosen: Chosen,
  { speed, pronounce, voice: named }: SayTextParams,
  options: SayTextOptions,
): Promise<SaidText> {
  const { signal, progress, sink, maxSeconds = Infinity } = options;
  const pronunciations = pronunciationsOf(pronounce);
  const steps = stepsOf(text, chosen, pronunciations, options);
  const warnings = [
    ...(named === undefined ? [] : othersOf(steps, chosen.voice)),
    ...warningsOf(steps, pronunciations),
  ];
  const total = steps.reduce((sum, { words }) => sum + charsOf(words), 0);
  const track = createTrack(sink, rateOf(steps));
  let done = 0;
  for (const [nth, { voice, language, words, pause }] of steps.entries()) {
    signal.throwIfAborted();
    const said = await voice.say(words, { language, speed, signal });
    const after = nth === steps.length - 1 ? TAIL : pause / speed;
    await track.add(withGain(said, voice.gain), after);
    done += charsOf(words);
    if (track.seconds() > maxSeconds) throw tooLong((track.seconds() * total) / done, maxSeconds);
    progress(done, total);
  }
  const { seconds, rate, spoken, cut } = track.end();
  if (cut) {
    const detail = "The text is too long for the times of its words and sounds to be told.";
    warnings.push({ code: "times_left_out", detail });
  }
  return { seconds, rate, voices: voicesOf(steps), spoken, warnings };
}

function stepsOf(text: string, chosen: Chosen, pronunciations: Pronunciations, options: SayTextOptions): Step[] {
  const steps: Step[] = [];
  for (const sentence of sentencesOf(text, chosen.voice.maxChars)) {
    // a voice for all languages gets its sentences whole
    const runs = runsOf(sentence.text, pronunciations).map((run) => ({
      ...voiceForScript(run.script, chosen, options),
      words: run.words,
    }));
    const joined: Step[] = [];
    for (const { voice, language, words } of runs) {
      const last = joined.at(-1);
      if (last?.voice === voice) last.words.push(...words);
      else joined.push({ voice, language, words: [...words], pause: RUN_GAP });
    }
    const heard = joined.filter(({ words }) =>
      words.some(({ said, ipa }) => ipa !== undefined || /[\p{L}\p{N}]/u.test(said)),
    );
    const last = heard.at(-1);
    if (last) last.pause = sentence.pause;
    steps.push(...heard);
  }
  return steps;
}

function charsOf(words: readonly Word[]): number {
  return words.reduce((sum, { written }) => sum + written.length + 1, 0);
}

/** The highest of them; null where one is only known with its sound. */
function rateOf(steps: readonly Step[]): number | null {
  const rates = steps.map(({ voice }) => voice.rate);
  return rates.includes(null) ? null : Math.max(...rates.map(Number));
}

function voicesOf(steps: readonly Step[]): SaidText["voices"] {
  const found = new Map<Voice, string>();
  for (const { voice, language } of steps) if (!found.has(voice)) found.set(voice, language);
  return [...found].map(([{ name }, language]) => ({ name, language })).slice(0, 20);
}

/** `seconds`: as many as it would take. */
function tooLong(seconds: number, most: number): AppError {
  const detail = `The text takes about ${Math.round(seconds)} s to say; at most ${most} s are accepted. Shorten it.`;
  return new AppError("input_too_large", detail);
}

function withGain(said: Said, gain: number): Said {
  return gain === 1 ? said : { ...said, samples: said.samples.map((sample) => sample * gain) };
}

/** Puts sounds behind each other at one rate, with the times of what is said in them. `cut`: too many to be kept. */
function createTrack(sink: SoundSink, known: number | null) {
  let rate = known ?? 0;
  let at = 0;
  let told = true;
  let cut = false;
  const spoken: Spoken = { words: [], phones: [] };
  /** Pauses that touch are one. */
  const add = (phone: SpokenPhone): void => {
    const last = spoken.phones.at(-1);
    if (last?.phone === "" && phone.phone === "") last.end = phone.end;
    else spoken.phones.push(phone);
  };
  const silence = async (seconds: number): Promise<void> => {
    const samples = new Float32Array(Math.round(seconds * rate));
    if (samples.length === 0) return;
    add({ phone: "", start: at / rate, end: (at + samples.length) / rate });
    at += samples.length;
    await sink.write(samples);
  };
  const keep = ({ words, phones }: Spoken): void => {
    if (spoken.phones.length + phones.length > MAX_SPOKEN || spoken.words.length + words.length > MAX_SPOKEN)
      cut = true;
    if (cut) return;
    spoken.words.push(...words);
    for (const phone of phones) add(phone);
  };
  return {
    async add(said: Said, after: number): Promise<void> {
      if (at === 0) {
        rate ||= said.rate;
        await sink.begin(rate);
        await silence(LEAD);
      }
      const { samples, spoken: own } = trimmed(said);
      const sound = resampled(samples, said.rate, rate);
      if (own === null) told = false;
      keep(clamped(shifted(own, at / rate), (at + sound.length) / rate));
      at += sound.length;
      await sink.write(sound);
      await silence(after);
    },
    seconds: () => at / rate,
    end() {
      if (at === 0) throw invalid("text", "has nothing that could be said");
      const kept = told && !cut ? spoken : null;
      return { seconds: at / rate, rate, spoken: kept, cut: told && cut };
    },
  };
}

/** Without the silence before its first and after its last sound, where the voice tells when they are. */
function trimmed({ samples, rate, spoken }: Said): Said {
  const sounds = spoken?.phones.filter(({ phone }) => phone !== "") ?? [];
  if (spoken === null || sounds.length === 0) return { samples, rate, spoken };
  const from = Math.max(0, Math.floor((sounds[0]!.start - MARGIN) * rate));
  const to = Math.min(samples.length, Math.ceil((sounds.at(-1)!.end + MARGIN) * rate));
  const part = samples.slice(from, to);
  const fade = Math.min(Math.round(FADE * rate), part.length >> 1);
  for (let n = 0; n < fade; n++) {
    part[n]! *= n / fade;
    part[part.length - 1 - n]! *= n / fade;
  }
  return { samples: part, rate, spoken: clamped(shifted(spoken, -from / rate), part.length / rate) };
}

/** What lies outside of the sound is left out, and what lies across its ends is cut. */
function clamped({ words, phones }: Spoken, seconds: number): Spoken {
  const inside = <T extends { start: number; end: number }>(entries: T[]): T[] =>
    entries
      .map((entry) => ({ ...entry, start: Math.max(0, entry.start), end: Math.min(seconds, entry.end) }))
      .filter(({ start, end }) => end > start);
  const short = words.map((word) => ({ ...word, text: [...word.text].slice(0, 100).join("") }));
  return { words: inside(short), phones: inside(phones) };
}
