/**
 * `process_image`, `process_video`: a picture or a video, and sources for the steps that take them → engine → check → the same with other
 * faces. What the engine says of frames and steps reaches the client as warnings.
 */
import { join } from "node:path";
import { type FilmRequest, type FilmResult, filmResultSchema } from "@smileloop/core/engine/speech-services.ts";
import {
  type Outcome,
  type ProcessImageCheck,
  type ProcessImageRun,
  type ProcessVideoCheck,
  type ProcessVideoRun,
  processImageCheckResultSchema,
  processImageResultSchema,
  processVideoCheckResultSchema,
  processVideoResultSchema,
} from "@smileloop/core/engine/tasks/process.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { resultTypeOf } from "@smileloop/core/faces/result-type.ts";
import { requireScale, scaledSize } from "@smileloop/core/faces/scale.ts";
import type { ProcessImageJobParams, ProcessVideoJobParams } from "@smileloop/core/kinds/process.ts";
import { endingOf } from "@smileloop/core/media/types.ts";
import { fileOf, type JobIo, type LocalFile } from "../job-io.ts";
import type { StageShares } from "../stage-progress.ts";
import type { ClaimedJob, HandlerContext, HandlerResult, RunHandler } from "./handler.ts";
import { labelOf } from "./label.ts";
import { speechOf } from "./process-speech.ts";
import { timingOf } from "./process-timing.ts";
import { orderedFilm, storeFilm, storePicture } from "./sold-file.ts";

/** Shares by the usual duration of each stage. */
const IMAGE_STAGES: StageShares = { download: [0, 10], render: [10, 75], check: [75, 95], upload: [95, 99] };
const VIDEO_STAGES: StageShares = {
  ...{ download: [0, 2], probe: [2, 3], listen: [3, 5], render: [5, 88], check: [88, 97], upload: [97, 99] },
};

export function processImageHandler(): RunHandler {
  return { stages: () => IMAGE_STAGES, run: processImage };
}

export function processVideoHandler(context: HandlerContext): RunHandler {
  return { stages: () => VIDEO_STAGES, run: (job, io) => processVideo(context, job, io) };
}

async function processImage(job: ClaimedJob, io: JobIo): Promise<HandlerResult> {
  const { execution, ...params } = stepsOf(job.params as ProcessImageJobParams);
  const { scale } = job.params as ProcessImageJobParams;
  const { target, source } = await filesOf(io);
  const inputs = { target: [fileOf(target)], source: source.map(fileOf) };
  const image = join(io.dir, `result.${endingOf(resultTypeOf(target.type))}`);
  const task = { kind: "process_image" as const, inputs };
  const made = await io.timed("render", () => {
    const { provenance } = io;
    const asked = { ...params, scale, execution };
    const run: Omit<ProcessImageRun, "run"> = { type: "run", ...task, params: asked, outputs: { image }, provenance };
    return io.engine.request(run, { ...io.options("render"), result: processImageResultSchema });
  });
  const checked = await io.timed("check", () => {
    const asked = { ...params, scale, changed: made.frames.changed, ...labelOf(io) };
    const check: Omit<ProcessImageCheck, "run"> = { type: "check", ...task, params: asked, files: { image } };
    return io.checker.request(check, { ...io.options("check"), result: processImageCheckResultSchema });
  });
  const outputs = await storePicture(job, io, image, checked.image);
  return { outputs, warnings: [...warningsOf(made), ...checked.warnings] };
}

async function processVideo(context: HandlerContext, job: ClaimedJob, io: JobIo): Promise<HandlerResult> {
  const { execution, ...params } = stepsOf(job.params as ProcessVideoJobParams);
  const { scale, fps } = job.params as ProcessVideoJobParams;
  const { target, source } = await filesOf(io);
  // first of all, so that a video that is not for us costs nothing else
  const film = await io.timed("probe", () => probe(io, target, context.maxVideoSeconds));
  requireScale(film, scale);
  const { width, height } = film;
  io.expect({ target: [{ type: target.type, bytes: target.bytes, width, height, seconds: film.seconds }] });
  const { processors } = params;
  const spoken = await speechOf(context, io, { processors, source, film });
  const { times, warnings, ...timing } = timingOf(film, { fps, ...spoken });
  const spec = { ...scaledSize(film, scale, { even: true }), ...timing };
  const said = { spec, ...(times && { times }), ...(spoken.speech && { speech: spoken.speech }) };
  const poster = { path: join(io.dir, "poster.jpg"), frame: Math.floor(spec.frames / 2) };
  const files = { video: join(io.dir, "result.mp4"), poster, type: "video/mp4", times };
  const outputs = orderedFilm(job, files);
  const inputs = { target: [fileOf(target)], source: spoken.source };
  const task = { kind: "process_video" as const, inputs };
  const made = await io.timed("render", () => {
    const { provenance } = io;
    const asked = { ...params, ...said, execution };
    const run: Omit<ProcessVideoRun, "run"> = { type: "run", ...task, params: asked, outputs, provenance };
    return io.engine.request(run, { ...io.options("render"), result: processVideoResultSchema });
  });
  const checked = await io.timed("check", () => {
    const asked = { ...params, ...said, changed: made.frames.changed, ...labelOf(io) };
    const check: Omit<ProcessVideoCheck, "run"> = { type: "check", ...task, params: asked, files: outputs };
    return io.checker.request(check, { ...io.options("check"), result: processVideoCheckResultSchema });
  });
  const stored = await storeFilm(job, io, files, checked);
  const before = [...spoken.warnings, ...warnings];
  return { outputs: stored, warnings: [...before, ...warningsOf(made), ...checked.warnings] };
}

function stepsOf({ processors, faces, face = 0, detector, execution }: ProcessImageJobParams) {
  return { processors, faces, face, detector, execution };
}

async function filesOf(io: JobIo) {
  const [[target], source] = await io.timed("download", async () => [
    await io.input("target"),
    await io.input("source"),
  ]);
  if (!target) throw new AppError("invalid_request", "The job has no target.");
  return { target, source };
}

function probe(io: JobIo, target: LocalFile, seconds: number): Promise<FilmResult> {
  const request: Omit<FilmRequest, "run"> = { type: "film", inputs: { video: [fileOf(target)] }, limits: { seconds } };
  const asked = io.serving("film").request(request, { ...io.options("probe"), result: filmResultSchema });
  return asked.catch((error: unknown) => {
    // the service calls its input a video
    const blamed = error instanceof AppError && error.input === "video";
    throw blamed ? new AppError(error.code, error.message, { cause: error.cause, input: "target" }) : error;
  });
}

/** What the engine says of frames and steps, in words. */
function warningsOf({ frames: { total, left }, noEffect, warnings }: Outcome): Warning[] {
  const few = left.map(({ code, detail, frames }) => ({
    code,
    detail: total === 1 ? detail : `${frames} of ${total} frames are left as they are: ${detail}`,
  }));
  const told = (name: string) => warnings.some(({ code, detail }) => code === "no_effect" && detail.includes(name));
  const none = noEffect
    .filter((name) => !told(name))
    .map((name) => ({ code: "no_effect", detail: `The step ${name} has changed nothing.` }));
  return [...warnings, ...few, ...none];
}
