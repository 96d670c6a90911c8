/**
 * The work of one job of kind `animate`: picture from the storage → engine → check → video into the storage. What is said of
 * the video in the record comes from the check, which another process makes, and from hashing it here; never from the engine.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Clock } from "@smileloop/core/clock.ts";
import type { CheckResult, Provenance, RawFrames, Ready, RunResult } from "@smileloop/core/engine/protocol.ts";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { Files } from "@smileloop/core/files.ts";
import type { JobResult } from "@smileloop/core/job/change.ts";
import { outputKey } from "@smileloop/core/job/keys.ts";
import type { JobInput, JobOutput, JobRecord, Progress } from "@smileloop/core/job/record.ts";
import type { AnimateJobParams, Kinds } from "@smileloop/core/kinds/kinds.ts";
import { type MotionFrames, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { type Preset, presetMotion } from "@smileloop/core/motion/preset.ts";
import { varyMotion } from "@smileloop/core/motion/vary.ts";
import type { EngineProcess, RequestOptions } from "../process/engine-process.ts";
import { jobProgress } from "../progress.ts";
import { type DrivingReaders, readDriving } from "./driving.ts";

export type AnimateDeps = {
  files: Files;
  clock: Clock;
  presets: ReadonlyMap<string, Preset>;
  kinds: Kinds;
  engine: EngineProcess;
  /** A process of its own for `check`. */
  checker: EngineProcess;
  /** One for the services that the engine does not offer; null where it offers all that jobs need. */
  helper: EngineProcess | null;
};

export type AnimateOptions = {
  /** An empty folder for this job's files. */
  dir: string;
  ready: Ready;
  signal: AbortSignal;
  report: (progress: Progress) => void;
};

const PUT_TRIES = 3;
const ENDINGS: Record<string, string> = {
  ...{ "image/png": "png", "image/jpeg": "jpg", "video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm" },
  ...{ "text/csv": "csv", "application/json": "json" },
};

/** Throws AppErrors for what goes wrong; whatever the signal stops throws `canceled` or the signal's reason. */
export async function animate(deps: AnimateDeps, record: JobRecord, options: AnimateOptions): Promise<JobResult> {
  const { signal, report, ready } = options;
  const asked = askedOf(deps, record);
  const { params } = asked;
  const clip = record.inputs.driving?.[0];
  const preset = clip ? null : presetMotionOf(deps, asked);
  const watch = stopwatch(deps.clock);
  const timeoutMs = 30_000 + 3000 * record.estimate_s;

  report(jobProgress("download", 0, 1));
  const picture = record.inputs.image?.[0];
  if (!picture) throw new AppError("invalid_request", "The job has no picture.");
  const image = { path: await download(deps.files, picture, "image", options), type: picture.type };
  const driving = clip ? { path: await download(deps.files, clip, "driving", options), type: clip.type } : null;
  const downloadMs = watch();

  const video = join(options.dir, "video.mp4");
  const progressOf = (stage: string, done: number, total: number) => jobProgress(stage, done, total, driving !== null);
  const onProgress = (to: (stage: string, done: number, total: number) => Progress) => {
    return (at: { stage: string; done: number; total: number }) => report(to(at.stage, at.done, at.total));
  };
  const driven = driving
    ? await readDriving(readersOf(deps, ready), driving, asked, {
        timeoutMs,
        signal,
        onProgress: onProgress(progressOf),
      })
    : null;
  const motionMs = watch();
  const motion = (driven?.motion ?? preset)!;

  const provenance = { job: record.id, engine: ready.engine, version: ready.version };
  const made = await deps.engine.request(
    {
      type: "run",
      kind: "animate",
      inputs: { image },
      params,
      motion,
      outputs: { video },
      provenance,
    },
    { timeoutMs, signal, onProgress: onProgress(progressOf) },
  );
  const renderMs = watch();
  const left = made.outputs.frames;
  if (left) await finish(finisherOf(deps, ready), made, left, { video, provenance, timeoutMs, signal });
  const finishMs = watch();

  report(jobProgress("check", 0, 1));
  const checked = await deps.checker.request(
    { type: "check", kind: "animate", file: video, inputs: { image }, params, motion },
    { timeoutMs, signal, onProgress: onProgress((_stage, done, total) => jobProgress("check", done, total)) },
  );
  const checkMs = watch();

  report(jobProgress("upload", 0, 1));
  const output = await upload(deps.files, record, video, checked, signal);
  const timings = {
    download: downloadMs,
    ...(driven ? { motion: motionMs } : {}),
    ...engineTimings(made, renderMs, left ? finishMs : null),
    ...{ check: checkMs, upload: watch() },
  };
  const warnings = [...(driven?.warnings ?? []), ...warningsOf(made)];
  return { outputs: { video: output }, engineVersion: ready.version, warnings, timings };
}

