/** A job of the kind `survey`: where in a video somebody speaks, and where words are to go. The sound is read twice: how loud a stretch is shows once it is known. */
import { writeFile } from "node:fs/promises";
import type { SurveyRun, SurveyRunResult } from "@smileloop/core/engine/tasks/survey.ts";
import { AppError, blaming, hasCode, type Warning } from "@smileloop/core/errors.ts";
import type { Place, Survey } from "@smileloop/core/speech/survey.ts";
import { type Followed, followFace } from "../lip/follow.ts";
import { writeTrack } from "../lip/track.ts";
import { requireCopied } from "../media/copied-film.ts";
import { createDecimator } from "../media/decimate.ts";
import { openPictures } from "../media/film-file.ts";
import { writeInGroups } from "../media/grouped-film.ts";
import { createMeter, growing, integratedLoudness } from "../media/loudness.ts";
import { convertedMarks } from "../media/marks.ts";
import { monoOf, SOUND_RATE } from "../media/resample.ts";
import type { Sound } from "../media/sound-reader.ts";
import { specOf } from "../media/sound-spec.ts";
import type { TaskContext } from "../task.ts";
import { eachPiece, openBaseSound } from "./base-sound.ts";
import { cutOf, type Levels, levelMeter, roomOf } from "./levels.ts";
import { placesOfMarkers } from "./markers.ts";
import { between, type Stretch, silenceFinder } from "./silences.ts";

/** What lasts less is a click. Seconds. */
const LEAST_SPEECH = 0.05;
const NO_SPEECH_HELP = "Use a video in which somebody speaks, or change `silence_db`, below which sound is silence";

/** `voice`: mono, 16 kHz, where markers are looked for in it. */
type Heard = { seconds: number; channels: 1 | 2; speech: Stretch[]; levels: Levels; voice: Float32Array };

/** Throws `no_speech`, `unsupported_type` for pictures that can't be copied, and what reading the sound throws; no file is left then. */
export async function surveyFilm(request: SurveyRun, context: TaskContext): Promise<SurveyRunResult> {
  const started = performance.now();
  const { film, params, outputs } = request;
  if (params.copies) await blaming("video", requirePicturesCopied(request.inputs.video[0]!.path));
  const heard = await blaming("video", hear(request, context));
  const listened = performance.now();
  const found = params.place === "markers" ? await markersOf(request, heard, context) : placesOf(params, heard);
  const places = found.map((place) => ({ ...place, cut: cutOf(place, heard) }));
  const loudness = await blaming("video", loudnessOf(request, [...heard.speech, ...places], context));
  const { length } = heard.speech;
  const survey: Survey = {
    film,
    sound: { seconds: heard.seconds, channels: heard.channels, room: roomOf(heard) },
    speech: heard.speech.map((span, n) => ({ ...span, loudness: loudness[n]! })),
    places: places.map((place, n) => ({ ...place, loudness: loudness[length + n]! })),
  };
  const measured = performance.now();
  const followed = outputs.track === undefined ? null : await track(outputs.track, request, context);
  const tracked = performance.now();
  const { pictures: to } = outputs;
  const pictures = followed !== null && to !== undefined && (await writePictures(to, request, followed, context));
  await writeFile(outputs.survey, JSON.stringify(survey), { mode: 0o600 });
  context.progress("follow", 1, 1);
  const timings = {
    ...{ listen: listened - started, measure: measured - listened },
    ...{ follow: tracked - measured, encode: performance.now() - tracked },
  };
  return {
    pictures,
    warnings: await warnOfChannels(request.inputs.video[0]!.path),
    timings: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)])),
  };
}

/** Of a sound that is mixed: files have two channels at the most. */
async function warnOfChannels(path: string): Promise<Warning[]> {
  const channels = (await specOf(path))?.channels ?? 0;
  if (channels <= 2) return [];
  const detail = `The sound of the video has ${channels} channels; in the files it is mixed into two.`;
  return [{ code: "sound_mixed", detail }];
}

/** Known before any recipient's file is begun. */
async function requirePicturesCopied(path: string): Promise<void> {
  const { stream, close } = await openPictures(path, { probes: false });
  try {
    requireCopied(stream);
  } finally {
    await close();
  }
}

/** Share of the work, where pictures are encoded as well. */
const FOLLOWING = 0.8;
/** Seconds of a video beyond those that its container counts. */
const SLACK_SECONDS = 1;

