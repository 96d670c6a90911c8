/**
 * Listens to a file into which words were put, by itself: whether each place says the words that were given, whether all else is the
 * sound of the video, and whether sound and picture are as long as they should be.
 */
import { stat } from "node:fs/promises";
import type { AudioSpec, EngineFile } from "@smileloop/core/engine/protocol.ts";
import type { InsertCheck, InsertCheckResult } from "@smileloop/core/engine/tasks/insert.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { clipFormatOfPath } from "@smileloop/core/media/clip-formats.ts";
import { soundFormatOfPath } from "@smileloop/core/media/sound-formats.ts";
import type { Survey } from "@smileloop/core/speech/survey.ts";
import { SAMPLE_RATE } from "@smileloop/speech/features.ts";
import { type Arranged, arrange } from "../insert/arrange.ts";
import { openBaseSound } from "../insert/base-sound.ts";
import { readSurvey } from "../insert/insert.ts";
import { asLoudAs, readWords } from "../insert/words.ts";
import { createDecimator } from "../media/decimate.ts";
import { growing } from "../media/loudness.ts";
import { keepRecent } from "../media/recent.ts";
import { monoOf, SOUND_RATE } from "../media/resample.ts";
import { openSound, type Sound } from "../media/sound-reader.ts";
import { specOf } from "../media/sound-spec.ts";
import type { TaskContext } from "../task.ts";
import { requireSamePictures } from "./same-pictures.ts";
import { loudestOf, requireSame } from "./same-sound.ts";
import { differenceOf } from "./words-heard.ts";

/**
 * Differences of spectra up to which words are those that were given, dB: over all of them, and over the length of one sound. Stretched,
 * coded and in noise, words differ from themselves by 1.2 and 2.2 at the most, and from others by 2.4 and 3.7 at least (docs/insertion.md).
 */
const MOST = { mean: 1.9, worst: 3 };
/** Seconds by which the sound may end sooner or later than it should. */
const MOST_LEFT_OUT = 0.1;
/** Beside the words nothing is heard but the room: so many dB above it, or below the words, and not so near to what is said, s. */
const QUIET = { aboveRoom: 12, least: -50, near: 0.06 };

/** Throws one of the `check_…` codes where the file is certainly wrong, or what reading the given files throws. */
export async function checkInsert(request: InsertCheck, { signal }: TaskContext): Promise<InsertCheckResult> {
  const started = performance.now();
  const { inputs, params, files, picture } = request;
  const survey = await readSurvey(inputs.survey[0]!);
  const words = await Promise.all(inputs.words.map((file) => readWords(file)));
  const arranged = arrange(
    survey,
    words.map(({ samples }) => samples.length / SOUND_RATE),
    params,
  );
  const video = inputs.video[0]!;
  const path = files.video ?? files.sound!;
  const pictures =
    files.video !== undefined && picture === "same" ? await requireSamePictures(video.path, path, signal) : null;
  const watched = performance.now();
  const base = await baseHeard(video, survey.film.begins, signal);
  const [heard, spec] = [await heardIn(path, signal), await specOf(path)];
  if (spec === null) throw new AppError("check_out_of_sync", "The finished file has no sound.");
  requireLength(heard.length / SAMPLE_RATE, arranged.seconds);
  const differences = words.map(({ samples }, n) => {
    const { from, tempo } = arranged.said[n]!;
    const wanted = decimated(asLoudAs(samples, survey.places[n]!.loudness, survey.sound.channels));
    return differenceOf({ heard, words: wanted, from, tempo, room: roomIn(base, survey) });
  });
  requireWords(differences);
  requireSame(base, heard, arranged);
  requireQuiet(heard, base, survey, arranged);
  const { size: bytes } = await stat(path);
  const timings = { watch: watched - started, listen: performance.now() - watched };
  return {
    ...resultOf({ pictures, spec, bytes, seconds: heard.length / SAMPLE_RATE }, files),
    likenesses: differences.map(({ mean }) => Math.round(1000 * Math.max(0, 1 - mean / 10)) / 1000),
    warnings: [],
    timings: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)])),
  };
}

type Found = {
  pictures: Awaited<ReturnType<typeof requireSamePictures>> | null;
  spec: AudioSpec;
  bytes: number;
  seconds: number;
};

