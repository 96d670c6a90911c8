/** The service `say`: a text becomes a WAV file, with the times of what is said in it. */
import type { SayParams, SayRequest, SayResult } from "@smileloop/core/engine/speech-services.ts";
import { packMotion } from "@smileloop/core/motion/motion-file.ts";
import type { Spoken } from "@smileloop/core/speech/spoken.ts";
import { type SaidText, sayText } from "@smileloop/voice/say.ts";
import { openWav, type WavFile } from "../media/wav-file.ts";
import type { TaskContext } from "../task.ts";
import { type HostVoices, hostVoices } from "./operator-voices.ts";

/** Throws what `sayText` throws; no file is left then. */
export async function say(
  { params, timed, key, model, limits, outputs }: SayRequest,
  context: TaskContext,
): Promise<SayResult> {
  const started = performance.now();
  const { spoken, ...said } = await sayInto(outputs.sound, params, context, {
    maxSeconds: limits?.seconds,
    ...(timed ? { voices: { ...hostVoices(), preferred: null } } : {}),
    ...(key === undefined ? {} : { voices: hostVoices().withKey(params.voice, { key, model }) }),
  });
  const times = spoken === null ? {} : { spoken: await packMotion(spoken, outputs.spoken) };
  return { ...factsOf(said), ...times, timings: { say: Math.round(performance.now() - started) } };
}

type Facts = Omit<SaidText, "spoken">;

/** What a reply says of it. */
export function factsOf({ seconds, rate, voices, warnings }: Facts): Facts {
  return { seconds, rate, voices, warnings };
}

type SayOptions = {
  comment?: string;
  share?: number;
  voices?: HostVoices;
  maxSeconds?: number | undefined;
};

/** Writes a WAV, one channel of 16 bits. `comment`: what it says of itself. `share`: of the whole task. */
export async function sayInto(
  path: string,
  params: SayParams,
  { signal, progress }: TaskContext,
  { comment = "", share = 1, voices = hostVoices(), maxSeconds }: SayOptions = {},
): Promise<SaidText> {
  let file: WavFile | null = null;
  try {
    const said = await sayText(params, {
      ...{ voices: voices.list, preferred: voices.preferred, fallback: voices.fallback, signal, maxSeconds },
      progress: (done, total) => progress("say", done * share, total),
      sink: {
        async begin(rate) {
          await file?.abort();
          file = await openWav(path, 1, rate, comment);
        },
        write: (samples) => file!.write([samples]),
      },
    });
    await opened(file).finish();
    return rounded(said);
  } finally {
    await opened(file)?.abort();
  }
}

/** It is set by calls that the compiler does not follow. */
function opened(file: WavFile | null): WavFile {
  return file as unknown as WavFile;
}

/** Tenths of a millisecond are finer than any voice tells. */
function rounded(said: SaidText): SaidText {
  const fine = (value: number) => Math.round(value * 10_000) / 10_000;
  const all = <T extends { start: number; end: number }>(entries: T[]): T[] =>
    entries.map((entry) => ({ ...entry, start: fine(entry.start), end: fine(entry.end) }));
  const spoken: Spoken | null = said.spoken && { words: all(said.spoken.words), phones: all(said.spoken.phones) };
  return { ...said, seconds: fine(said.seconds), spoken };
}
