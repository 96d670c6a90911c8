/** `survey`: a video → what it is → where somebody speaks, where words are to go, and where the face is → check → what `insert` needs. */
import { join } from "node:path";
import type { FilmResult, SayResult } from "@smileloop/core/engine/speech-services.ts";
import {
  type SurveyCheck,
  type SurveyRun,
  surveyCheckResultSchema,
  surveyRunResultSchema,
} from "@smileloop/core/engine/tasks/survey.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { saysByLips } from "@smileloop/core/kinds/personalize.ts";
import type { SurveyJobParams } from "@smileloop/core/kinds/survey.ts";
import { tierOf } from "@smileloop/core/kinds/tiers.ts";
import { fileOf, type JobIo } from "../job-io.ts";
import type { StageShares } from "../stage-progress.ts";
import { probe } from "./film.ts";
import type { ClaimedJob, HandlerContext, HandlerResult, RunHandler } from "./handler.ts";
import { say, WAV } from "./say.ts";

/** Shares by the usual duration of each stage. */
const STAGES: StageShares = {
  download: [0, 5],
  probe: [5, 8],
  voice: [8, 12],
  follow: [12, 95],
  check: [95, 97],
  upload: [97, 99],
};
const JSON_TYPE = "application/json";
const MP4 = "video/mp4";
/** Words that are looked for in a video may be said this much slower than a voice of ours says all of it, s. */
const MOST_REFERENCE_SECONDS = 900;

export function surveyHandler(context: HandlerContext): RunHandler {
  return { stages: () => STAGES, run: (job, io) => survey(context, job, io) };
}

async function survey({ maxVideoSeconds }: HandlerContext, job: ClaimedJob, io: JobIo): Promise<HandlerResult> {
  const params = job.params as SurveyJobParams;
  const [video] = await io.timed("download", () => io.input("video"));
  if (!video) throw new AppError("invalid_request", "The job has no video.");
  const film = await io.timed("probe", () => probe(io, video, maxVideoSeconds));
  if (!film.sound) throw new AppError("no_speech", "The video has no sound, so there is no place for words in it.");
  const { width, height, seconds } = film;
  io.expect({ video: [{ type: video.type, bytes: video.bytes, width, height, seconds }] });
  const { place, makes } = tierOf(params.tier);
  const markers = place === "markers" ? (params.markers ?? []) : [];
  if (place === "markers" && markers.length === 0) {
    throw new AppError("invalid_request", "params.markers: the words of the video that are replaced are missing.");
  }
  const voices = await io.timed("voice", () => voicesOf(io, params, markers));
  const outputs = {
    survey: join(io.dir, "survey.json"),
    ...(saysByLips(params) ? { track: join(io.dir, "track.json"), pictures: join(io.dir, "pictures.mp4") } : {}),
  };
  const run: Omit<SurveyRun, "run"> = {
    ...{ type: "run", kind: "survey", inputs: { video: [fileOf(video)] }, film: factsOf(film), ...voices, outputs },
    provenance: io.provenance,
    params: {
      ...pick(params),
      place,
      markers,
      face: params.face ?? 0,
      copies: makes === "video" && !saysByLips(params),
    },
  };
  const made = await io.timed("follow", () =>
    io.engine.request(run, { ...io.options("follow"), result: surveyRunResultSchema }),
  );
  const checked = await io.timed("check", () => {
    const places = Math.max(1, markers.length);
    const { pictures, ...files } = outputs;
    const check: Omit<SurveyCheck, "run"> = {
      ...{ type: "check", kind: "survey", film: run.film, places },
      files: made.pictures ? outputs : files,
    };
    return io.checker.request(check, { ...io.options("check"), result: surveyCheckResultSchema });
  });
  const stored = await io.timed("upload", async () => ({
    survey: await io.store("survey", outputs.survey, { type: JSON_TYPE, bytes: checked.survey.bytes }),
    ...(outputs.track && checked.track
      ? { track: await io.store("track", outputs.track, { type: JSON_TYPE, bytes: checked.track.bytes }) }
      : {}),
    ...(outputs.pictures && checked.pictures
      ? { pictures: await io.store("pictures", outputs.pictures, { type: MP4, bytes: checked.pictures.bytes }) }
      : {}),
  }));
  return { outputs: stored, warnings: [...film.warnings, ...made.warnings, ...checked.warnings] };
}

function pick({ name_position, silence_db, silence_seconds }: SurveyJobParams) {
  return { name_position, silence_db, silence_seconds };
}

function factsOf({ width, height, fps, even, frames, seconds, begins }: FilmResult): SurveyRun["film"] {
  return { width, height, fps, even, frames, seconds, begins };
}

/** What a voice of ours says so that markers can be found: what is said in the video, or, where that is not known, each of them. */
async function voicesOf(
  io: JobIo,
  { base_text, language }: SurveyJobParams,
  markers: readonly string[],
): Promise<Pick<SurveyRun, "text" | "said">> {
  if (markers.length === 0) return {};
  const asked = { voice: undefined, language, speed: 1, pronounce: undefined, timed: true };
  const speak = async (text: string, name: string) =>
    soundOf(await say(io, { ...asked, maxSeconds: MOST_REFERENCE_SECONDS }, text, name));
  if (base_text !== undefined) return { text: await speak(base_text, "text") };
  const said: NonNullable<SurveyRun["said"]> = [];
  for (const [nth, marker] of markers.entries()) said.push(await speak(marker, `marker-${nth}`));
  return { said };
}

function soundOf({ path, spoken }: SayResult & { path: string }): NonNullable<SurveyRun["text"]> {
  if (spoken) return { sound: { path, type: WAV }, spoken };
  throw new AppError("not_supported", "Markers cannot be found here: no voice tells when it says what.");
}