function resultOf(
  { pictures, spec, bytes, seconds }: Found,
  files: InsertCheck["files"],
): Pick<InsertCheckResult, "video" | "sound"> {
  if (files.video === undefined) return { sound: { ...spec, duration: seconds, bytes } };
  if (pictures === null) return {};
  const { width, height, frames, fps, seconds: duration } = pictures;
  return { video: { width, height, frames, fps, duration, bytes, audio: spec } };
}

function requireLength(is: number, due: number): void {
  if (Math.abs(is - due) <= MOST_LEFT_OUT) return;
  const lasts = `${is.toFixed(2)} s instead of ${due.toFixed(2)} s`;
  throw new AppError("check_out_of_sync", `The sound of the finished file lasts ${lasts}.`);
}

function requireWords(differences: readonly { mean: number; worst: number }[]): void {
  const wrong = differences.findIndex(({ mean, worst }) => !(mean <= MOST.mean && worst <= MOST.worst));
  if (wrong < 0) return;
  const { mean, worst } = differences[wrong]!;
  const place = differences.length === 1 ? "At their place" : `At place ${wrong + 1} of ${differences.length}`;
  const figures = `the spectrum differs by ${mean.toFixed(1)} dB, by ${worst.toFixed(1)} dB at the most`;
  throw new AppError("check_other_words", `${place} other words are heard than those that were given: ${figures}.`);
}

/** What was replaced is gone: beside words and the video's own sound only the room is heard. */
function requireQuiet(
  heard: Float32Array,
  base: Float32Array,
  survey: Survey,
  { pieces, said, seconds }: Arranged,
): void {
  const taken = [...pieces.map(({ from, to, at }) => ({ from: at, to: at + to - from })), ...said]
    .map(({ from, to }) => ({ from: from - QUIET.near, to: to + QUIET.near }))
    .sort((a, b) => a.from - b.from);
  const free: { from: number; to: number }[] = [];
  let reached = 0;
  for (const { from, to } of [...taken, { from: seconds, to: seconds }]) {
    if (from > reached) free.push({ from: reached, to: from });
    reached = Math.max(reached, to);
  }
  const level = loudestOf(heard, free);
  const room = loudestOf(base, survey.sound.room ? [survey.sound.room] : []) ?? QUIET.least;
  const most = Math.max(QUIET.least, room + QUIET.aboveRoom);
  if (level === null || level <= most) return;
  const figures = `${level.toFixed(0)} dB of full scale; the room has ${room.toFixed(0)} dB`;
  throw new AppError(
    "check_other_words",
    `Beside the words something else is heard where they were put in: ${figures}.`,
  );
}

function roomIn(base: Float32Array, { sound: { room } }: Survey): Float32Array | null {
  return room && base.subarray(Math.round(room.from * SAMPLE_RATE), Math.round(room.to * SAMPLE_RATE));
}

/** Of all sounds of videos that are kept, bytes: four minutes. */
const KEPT_BYTES = 16 * 1024 * 1024;
const bases = keepRecent<Float32Array>(KEPT_BYTES);

function baseHeard(video: EngineFile, begins: number, signal: AbortSignal): Promise<Float32Array> {
  return bases.of(video.path, String(begins), async () => {
    const value = Float32Array.from(await lowRate(await openBaseSound(video, begins, SAMPLE_RATE), signal));
    return { value, bytes: value.byteLength };
  });
}

async function heardIn(path: string, signal: AbortSignal): Promise<Float32Array> {
  const format = soundFormatOfPath(path) ?? clipFormatOfPath(path);
  try {
    return await lowRate(
      await openSound({ path, type: format?.contentType ?? "" }, { rate: SAMPLE_RATE, probes: false }),
      signal,
    );
  } catch (cause) {
    signal.throwIfAborted();
    throw new AppError("check_unreadable", "The sound of the finished file cannot be decoded.", { cause });
  }
}

/** All of a sound of that rate, which is closed then: mono. */
async function lowRate(sound: Sound, signal: AbortSignal): Promise<Float32Array> {
  const samples = growing();
  const room = Array.from({ length: sound.channels }, () => new Float32Array(SAMPLE_RATE * 2));
  try {
    for (let count = room[0]!.length; count === room[0]!.length; ) {
      signal.throwIfAborted();
      count = sound.read(room);
      samples.append(monoOf(room.map((side) => side.subarray(0, count))));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return samples.values();
  } finally {
    await sound.close();
  }
}

function decimated(samples: Float32Array): Float32Array {
  const decimator = createDecimator();
  const made = growing();
  made.append(decimator.add(samples));
  made.append(decimator.end());
  return made.values();
}
