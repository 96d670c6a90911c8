/**
 * `talk`: picture and sound, or a text that a voice says, → cast → motion → engine → check → video with sound. One face speaks; where
 * others move, they listen. What is heard in the video is the sound that the motion was made of, sample by sample.
 */
import { join } from "node:path";
import {
  type TalkCheck,
  type TalkRun,
  talkCheckResultSchema,
  talkRunResultSchema,
} from "@smileloop/core/engine/tasks/talk.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import type { TalkJobParams } from "@smileloop/core/kinds/talk.ts";
import { clipFormatOf } from "@smileloop/core/media/clip-formats.ts";
import { packMotion } from "@smileloop/core/motion/motion-file.ts";
import { speakingFrame } from "@smileloop/core/motion/poster-frame.ts";
import { fileOf, type JobIo } from "../job-io.ts";
import type { StageShares } from "../stage-progress.ts";
import { castOf, splitEngineTime, warningsOfEngine } from "./clip.ts";
import type { ClaimedJob, HandlerContext, HandlerResult, RunHandler } from "./handler.ts";
import { type Heard, hear } from "./hear.ts";
import { checkedFiles, previewOf, storeClip } from "./sold-clip.ts";
import { motionOfScene, speakerOf } from "./talk-scene.ts";

/** Shares by the usual duration of each stage. */
const STAGES: StageShares = {
  ...{ download: [0, 2], detect: [2, 5], voice: [5, 8], listen: [8, 12] },
  ...{ render: [12, 90], check: [90, 97], upload: [97, 99] },
};

export function talkHandler(context: HandlerContext): RunHandler {
  return { stages: () => STAGES, run: (job, io) => talk(context, job, io) };
}

async function talk(context: HandlerContext, job: ClaimedJob, io: JobIo): Promise<HandlerResult> {
  const params = job.params as TalkJobParams;
  const { size, exact_size: exact = false, face = 0, faces, seed = 0, format: name } = params;
  const format = clipFormatOf(name);
  const [image, audio] = await io.timed("download", async () => [await io.input("image"), await io.input("audio")]);
  const picture = image?.[0];
  if (!picture) throw new AppError("invalid_request", "The job has no picture.");
  // first of all, so that a picture without a face costs nothing else
  const found = await io.timed("detect", () => castOf(io, picture, { size, exact, face: faces ?? face, format: name }));
  const { cast } = found;
  const speaker = speakerOf(cast, face);
  const heard = await hear(context, io, { ...params, seed, audio: audio?.[0] ?? null });
  io.expect({ audio: [{ type: heard.sound.type, bytes: heard.sound.bytes, seconds: heard.seconds }] });

  const frames = motionOfScene(heard.motion, cast, { speaker, seed });
  const motion = await packMotion(frames, join(io.dir, "motion.json"));
  const inputs = { image: [found.image ?? fileOf(picture)], audio: [fileOf(heard.sound)] };
  const task = { kind: "talk" as const, inputs, cast, motion };
  const outputs = {
    video: join(io.dir, `video.${format.extension}`),
    poster: { path: join(io.dir, "poster.jpg"), frame: speakingFrame(frames, speaker) },
    ...previewOf(job.record, io),
  };
  const { rendered, checked } = await render(io, { task, outputs, seed, heard });
  const stored = await io.timed("upload", () => storeClip(io, outputs, checked, format.contentType));
  splitEngineTime(io.timings, rendered);
  const warnings: Warning[] = [
    ...heard.warnings,
    ...found.warnings,
    ...warningsOfEngine(rendered),
    ...checked.warnings,
  ];
  return { outputs: stored, warnings };
}

type Work = {
  task: Pick<TalkRun, "kind" | "inputs" | "cast" | "motion">;
  outputs: TalkRun["outputs"];
  seed: number;
  heard: Heard;
};

async function render(io: JobIo, { task, outputs, seed, heard }: Work) {
  const rendered = await io.timed("render", () => {
    const { provenance } = io;
    const run: Omit<TalkRun, "run"> = { type: "run", ...task, params: { seed }, outputs, provenance };
    return io.engine.request(run, { ...io.options(), result: talkRunResultSchema });
  });
  const { frames: raw, video: spec } = rendered.outputs;
  if (raw) await io.timed("encode", () => io.finish(raw, spec, outputs, heard.sound));
  const checked = await io.timed("check", () => {
    const { speechShare } = heard;
    const check: Omit<TalkCheck, "run"> = {
      type: "check",
      ...task,
      params: { speechShare },
      files: checkedFiles(outputs),
      mark: io.provenance.mark,
    };
    return io.checker.request(check, { ...io.options("check"), result: talkCheckResultSchema });
  });
  return { rendered, checked };
}
