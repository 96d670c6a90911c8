/** `animate`: picture and motion → engine → check → video. */
import { join } from "node:path";
import type { RunResult } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/job.ts";
import type { AnimateJobParams } from "@smileloop/core/kinds/animate.ts";
import { type MotionFrames, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { presetMotion } from "@smileloop/core/motion/preset.ts";
import { varyMotion } from "@smileloop/core/motion/vary.ts";
import type { JobIo } from "../job-io.ts";
import { readDriving } from "./driving.ts";
import type { ClaimedJob, HandlerContext, HandlerResult, RunHandler } from "./handler.ts";

/** By how long they take for a usual clip. */
const STAGES = { download: [0, 2], detect: [2, 8], render: [8, 90], check: [90, 97], upload: [97, 99] } as const;
/** With a driving clip to be read first. */
const DRIVEN_STAGES = { ...STAGES, motion: [2, 40], detect: [40, 44], render: [44, 90] } as const;

export function animateHandler(context: HandlerContext): RunHandler {
  return {
    stages: ({ inputs }) => (inputs.driving?.length ? DRIVEN_STAGES : STAGES),
    run: (job, io) => animate(context, job, io),
  };
}

async function animate(context: HandlerContext, job: ClaimedJob, io: JobIo): Promise<HandlerResult> {
  const { size, face = 0, faces, intensity, seed = 0, ...asked } = job.params as AnimateJobParams;
  const params = { size, face: faces ?? face, intensity, seed };
  const [image, driving] = await io.timed("download", async () => [await io.input("image"), await io.input("driving")]);
  if (!image?.[0]) throw new AppError("invalid_request", "The job has no picture.");
  const picture = { path: image[0].path, type: image[0].type };

  const clip = driving?.[0];
  const driven = clip ? await io.timed("motion", () => readDriving(io, clip, { ...asked, intensity })) : null;
  if (driven) io.expect({ driving: [{ ...clip!, seconds: driven.seconds }] });
  const motion = driven?.motion ?? presetFrames(context, { ...asked, intensity, seed });

  const video = join(io.dir, "video.mp4");
  const request = { kind: "animate", inputs: { image: picture }, params, motion } as const;
  const { engine, provenance } = io;
  const made = await io.timed("engine", () =>
    engine.request({ type: "run", ...request, outputs: { video }, provenance }, io.options()),
  );
  const { frames } = made.outputs;
  if (frames) await io.timed("finish", () => io.finish(frames, made.outputs.video, video));
  const checked = await io.timed("check", () =>
    io.checker.request({ type: "check", ...request, file: video }, io.options("check")),
  );
  const output = await io.timed("upload", () => io.store("video", video, { type: "video/mp4", ...checked.video }));
  splitEngineTime(io.timings, made);
  return { outputs: { video: output }, warnings: [...(driven?.warnings ?? []), ...warningsOf(made)] };
}

type PresetAsked = Pick<AnimateJobParams, "preset" | "fps" | "duration" | "intensity"> & { seed: number };

function presetFrames(
  { presets }: HandlerContext,
  { preset: name, fps, duration, ...asked }: PresetAsked,
): MotionFrames {
  const preset = presets.get(name ?? "");
  if (!preset) throw new AppError("invalid_request", `There is no preset '${name}' here.`);
  const durationSeconds = duration ?? preset.duration;
  return sampleMotion(varyMotion(presetMotion(preset), asked.seed), {
    fps,
    durationSeconds,
    intensity: asked.intensity,
  });
}

/** What the engine says of its own stages; whatever it says, no more than it was seen to take. */
function splitEngineTime(timings: JobIo["timings"], made: RunResult): void {
  const { engine: tookMs = 0, finish: finishMs, ...others } = timings;
  const said = (...stages: string[]) => {
    const sum = stages.reduce((total, stage) => total + Math.max(0, made.timings[stage] ?? 0), 0);
    return Math.round(Math.min(tookMs, sum));
  };
  delete timings.engine;
  delete timings.finish;
  Object.assign(timings, others, {
    detect: said("decode", "detect", "matte"),
    render: said("rig", "render"),
    encode: finishMs ?? said("encode", "finish"),
  });
}

function warningsOf({ warnings, ignoredChannels }: RunResult): JobRecord["warnings"] {
  if (ignoredChannels.length === 0) return warnings;
  const detail = `This engine cannot show: ${ignoredChannels.join(", ")}.`;
  return [...warnings, { code: "channels_ignored", detail }];
}
