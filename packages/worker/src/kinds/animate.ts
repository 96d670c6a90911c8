/**
 * `animate`: picture and motion → cast → engine → check → video. Who moves, when and in which crop is decided once, by the cast
 * and `motionOfCast`; the engine and the check are told the same.
 */
import { join } from "node:path";
import {
  type AnimateCheck,
  type AnimateRun,
  animateCheckResultSchema,
  animateRunResultSchema,
} from "@smileloop/core/engine/tasks/animate.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { AnimateJobParams } from "@smileloop/core/kinds/animate.ts";
import { clipFormatOf } from "@smileloop/core/media/clip-formats.ts";
import { type MotionFrames, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { packMotion } from "@smileloop/core/motion/motion-file.ts";
import { motionOfCast } from "@smileloop/core/motion/phases.ts";
import { posterFrame } from "@smileloop/core/motion/poster-frame.ts";
import { presetMotion } from "@smileloop/core/motion/preset.ts";
import { varyMotion } from "@smileloop/core/motion/vary.ts";
import { shown } from "@smileloop/core/text.ts";
import { fileOf, type JobIo } from "../job-io.ts";
import { castOf, splitEngineTime, warningsOfEngine, warningsOfFormat } from "./clip.ts";
import { readDriving } from "./driving.ts";
import type { ClaimedJob, HandlerContext, HandlerResult, RunHandler } from "./handler.ts";
import { checkedFiles, previewOf, storeClip } from "./sold-clip.ts";

/** Shares by the usual duration of each stage. */
const STAGES = { download: [0, 2], detect: [2, 8], render: [8, 90], check: [90, 97], upload: [97, 99] } as const;
/** With a driving clip to be read first. */
const DRIVEN_STAGES = { ...STAGES, detect: [2, 6], motion: [6, 44], render: [44, 90] } as const;

export function animateHandler(context: HandlerContext): RunHandler {
  return {
    stages: ({ inputs }) => (inputs.driving?.length ? DRIVEN_STAGES : STAGES),
    run: (job, io) => animate(context, job, io),
  };
}

async function animate(context: HandlerContext, job: ClaimedJob, io: JobIo): Promise<HandlerResult> {
  const { size, face = 0, faces, intensity, seed = 0, format: name, ...rest } = job.params as AnimateJobParams;
  const format = clipFormatOf(name);
  const asked = { ...rest, fps: format.rateFor(rest.fps) };
  const [image, driving] = await io.timed("download", async () => [await io.input("image"), await io.input("driving")]);
  const picture = image?.[0];
  const clip = driving?.[0];
  if (!picture) throw new AppError("invalid_request", "The job has no picture.");
  // first of all, so that a picture without a face costs nothing else
  const {
    cast,
    warnings,
    image: readable,
  } = await io.timed("detect", () => castOf(io, picture, { size, face: faces ?? face, format: name }));
  const driven = clip ? await io.timed("motion", () => readDriving(io, clip, { ...asked, intensity })) : null;
  if (clip && driven) io.expect({ driving: [{ ...clip, seconds: driven.seconds }] });
  const wanted = driven?.motion ?? presetFrames(context, { ...asked, intensity, seed });

  const frames = motionOfCast(wanted, cast.movers, seed);
  const motion = await packMotion(frames, join(io.dir, "motion.json"));
  const task = { kind: "animate" as const, inputs: { image: [readable ?? fileOf(picture)] }, cast, motion };

  const outputs = {
    video: join(io.dir, `video.${format.extension}`),
    poster: { path: join(io.dir, "poster.jpg"), frame: posterFrame(frames) },
    ...previewOf(job.record, io),
  };
  const rendered = await io.timed("render", () => {
    const { provenance } = io;
    const run: Omit<AnimateRun, "run"> = {
      type: "run",
      ...task,
      params: { intensity, seed },
      outputs,
      provenance,
    };
    return io.engine.request(run, { ...io.options(), result: animateRunResultSchema });
  });
  const { frames: raw, video: spec } = rendered.outputs;
  if (raw) await io.timed("encode", () => io.finish(raw, spec, outputs));
  const checked = await io.timed("check", () => {
    const check: Omit<AnimateCheck, "run"> = {
      type: "check",
      ...task,
      params: { intensity },
      files: checkedFiles(outputs),
      mark: io.provenance.mark,
    };
    return io.checker.request(check, { ...io.options("check"), result: animateCheckResultSchema });
  });
  const stored = await io.timed("upload", () => storeClip(io, outputs, checked, format.contentType));
  splitEngineTime(io.timings, rendered);
  const ofFormat = warningsOfFormat(format, { asked: rest.fps, ...checked.video });
  return {
    outputs: stored,
    warnings: [
      ...(driven?.warnings ?? []),
      ...warnings,
      ...ofFormat,
      ...warningsOfEngine(rendered),
      ...checked.warnings,
    ],
  };
}

/** `duration`: seconds; the preset's own where it is absent. */
type PresetAsked = Pick<AnimateJobParams, "preset" | "fps" | "duration" | "intensity"> & { seed: number };

/** Curves of a preset as `seed` has it. Throws `invalid_request` for a preset that is not here. */
export function presetFrames(
  { presets }: HandlerContext,
  { preset: name, fps, duration, ...asked }: PresetAsked,
): MotionFrames {
  const preset = presets.get(name ?? "");
  if (!preset) throw new AppError("invalid_request", `There is no preset ${shown(name)} here.`);
  const durationSeconds = duration ?? preset.duration;
  return sampleMotion(varyMotion(presetMotion(preset), asked.seed), {
    fps,
    durationSeconds,
    intensity: asked.intensity,
  });
}