/** The record is checked again: it may come from another version of this service. */
function askedOf({ kinds }: AnimateDeps, record: JobRecord) {
  const parsed = kinds.get(record.kind)?.params.safeParse(record.params);
  if (!parsed?.success) throw new AppError("invalid_request", "The job's params are not valid here.");
  const { size, face = 0, faces, intensity, seed = 0, ...rest } = parsed.data as AnimateJobParams;
  return { params: { size, face: faces ?? face, intensity, seed }, ...rest };
}

function presetMotionOf(
  { presets }: AnimateDeps,
  { preset: name, params, fps, duration }: ReturnType<typeof askedOf>,
): MotionFrames {
  const preset = presets.get(name ?? "");
  if (!preset) throw new AppError("invalid_request", `There is no preset '${name}' here.`);
  const { intensity, seed } = params;
  return sampleMotion(varyMotion(presetMotion(preset), seed), {
    fps,
    durationSeconds: duration ?? preset.duration,
    intensity,
  });
}

async function download(files: Files, input: JobInput, slot: string, { dir, signal }: AnimateOptions): Promise<string> {
  const path = join(dir, `${slot}.${ENDINGS[input.type] ?? "bin"}`);
  const file = await files.get(input.key, { signal });
  await pipeline(Readable.fromWeb(file.body), createWriteStream(path, { flags: "wx", mode: 0o600 }), { signal });
  if (file.bytes !== input.bytes) throw new AppError("internal", "A file of the job is not the one that was given.");
  return path;
}

async function upload(
  files: Files,
  record: JobRecord,
  path: string,
  { video }: CheckResult,
  signal: AbortSignal,
): Promise<JobOutput> {
  const key = outputKey(record.owner, record.id, record.attempt, "video.mp4");
  const { size: bytes } = await stat(path);
  if (bytes !== video.bytes) throw new AppError("check_unreadable", "The result was changed after it was checked.");
  const sha256 = await sha256Of(path, signal);
  const type = "video/mp4";
  for (let tries = 1; ; tries++) {
    try {
      await files.put(key, createReadStream(path), { type, bytes, sha256, signal });
      break;
    } catch (error) {
      // only this attempt writes under this key, so what is there is what the try before has stored
      if (tries > 1 && hasCode(error, "already_exists")) break;
      if (tries === PUT_TRIES || !hasCode(error, "storage_unavailable")) throw error;
    }
  }
  const { width, height, frames, fps, duration } = video;
  return { key, attempt: record.attempt, type, bytes, sha256, width, height, frames, fps, duration };
}

async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest("hex");
}

/** The helper reads the channels as it does for every engine; what such an engine reads besides is its own track. */
function readersOf({ engine, helper }: AnimateDeps, { services }: Ready): DrivingReaders {
  if (helper === null) return { channels: engine, native: null };
  return { channels: helper, native: services.includes("extract") ? engine : null };
}

function finisherOf({ engine, helper }: AnimateDeps, { services }: Ready): EngineProcess {
  return helper === null || services.includes("finish") ? engine : helper;
}

/** Frames that the engine has left become the video, and go. */
async function finish(
  process: EngineProcess,
  { outputs }: RunResult,
  frames: RawFrames,
  { video, provenance, ...options }: RequestOptions & { video: string; provenance: Provenance },
): Promise<void> {
  if (dirname(resolve(frames.path)) !== dirname(video)) {
    throw new AppError("engine_failed", "The engine left its frames where they do not belong.");
  }
  await process.request({ type: "finish", frames, spec: outputs.video, outputs: { video }, provenance }, options);
  await rm(frames.path, { force: true });
}

/**
 * What the engine says of its own stages; whatever it says, no more than it was seen to take. `finishMs`: how long another
 * process took to encode.
 */
function engineTimings({ timings }: RunResult, tookMs: number, finishMs: number | null): Record<string, number> {
  const told = (...stages: string[]) =>
    Math.round(
      Math.min(
        tookMs,
        stages.reduce((sum, stage) => sum + Math.max(0, timings[stage] ?? 0), 0),
      ),
    );
  return {
    detect: told("decode", "detect", "matte"),
    render: told("rig", "render"),
    encode: finishMs ?? told("encode", "finish"),
  };
}

function warningsOf({ warnings, ignoredChannels }: RunResult): JobRecord["warnings"] {
  if (ignoredChannels.length === 0) return warnings;
  const detail = `This engine cannot show: ${ignoredChannels.join(", ")}.`;
  return [...warnings, { code: "channels_ignored", detail }];
}

/** Milliseconds since it was last asked. */
function stopwatch(clock: Clock): () => number {
  let last = clock.now();
  return () => {
    const before = last;
    last = clock.now();
    return last - before;
  };
}
