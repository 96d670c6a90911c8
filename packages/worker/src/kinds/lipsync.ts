/**
 * `lipsync`: video and sound, or a text that a voice says, → what the video is → motion → what is heard → engine → check → the video with
 * other words. Its size and its rate stay.
 */
import { join } from "node:path";
import {
  type FilmResult,
  type MixRequest,
  mixResultSchema,
  type SpeakerRequest,
  type SpeakerResult,
  speakerResultSchema,
} from "@smileloop/core/engine/speech-services.ts";
import {
  type LipsyncCheck,
  type LipsyncRun,
  lipsyncCheckResultSchema,
  lipsyncRunResultSchema,
} from "@smileloop/core/engine/tasks/lipsync.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import type { LipsyncJobParams } from "@smileloop/core/kinds/lipsync.ts";
import { clipFormatOf } from "@smileloop/core/media/clip-formats.ts";
import { MOTION_LIMITS } from "@smileloop/core/motion/motion.ts";
import { packMotion } from "@smileloop/core/motion/motion-file.ts";
import { speakingFrame } from "@smileloop/core/motion/poster-frame.ts";
import { toThousandths } from "@smileloop/core/rounding.ts";
import {
  arrangeMotion,
  runsOtherwiseFrom,
  type Sync,
  syncedSeconds,
  syncedTimes,
} from "@smileloop/core/speech/sync.ts";
import { fileOf, type JobIo, type LocalFile } from "../job-io.ts";
import type { StageShares } from "../stage-progress.ts";
import { curveRateOf, probe, RATES } from "./film.ts";
import type { ClaimedJob, HandlerContext, HandlerResult, RunHandler } from "./handler.ts";
import { type Heard, hear } from "./hear.ts";
import { labelOf } from "./label.ts";
import { orderedFilm, storeFilm } from "./sold-file.ts";

/** Shares by the usual duration of each stage. */
const STAGES: StageShares = {
  ...{ download: [0, 2], probe: [2, 3], voice: [3, 5], listen: [5, 8], detect: [8, 12], mix: [12, 13] },
  ...{ render: [13, 88], check: [88, 97], upload: [97, 99] },
};

export function lipsyncHandler(context: HandlerContext): RunHandler {
  return { stages: () => STAGES, run: (job, io) => lipsync(context, job, io) };
}

async function lipsync(context: HandlerContext, job: ClaimedJob, io: JobIo): Promise<HandlerResult> {
  const params = job.params as LipsyncJobParams;
  const [[video], [audio]] = await io.timed("download", async () => [await io.input("video"), await io.input("audio")]);
  if (!video) throw new AppError("invalid_request", "The job has no video.");
  // first of all, so that a video that is not for us costs nothing else
  const film = await io.timed("probe", () => probe(io, video, context.maxVideoSeconds));
  const stamps = film.fps <= RATES.most ? film.stamps : undefined;
  const fps = curveRateOf(film);
  // only the mouth is taken from the curves, and chance has no part in it
  const heard = await hear(context, io, { ...params, fps, seed: 0, audio: audio ?? null });
  const { width, height, seconds } = film;
  const sound = { type: heard.sound.type, bytes: heard.sound.bytes, seconds: heard.seconds };
  io.expect({ video: [{ type: video.type, bytes: video.bytes, width, height, seconds }], audio: [sound] });
  const sync: Sync = { mode: params.sync_mode, video: seconds, sound: heard.seconds };
  requireShort(sync, context.maxVideoSeconds);
  const own = stamps && syncedTimes(sync, stamps);
  const times = own && own.length <= MOTION_LIMITS.frames ? own : undefined;
  const speaker = params.faces ? await io.timed("detect", () => speakerIn(io, video, film)) : null;
  const face = speaker?.face ?? params.face ?? 0;
  const made = await make(job, io, { params, video, film, heard, sync, times, face });
  const ofFilm = [...film.warnings, ...(speaker?.warnings ?? []), ...(times ? [] : warningsOfFilm(film, fps))];
  return { outputs: made.outputs, warnings: [...heard.warnings, ...ofFilm, ...made.warnings] };
}

/** `times`: of the result's frames, where they are not evenly apart. */
type Work = {
  params: LipsyncJobParams;
  video: LocalFile;
  film: FilmResult;
  heard: Heard;
  sync: Sync;
  times: number[] | undefined;
  face: number;
};

