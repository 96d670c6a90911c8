/** `convert`: video → what it is → MP4 → check. */
import { join } from "node:path";
import { type FilmRequest, type FilmResult, filmResultSchema } from "@smileloop/core/engine/speech-services.ts";
import {
  type ConvertCheck,
  type ConvertRun,
  convertCheckResultSchema,
  convertRunResultSchema,
} from "@smileloop/core/engine/tasks/convert.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import type { ConvertJobParams } from "@smileloop/core/kinds/convert.ts";
import { toThousandths } from "@smileloop/core/rounding.ts";
import { fileOf, type JobIo, type LocalFile } from "../job-io.ts";
import type { StageShares } from "../stage-progress.ts";
import type { ClaimedJob, HandlerContext, HandlerResult, RunHandler } from "./handler.ts";

/** Shares by the usual duration of each stage. */
const STAGES: StageShares = { download: [0, 4], probe: [4, 6], render: [6, 80], check: [80, 95], upload: [95, 99] };
/** Frames a second: cameras that film in slow motion have 240, more is a mistake of the file. */
const MOST_RATE = 240;
/** x264 encodes without any loss below, in a profile that few players know. */
const LEAST_CRF = 1;

export function convertHandler({ maxVideoSeconds }: HandlerContext): RunHandler {
  return { stages: () => STAGES, run: (job, io) => convert(job, io, maxVideoSeconds) };
}

async function convert(job: ClaimedJob, io: JobIo, maxSeconds: number): Promise<HandlerResult> {
  const { crf, preset, audio_bitrate } = job.params as ConvertJobParams;
  const [video] = await io.timed("download", () => io.input("video"));
  if (!video) throw new AppError("invalid_request", "The job has no video.");
  const film = await io.timed("probe", () => probe(io, video, maxSeconds));
  const { width, height, seconds, even } = film;
  io.expect({ video: [{ type: video.type, bytes: video.bytes, width, height, seconds }] });
  const fps = even ? rateOf(film) : film.fps;
  const frames = even ? Math.max(1, Math.round(seconds * fps)) : film.frames;
  const shape = { spec: { width, height, fps, frames }, even };
  const outputs = {
    video: join(io.dir, "result.mp4"),
    poster: { path: join(io.dir, "poster.jpg"), frame: Math.floor(frames / 2) },
  };
  const task = { kind: "convert" as const, inputs: { video: [fileOf(video)] } };
  const made = await io.timed("render", () => {
    const encoding = { crf: Math.max(LEAST_CRF, crf), preset, soundBitRate: 1000 * Number.parseInt(audio_bitrate, 10) };
    const params = { ...shape, ...encoding };
    const run: Omit<ConvertRun, "run"> = { type: "run", ...task, params, outputs, provenance: io.provenance };
    return io.engine.request(run, { ...io.options("render"), result: convertRunResultSchema });
  });
  const checked = await io.timed("check", () => {
    const check: Omit<ConvertCheck, "run"> = { type: "check", ...task, params: { ...shape, seconds }, files: outputs };
    return io.checker.request(check, { ...io.options("check"), result: convertCheckResultSchema });
  });
  const stored = await io.timed("upload", async () => ({
    video: await io.store("video", outputs.video, { type: "video/mp4", ...checked.video }),
    poster: await io.store("poster", outputs.poster.path, { type: "image/jpeg", ...checked.poster }),
  }));
  const warnings = [...film.warnings, ...made.warnings, ...checked.warnings, ...warningsOf(film, fps, crf)];
  return { outputs: stored, warnings };
}

function probe(io: JobIo, video: LocalFile, seconds: number): Promise<FilmResult> {
  const request: Omit<FilmRequest, "run"> = { type: "film", inputs: { video: [fileOf(video)] }, limits: { seconds } };
  return io.serving("film").request(request, { ...io.options("probe"), result: filmResultSchema });
}

function rateOf({ fps }: FilmResult): number {
  let rate = fps;
  while (rate > MOST_RATE) rate /= 2;
  return rate;
}

function warningsOf({ even, fps }: FilmResult, rate: number, crf: number): Warning[] {
  const warnings: Warning[] = [];
  const warn = (code: string, detail: string) => warnings.push({ code, detail });
  if (even && rate !== fps) {
    warn("fps_adjusted", `The result has ${toThousandths(rate)} frames a second, not ${toThousandths(fps)}.`);
  }
  if (crf < LEAST_CRF) {
    const why = "without any loss H.264 is of a profile that few players show";
    warn("crf_adjusted", `The video was encoded with crf ${LEAST_CRF}, not ${crf}: ${why}.`);
  }
  return warnings;
}
