/** Judges a survey by itself: whether it can be read, and whether its places can be in that video. */
import { readFile, stat } from "node:fs/promises";
import type { SurveyCheck, SurveyCheckResult } from "@smileloop/core/engine/tasks/survey.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { type Survey, surveySchema } from "@smileloop/core/speech/survey.ts";
import { readVideo } from "../media/video-reader.ts";

/** As the slots of those jobs have it that read them. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Seconds by which a place may lie behind the end: what rounding leaves. */
const SLACK = 0.05;

/** Throws `check_unreadable` and `check_wrong_shape`. */
export async function checkSurvey({ film, places, files }: SurveyCheck): Promise<SurveyCheckResult> {
  const started = performance.now();
  const [bytes, track] = [await sizeOf(files.survey), files.track === undefined ? null : await sizeOf(files.track)];
  const survey = await readAs(files.survey, (value) => surveySchema.parse(value));
  if (files.track !== undefined) {
    const frames = await readAs(files.track, (value) => (value as { stamps: unknown[] }).stamps.length);
    if (frames !== film.frames) throw wrong(`follows the face through ${frames} of ${film.frames} frames`);
  }
  const pictures = files.pictures === undefined ? null : await requirePictures(files.pictures, film);
  requirePlaces(survey, film.seconds, places);
  return {
    survey: { bytes, places: survey.places.length },
    ...(track === null ? {} : { track: { bytes: track } }),
    ...(pictures === null ? {} : { pictures: { bytes: pictures } }),
    warnings: [],
    timings: { read: Math.round(performance.now() - started) },
  };
}

async function sizeOf(path: string): Promise<number> {
  const { size } = await stat(path);
  if (size <= MAX_BYTES) return size;
  throw new AppError("check_unreadable", `The survey has ${size} bytes; at most ${MAX_BYTES} are read.`);
}

async function readAs<T>(path: string, read: (value: unknown) => T): Promise<T> {
  try {
    return read(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    throw new AppError("check_unreadable", "The survey of the video cannot be read.", { cause });
  }
}

/** Their bytes. */
async function requirePictures(path: string, { width, height, frames }: SurveyCheck["film"]): Promise<number> {
  const info = await readVideo(path).catch((cause: unknown) => {
    throw new AppError("check_unreadable", "The pictures that were copied from the video cannot be read.", { cause });
  });
  if (info.width === width && info.height === height && info.frames === frames) return info.bytes;
  throw wrong(
    `has ${info.frames} pictures of ${info.width} × ${info.height}; the video has ${frames} of ${width} × ${height}`,
  );
}

function requirePlaces({ places, sound }: Survey, seconds: number, wanted: number): void {
  if (places.length !== wanted) throw wrong(`has ${places.length} places; ${wanted} were asked for`);
  let reached = 0;
  for (const { from, to, cut } of places) {
    const inside = from >= reached && to >= from && to <= Math.max(seconds, sound.seconds) + SLACK;
    if (!inside || cut.from > from || cut.to < to) throw wrong(`has a place from ${from} to ${to} s, which cannot be`);
    reached = to;
  }
}

function wrong(what: string): AppError {
  return new AppError("check_wrong_shape", `The survey ${what}.`);
}