async function make(job: ClaimedJob, io: JobIo, work: Work): Promise<HandlerResult> {
  const { params, video, film, heard, sync, times, face } = work;
  const format = clipFormatOf(params.format);
  const frames = arrangeMotion(heard.motion, sync, times);
  const motion = await packMotion(frames, join(io.dir, "motion.json"));
  const asked = params.original_sound === "duck";
  const ducked = asked && film.sound;
  const sound = join(io.dir, "mixed.wav");
  await io.timed("mix", () => {
    const request: Omit<MixRequest, "run"> = {
      type: "mix",
      inputs: { audio: [fileOf(heard.sound)], video: ducked ? [fileOf(video)] : [] },
      params: { sync, seconds: frames.frames / frames.fps, begins: film.begins },
      outputs: { sound },
    };
    return io.serving("mix").request(request, { ...io.options("mix"), result: mixResultSchema });
  });
  const task = {
    kind: "lipsync" as const,
    inputs: { video: [fileOf(video)], audio: [{ path: sound, type: "audio/wav" }] },
    motion,
  };
  const poster = { path: join(io.dir, "poster.jpg"), frame: speakingFrame(frames, 0) };
  const files = { video: join(io.dir, `result.${format.extension}`), poster, type: format.contentType, times };
  const run = { sync, face, ...(times ? { times } : {}) };
  const { rendered, checked } = await render(io, {
    task,
    outputs: orderedFilm(job, files),
    asked: run,
    speechShare: heard.speechShare,
  });
  const stored = await storeFilm(job, io, files, checked);
  const ofSound = asked ? warningsOfOwnSound(film, sync) : [];
  return { outputs: stored, warnings: [...ofSound, ...rendered.warnings, ...checked.warnings] };
}

type Rendering = {
  task: Pick<LipsyncRun, "kind" | "inputs" | "motion">;
  outputs: LipsyncRun["outputs"];
  asked: LipsyncRun["params"];
  speechShare: number;
};

async function render(io: JobIo, { task, outputs, asked, speechShare }: Rendering) {
  const rendered = await io.timed("render", () => {
    const { provenance } = io;
    const run: Omit<LipsyncRun, "run"> = { type: "run", ...task, params: asked, outputs, provenance };
    return io.engine.request(run, { ...io.options("render"), result: lipsyncRunResultSchema });
  });
  const checked = await io.timed("check", () => {
    const params = { ...asked, speechShare, ...(io.elsewhere && { elsewhere: true }), ...labelOf(io) };
    const check: Omit<LipsyncCheck, "run"> = { type: "check", ...task, params, files: outputs };
    return io.checker.request(check, { ...io.options("check"), result: lipsyncCheckResultSchema });
  });
  return { rendered, checked };
}

/** The face that speaks in the video's own sound; without one, the largest. */
async function speakerIn(
  io: JobIo,
  video: LocalFile,
  film: FilmResult,
): Promise<Pick<SpeakerResult, "face" | "warnings">> {
  if (!film.sound) {
    const detail = "The video has no sound by which to tell who speaks in it, so the largest face does.";
    return { face: 0, warnings: [{ code: "speaker_unclear", detail }] };
  }
  const params = { begins: film.begins };
  const request: Omit<SpeakerRequest, "run"> = { type: "speaker", inputs: { video: [fileOf(video)] }, params };
  return io.serving("speaker").request(request, { ...io.options("detect"), result: speakerResultSchema });
}

function warningsOfFilm({ fps, even }: FilmResult, rate: number): Warning[] {
  if (even && rate === fps) return [];
  const shown = toThousandths(rate);
  const why = even ? `not ${toThousandths(fps)}` : "all equally far apart: in the video their distance varies";
  return [{ code: "fps_adjusted", detail: `The result has ${shown} frames a second, ${why}.` }];
}

/** Where the video's own sound can't stay under the new one. */
function warningsOfOwnSound({ sound }: FilmResult, sync: Sync): Warning[] {
  if (!sound) {
    return [{ code: "video_without_sound", detail: "The video has no sound that could stay under the new one." }];
  }
  const from = runsOtherwiseFrom(sync);
  if (from === null) return [];
  const when = from === 0 ? "The video runs" : `From ${from.toFixed(1)} s on the video runs backwards or`;
  const detail = `${when} at another speed, so its own sound is left out${from === 0 ? "" : " there"}.`;
  return [{ code: "original_sound_left_out", detail }];
}

function requireShort(sync: Sync, most: number): void {
  const seconds = syncedSeconds(sync);
  if (seconds <= most + 0.1) return;
  throw new AppError("input_too_large", `The result would last ${seconds.toFixed(1)} s; at most ${most} s are made.`);
}