async function track(
  path: string,
  { inputs, film, params }: SurveyRun,
  { signal, progress }: TaskContext,
): Promise<Followed> {
  const followed = await blaming(
    "video",
    followFace(inputs.video[0]!.path, {
      ...{ face: params.face, maxSeconds: film.seconds + SLACK_SECONDS, signal },
      progress: (share) => progress("follow", FOLLOWING * share, 1),
    }),
  );
  await writeTrack(path, followed);
  return followed;
}

/** Whether they were to be written, and are. */
function writePictures(
  to: string,
  { inputs, film, provenance }: SurveyRun,
  { stamps }: Followed,
  { signal, progress }: TaskContext,
): Promise<boolean> {
  const marks = convertedMarks(provenance, {});
  return blaming(
    "video",
    writeInGroups(inputs.video[0]!.path, to, {
      ...{ ...film, stamps, marks, provenance, signal },
      progress: (share) => progress("follow", FOLLOWING + (1 - FOLLOWING) * share, 1),
    }),
  );
}

async function hear({ inputs, film, params }: SurveyRun, { signal }: TaskContext): Promise<Heard> {
  const sound = await openSpoken(inputs.video[0]!, film.begins);
  const { channels } = sound;
  const finder = silenceFinder({ channels, decibels: params.silence_db, seconds: params.silence_seconds });
  try {
    const [meter, decimator, voice] = [levelMeter(), createDecimator(), growing()];
    let samples = 0;
    await eachPiece(sound, signal, (piece) => {
      samples += piece[0]!.length;
      finder.add(piece);
      meter.add(piece);
      if (params.place === "markers") voice.append(decimator.add(monoOf(piece)));
    });
    const seconds = samples / SOUND_RATE;
    const speech = between(finder.end(), seconds).filter(({ from, to }) => to - from >= LEAST_SPEECH);
    if (speech.length > 0) return { seconds, channels, speech, levels: meter.levels(), voice: voice.values() };
    const figures = `nothing in it is louder than ${params.silence_db} dB of full scale`;
    throw new AppError("no_speech", `Nobody is heard in the video: ${figures}. ${NO_SPEECH_HELP}.`);
  } finally {
    finder.free();
  }
}

async function markersOf(request: SurveyRun, { voice, levels }: Heard, { signal }: TaskContext): Promise<Found[]> {
  const { params, text, said } = request;
  return placesOfMarkers({ params, voice, levels, signal, ...(text && { text }), ...(said && { said }) });
}

async function openSpoken(video: SurveyRun["inputs"]["video"][0], begins: number): Promise<Sound> {
  try {
    return await openBaseSound(video, begins);
  } catch (error) {
    if (!hasCode(error, "input_unreadable", "unsupported_type")) throw error;
    const why = (error as AppError).message;
    throw new AppError("no_speech", `The video has no sound that can be read. ${why}`, { cause: error });
  }
}

type Found = Omit<Place, "loudness" | "cut">;

function placesOf({ place, name_position }: SurveyRun["params"], { speech }: Heard): Found[] {
  const [first, last] = [speech[0]!, speech.at(-1)!];
  const marker = null;
  if (place === "first") return [{ ...first, marker }];
  if (name_position === "start") return [{ from: 0, to: first.to, marker }];
  return [{ from: last.to, to: last.to, marker }];
}

/** LUFS of each stretch; of a place where nothing is said, of the speech before it. */
async function loudnessOf(
  { inputs, film }: SurveyRun,
  stretches: readonly Stretch[],
  { signal }: TaskContext,
): Promise<(number | null)[]> {
  const sound = await openBaseSound(inputs.video[0]!, film.begins);
  const spans = stretches.map(({ from, to }) => ({
    from: Math.round(from * SOUND_RATE),
    to: Math.round(to * SOUND_RATE),
    meters: Array.from({ length: sound.channels }, () => createMeter({ peaks: false })),
  }));
  let at = 0;
  await eachPiece(sound, signal, (piece) => {
    for (const { from, to, meters } of spans) {
      if (to <= at || from >= at + piece[0]!.length) continue;
      for (const [nth, side] of piece.entries()) meters[nth]!.add(side.subarray(Math.max(0, from - at), to - at));
    }
    at += piece[0]!.length;
  });
  return spans.map(({ from, to, meters }) => {
    const near =
      to > from ? meters : (spans.findLast((span) => span.to <= from && span.to > span.from)?.meters ?? meters);
    return integratedLoudness(near);
  });
}
