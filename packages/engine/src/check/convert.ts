/** Judges a video that was converted, beside the one that was given. */
import type { ConvertCheck, ConvertCheckResult } from "@smileloop/core/engine/tasks/convert.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { isSound, openFilmSound } from "../media/film-sound.ts";
import type { Sound } from "../media/sound-reader.ts";
import type { VideoInfo } from "../media/video-reader.ts";
import type { TaskContext } from "../task.ts";
import { readFrames, requireShape } from "./evidence.ts";
import { checkPoster } from "./poster.ts";
import { checkSound, type SoundEvidence } from "./talk-sound.ts";

const TYPE = "video/mp4";

/** Throws one of the `check_…` codes where the video is certainly wrong, or what reading the given one throws. */
export async function checkConverted(
  { inputs, files, params }: ConvertCheck,
  { signal }: Pick<TaskContext, "signal">,
): Promise<ConvertCheckResult> {
  const started = performance.now();
  const { spec, even, seconds } = params;
  const wanted = new Set(files.poster ? [files.poster.frame] : []);
  const { info, frames } = await readFrames(files.video, { wanted, watches: [], fps: spec.fps }, signal);
  if (even) requireShape(info, spec, spec);
  else requireDuration(info, spec, seconds);
  const poster = files.poster ? await checkPoster(files.poster, frames, info) : null;
  const decoded = performance.now();
  const sound = await soundOf(inputs.video[0]!, files.video, info, signal);
  const { width, height, fps, duration, bytes } = info;
  const timings = {
    decode: Math.round(decoded - started),
    listen: Math.round(performance.now() - decoded),
  };
  return {
    video: { ...{ width, height, fps, frames: info.frames, duration, bytes }, ...(sound && { audio: sound.audio }) },
    ...(poster && { poster }),
    warnings: [],
    timings,
  };
}

/** Of frames that are not evenly apart: as large, and as long but for a frame. */
function requireDuration(info: VideoInfo, spec: ConvertCheck["params"]["spec"], seconds: number): void {
  const isLong = Math.abs(info.duration - seconds) <= 1 / spec.fps + 0.01;
  if (info.width === spec.width && info.height === spec.height && isLong) return;
  throw new AppError(
    "check_wrong_shape",
    `The finished video lasts ${info.duration.toFixed(2)} s at ${info.width} × ${info.height}; ` +
      `${seconds.toFixed(2)} s of ${spec.width} × ${spec.height} were asked for.`,
  );
}

/** Null where the given video has no sound that is read. */
async function soundOf(
  given: ConvertCheck["inputs"]["video"][number],
  path: string,
  { duration, otherStreams }: VideoInfo,
  signal: AbortSignal,
): Promise<SoundEvidence | null> {
  const sound = await openFilmSound(given);
  if (isSound(sound)) {
    await sound.close();
    const open = openFilmSound as (file: typeof given) => Promise<Sound>;
    return checkSound(given, { path, type: TYPE, duration }, signal, open);
  }
  if (otherStreams === 0) return null;
  throw new AppError("check_out_of_sync", "The finished video has a sound, the given one none.");
}
