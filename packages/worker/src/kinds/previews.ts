/**
 * `previews`: picture → cast → engine, which opens it once and renders clip after clip → check → the clip is there, while the engine goes
 * on. A clip that its check refuses is left out and warned of; the others stay.
 */
import { join } from "node:path";
import {
  type PreviewClip,
  type PreviewsCheck,
  type PreviewsRun,
  previewsCheckResultSchema,
  previewsRunResultSchema,
} from "@smileloop/core/engine/tasks/previews.ts";
import { AppError, ERRORS, type Warning } from "@smileloop/core/errors.ts";
import type { JobOutput } from "@smileloop/core/job/record.ts";
import { PREVIEW_FPS, type PreviewsJobParams } from "@smileloop/core/kinds/previews.ts";
import { CLIP_FORMATS } from "@smileloop/core/media/clip-formats.ts";
import { packMotion } from "@smileloop/core/motion/motion-file.ts";
import { motionOfCast } from "@smileloop/core/motion/phases.ts";
import { fileOf, type JobIo } from "../job-io.ts";
import { presetFrames } from "./animate.ts";
import { castOf, splitEngineTime, warningsOfEngine } from "./clip.ts";
import type { ClaimedJob, HandlerContext, HandlerResult, RunHandler } from "./handler.ts";
import { oneByOne } from "./one-by-one.ts";

/** Shares by the usual duration of each stage. Clips are checked and stored while others are rendered. */
const STAGES = { download: [0, 2], detect: [2, 8], render: [8, 99] } as const;
const FORMAT = CLIP_FORMATS[0]!;

export function previewsHandler(context: HandlerContext): RunHandler {
  return { stages: () => STAGES, run: (job, io) => previews(context, job, io) };
}

async function previews(context: HandlerContext, job: ClaimedJob, io: JobIo): Promise<HandlerResult> {
  const { presets, size, face, seed = 0 } = job.params as PreviewsJobParams;
  const [picture] = await io.timed("download", () => io.input("image"));
  if (!picture) throw new AppError("invalid_request", "The job has no picture.");
  const found = await io.timed("detect", () => castOf(io, picture, { size, face, format: FORMAT.name }));
  const clips = new Map<string, PreviewClip>();
  for (const preset of presets) {
    const wanted = presetFrames(context, { preset, fps: PREVIEW_FPS, intensity: 1, seed });
    const frames = motionOfCast(wanted, found.cast.movers, seed);
    const motion = await packMotion(frames, join(io.dir, `${preset}.json`));
    clips.set(preset, { name: preset, motion, video: join(io.dir, `${preset}.${FORMAT.extension}`) });
  }
  const task = { kind: "previews" as const, inputs: { image: [found.image ?? fileOf(picture)] }, cast: found.cast };
  const shelf = openShelf(io, task);
  const { provenance } = io;
  const run: Omit<PreviewsRun, "run"> = {
    ...{ type: "run", ...task, params: { seed } },
    ...{ clips: [...clips.values()], provenance },
  };
  const rendered = await io.timed("render", () =>
    oneByOne({
      names: [...clips.keys()],
      signal: io.signal,
      ask: (hooks) => io.engine.request(run, { ...io.options(), ...hooks, result: previewsRunResultSchema }),
      deliver: (name) => shelf.put(clips.get(name)!),
    }),
  );
  splitEngineTime(io.timings, rendered);
  const { outputs, warnings } = shelf.result();
  return { outputs, warnings: [...found.warnings, ...warningsOfEngine(rendered), ...warnings] };
}

/** The clips that are ready: checked, stored and shown. */
function openShelf(io: JobIo, task: Pick<PreviewsCheck, "kind" | "inputs" | "cast">) {
  const outputs: Record<string, JobOutput> = {};
  const warnings: Warning[] = [];
  let refusal: AppError | undefined;
  return {
    async put(clip: PreviewClip): Promise<void> {
      const check: Omit<PreviewsCheck, "run"> = { type: "check", ...task, clip };
      const options = { ...io.options(), onProgress: undefined, result: previewsCheckResultSchema };
      try {
        const { video } = await io.timed("check", () => io.checker.request(check, options));
        const stored = () => io.store(clip.name, clip.video, { type: FORMAT.contentType, ...video });
        outputs[clip.name] = await io.timed("upload", stored);
        await io.publish({ [clip.name]: outputs[clip.name]! });
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refusal = error;
        warnings.push({ code: "clip_left_out", detail: `There is no clip of ${clip.name}: ${error.message}` });
      }
    },
    /** Throws why the last clip was refused where all of them were. */
    result(): HandlerResult {
      if (refusal && Object.keys(outputs).length === 0) throw refusal;
      return { outputs, warnings };
    },
  };
}

/** Whether the clip itself is at fault: made again, it would be refused again. */
function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError && error.code.startsWith("check_") && !ERRORS[error.code].retryable;
}
