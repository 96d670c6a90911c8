/** Videos in which a voice says some sentences with pauses between them, and what voices say. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import type { Warning } from "@smileloop/core/errors.ts";
import type { Survey } from "@smileloop/core/speech/survey.ts";
import { surveyFilm } from "@smileloop/engine/insert/survey.ts";
import { readWords } from "@smileloop/engine/insert/words.ts";
import { film } from "@smileloop/engine/services/film.ts";
import { sayInto } from "@smileloop/engine/services/say.ts";
import { provenance } from "./provenance.ts";
import { wavOf } from "./sounds.ts";
import { filmOf } from "./talking-film.ts";

const context = { signal: new AbortController().signal, progress() {} };
const RATE = 48_000;

/** What the voice says, as a WAV. */
export async function sayWav(dir: string, name: string, text: string, voice?: string): Promise<EngineFile> {
  const path = join(dir, `${name}.wav`);
  await sayInto(path, { text, speed: 1, ...(voice === undefined ? {} : { voice }) }, context);
  return { path, type: "audio/wav" };
}

/** The same with its times, and what `readWords` leaves out at its start, s. */
export async function sayTimed(dir: string, name: string, text: string, voice: string) {
  const path = join(dir, `${name}.wav`);
  const { spoken } = await sayInto(path, { text, speed: 1, voice }, context);
  const sound = { path, type: "audio/wav" };
  const { skipped } = await readWords(sound);
  return { sound, spoken: spoken!, words: spoken!.words, skipped: skipped / RATE };
}

type Spoken = { seconds: number; sentences: readonly [at: number, text: string][]; noise?: number; to?: string };

/** Sentences at their times over the faint noise of a room, 48 kHz. `to`: a WAV of it. */
export async function spokenSound(
  dir: string,
  { seconds, sentences, noise = 0.002, to }: Spoken,
): Promise<Float32Array> {
  const sound = new Float32Array(Math.round(seconds * RATE));
  let state = 1;
  for (let i = 0; i < sound.length; i++) {
    state = (state * 48271) % 0x7fffffff;
    sound[i] = (state / 0x7fffffff - 0.5) * 2 * noise;
  }
  for (const [nth, [at, text]] of sentences.entries()) {
    const { samples: words } = await readWords(await sayWav(dir, `sentence-${nth}`, text, "slt"));
    for (let i = 0; i < words.length; i++) sound[Math.round(at * RATE) + i]! += words[i]!;
  }
  if (to !== undefined) writeFileSync(to, wavOf([sound], RATE));
  return sound;
}

/** A video of 25 frames a second, in which stripes move. */
export async function stripedFilm(path: string, sound: Float32Array): Promise<EngineFile> {
  const [width, height] = [64, 48];
  writeFileSync(`${path}.wav`, wavOf([sound], RATE));
  const frames = Array.from({ length: Math.round((25 * sound.length) / RATE) }, (_, n) => {
    const yuv = new Uint8Array((width * height * 3) / 2).fill(128);
    for (let i = 0; i < width * height; i++) yuv[i] = 40 + (((i % width) * 3 + n * 2) % 160);
    return { yuv, width, height };
  });
  await filmOf(path, frames, `${path}.wav`);
  return { path, type: "video/mp4" };
}

type Asked = { place: "beside" | "first" | "markers"; name_position?: "start" | "end"; copies?: boolean };

export async function surveyOf(video: EngineFile, to: string, asked: Asked): Promise<EngineFile> {
  const { path, type } = await surveyed(video, to, asked);
  return { path, type };
}

/** The same with what it warns of. */
export async function surveyed(
  video: EngineFile,
  to: string,
  { place, name_position = "start", copies = false }: Asked,
): Promise<EngineFile & { warnings: Warning[] }> {
  const request = { type: "film" as const, run: "f", inputs: { video: [video] }, limits: { seconds: 60 } };
  const { width, height, fps, even, frames, seconds, begins } = await film(request, context);
  const facts: Survey["film"] = { width, height, fps, even, frames, seconds, begins };
  const params = { place, name_position, silence_db: -30, silence_seconds: 0.3, markers: [], face: 0, copies };
  const run = { type: "run" as const, run: "s", kind: "survey" as const, inputs: { video: [video] }, film: facts };
  const { warnings } = await surveyFilm({ ...run, params, outputs: { survey: to }, provenance }, context);
  return { path: to, type: "application/json", warnings };
}
