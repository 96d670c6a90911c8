/** A job of the kind `insert`: words are put into the sound of a video, and its pictures are copied, or left out. */
import { readFile, rm } from "node:fs/promises";
import { extname } from "node:path";
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import type { InsertRun, InsertRunResult } from "@smileloop/core/engine/tasks/insert.ts";
import { AppError, blaming, type Warning } from "@smileloop/core/errors.ts";
import { toThousandths } from "@smileloop/core/rounding.ts";
import { type Survey, surveySchema } from "@smileloop/core/speech/survey.ts";
import { copyFilm } from "../media/copied-film.ts";
import { type Marks, marksOf } from "../media/marks.ts";
import { type Samples, SOUND_RATE } from "../media/resample.ts";
import { encodeSound } from "../media/sound-file.ts";
import { openWav } from "../media/wav-file.ts";
import type { TaskContext } from "../task.ts";
import { type Arranged, arrange, type Said } from "./arrange.ts";
import { type Base, baseOf, skipSound } from "./base-sound.ts";
import { type Composed, composeSound } from "./compose.ts";
import type { Stretch } from "./silences.ts";
import { asLoudAs, atTempo, readWords } from "./words.ts";

/** Samples that are written at once. */
const PIECE = SOUND_RATE / 4;
/** Tempo from which words sound hurried, or drawn out; and how much later speech may be before it is seen, s. */
const UNUSUAL = { fast: 1.3, slow: 0.85 };
const SEEN_LATER = 0.08;

/** Throws what reading the files throws (`input`), `words_too_long`, and the signal's reason; no file is left then. */
export async function insertWords(request: InsertRun, { signal, progress }: TaskContext): Promise<InsertRunResult> {
  const started = performance.now();
  const { inputs, params, outputs, provenance } = request;
  const survey = await readSurvey(inputs.survey[0]!);
  const spoken = await Promise.all(inputs.words.map((file) => readWords(file)));
  if (spoken.length !== survey.places.length) {
    const counts = `${spoken.length} words for ${survey.places.length} places`;
    throw new AppError("invalid_request", `Each place of a video has words: there are ${counts}.`);
  }
  const arranged = arrange(
    survey,
    spoken.map(({ samples }) => samples.length / SOUND_RATE),
    params,
  );
  const words = spoken.map(({ samples }, n) =>
    asLoudAs(atTempo(samples, arranged.said[n]!.tempo), survey.places[n]!.loudness, survey.sound.channels),
  );
  const ready = performance.now();
  const video = inputs.video[0]!;
  const base = await blaming("video", baseOf(video, survey.film.begins));
  const room = await blaming("video", readRoom(base, survey));
  const line = await blaming("video", base.open());
  const path = outputs.video ?? outputs.sound!;
  try {
    const sound = composeSound(line, arranged, { room, words });
    const marks = marksOf(provenance, outputs.video ? "video" : "sound", "voice");
    await write(path, sound, { video: outputs.video ? video : null, base, arranged, marks, signal });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await line.close();
  }
  progress("insert", 1, 1);
  return {
    said: arranged.said.map(({ from, to, tempo }, n) => ({
      ...rounded({ from, to }),
      ...{ tempo: toThousandths(tempo), skipped: toThousandths(spoken[n]!.skipped / SOUND_RATE) },
    })),
    later: toThousandths(arranged.later),
    changed: changedBy(arranged, survey).map(rounded),
    warnings: warningsOf(arranged),
    timings: { words: Math.round(ready - started), write: Math.round(performance.now() - ready) },
  };
}

type Writing = {
  video: EngineFile | null;
  base: Base;
  arranged: Arranged;
  marks: Marks;
  signal: AbortSignal;
};

async function write(path: string, sound: Composed, { video, base, arranged, marks, signal }: Writing): Promise<void> {
  const { seconds } = arranged;
  if (video) {
    await blaming("video", copyFilm(video.path, path, { first: base.first, seconds, sound, marks, signal }));
  } else if (extname(path) === ".wav") await writeWav(path, sound, signal);
  else await encodeSound({ sound, to: path, marks, seconds, signal });
}

async function writeWav(path: string, sound: Composed, signal: AbortSignal): Promise<void> {
  const wav = await openWav(path, sound.channels, SOUND_RATE);
  try {
    const room = Array.from({ length: sound.channels }, () => new Float32Array(PIECE));
    for (let count = PIECE; count === PIECE; ) {
      signal.throwIfAborted();
      count = sound.read(room);
      await wav.write(room.map((side) => side.subarray(0, count)));
    }
    await wav.finish();
  } finally {
    await wav.abort();
  }
}

/** Throws `invalid_request` for what is not a survey. */
export async function readSurvey({ path }: EngineFile): Promise<Survey> {
  try {
    return surveySchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    throw new AppError("invalid_request", "The survey of the video cannot be read.", { cause });
  }
}

async function readRoom(base: Base, { sound: { room } }: Survey): Promise<Samples | null> {
  if (room === null) return null;
  const sound = await base.open();
  try {
    skipSound(sound, Math.round(room.from * SOUND_RATE));
    const length = Math.round((room.to - room.from) * SOUND_RATE);
    const samples = Array.from({ length: sound.channels }, () => new Float32Array(length));
    const count = sound.read(samples);
    return count === 0 ? null : samples.map((side) => side.subarray(0, count));
  } finally {
    await sound.close();
  }
}

/** Where something else is heard than in the video at that time. */
function changedBy({ pieces, said, seconds }: Arranged, { places }: Survey): Stretch[] {
  const same = pieces.filter(({ from, at }) => Math.abs(from - at) < 1e-3);
  const gaps = [0, ...same.map(({ to }) => to)].map((from, n) => ({ from, to: same[n]?.from ?? seconds }));
  const spans = [...gaps, ...said, ...places.map(({ cut }) => cut)]
    .filter(({ from, to }) => to - from > 1e-3)
    .sort((a, b) => a.from - b.from);
  const joined: Stretch[] = [];
  for (const { from, to } of spans) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to: Math.min(to, seconds) });
  }
  return joined;
}

function warningsOf({ said, later }: Arranged): Warning[] {
  const tempos = said.map(({ tempo }: Said) => tempo);
  const [most, least] = [Math.max(...tempos), Math.min(...tempos)];
  const hurried = { code: "words_hurried", detail: `Words are said ${most.toFixed(2)} times as fast, to fit in.` };
  const drawn = {
    code: "words_slowed",
    detail: `Words are said ${least.toFixed(2)} times as fast, to fill their time.`,
  };
  const behind = `The words take longer than their place, so what follows is heard up to ${later.toFixed(2)} s later.`;
  return [
    ...(most > UNUSUAL.fast ? [hurried] : []),
    ...(least < UNUSUAL.slow ? [drawn] : []),
    ...(later > SEEN_LATER ? [{ code: "sound_later", detail: behind }] : []),
  ];
}

function rounded({ from, to }: Stretch): Stretch {
  return { from: toThousandths(from), to: toThousandths(to) };
}
