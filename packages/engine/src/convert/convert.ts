/** `convert`: a video of any kind that is read becomes an MP4 with H.264 and AAC, frame by frame. */
import type { ConvertRun, ConvertRunResult } from "@smileloop/core/engine/tasks/convert.ts";
import { blaming, type Warning } from "@smileloop/core/errors.ts";
import { openFilm, unreadable } from "../media/film-file.ts";
import { readFilm } from "../media/film-reader.ts";
import { isSound, openFilmSound, SOUND_LEFT_OUT } from "../media/film-sound.ts";
import { convertedMarks } from "../media/marks.ts";
import type { Sound } from "../media/sound-reader.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import { timesOf } from "../services/film.ts";
import type { TaskContext } from "../task.ts";

/** Seconds of a video beyond those that were told: a container may count a little less than there is. */
const SLACK_SECONDS = 1;
/** Share of the distance to the frame before by which a frame may come late and still be the one that is shown. */
const LATE = 0.4;
/** Least distance of two frames, s: closer ones are a fault of the file, and players would not show both. */
const LEAST_STEP = 1 / 2000;

/** When frames of the result begin, s; the last entry is when the last one ends. */
type Times = readonly number[];

/** Throws what reading and the writer throw, and `signal.reason`; no file is left then. */
export async function convert(request: ConvertRun, context: TaskContext): Promise<ConvertRunResult> {
  const started = performance.now();
  const { inputs, params } = request;
  const { times, tags } = await blaming("video", look(request, context.signal));
  const sound = await openFilmSound(inputs.video[0]!);
  try {
    const warnings = await write(request, { times, tags, sound: isSound(sound) ? sound : undefined }, context);
    const frames = times.length - 1;
    const left = sound === "unread" ? [SOUND_LEFT_OUT] : [];
    const timings = { render: Math.round(performance.now() - started) };
    return { outputs: { video: { ...params.spec, frames } }, warnings: [...warnings, ...left], timings };
  } finally {
    if (isSound(sound)) await sound.close();
  }
}

async function look({ inputs, params }: ConvertRun, signal: AbortSignal) {
  const { spec, even } = params;
  const film = await openFilm(inputs.video[0]!.path);
  try {
    const tags = film.file.metadata?.getAll() ?? {};
    if (even) return { times: Array.from({ length: spec.frames + 1 }, (_, n) => n / spec.fps), tags };
    const { times, lasts } = await timesOf(film, spec.frames / spec.fps + SLACK_SECONDS, signal);
    const apart = times.filter((at, n) => n === 0 || at - times[n - 1]! >= LEAST_STEP).map((at) => at - times[0]!);
    return { times: [...apart, apart.at(-1)! + (lasts > 0 ? lasts : 1 / spec.fps)], tags };
  } finally {
    await film.close();
  }
}

type Found = { times: Times; tags: Record<string, string>; sound: Sound | undefined };

async function write(request: ConvertRun, { times, tags, sound }: Found, context: TaskContext): Promise<Warning[]> {
  const { outputs, params, provenance } = request;
  const { spec, even, crf, preset, soundBitRate } = params;
  const writer = await openVideoWriter({
    ...{ path: outputs.video, width: spec.width, height: spec.height, fps: spec.fps, provenance, sound },
    ...{ poster: outputs.poster, marks: convertedMarks(provenance, tags) },
    ...(even ? {} : { times }),
    ...{ x264: { crf, preset }, soundBitRate },
  });
  try {
    const warnings = await blaming("video", copy(request, times, writer.write, context));
    await writer.close();
    return warnings;
  } finally {
    await writer.abort();
  }
}

/** Each frame of the result shows the last one of the video that has begun by then, so that parts that do not decode last as long as they did. */
async function copy(
  { inputs, params: { spec } }: ConvertRun,
  times: Times,
  put: (yuv: Uint8Array) => Promise<void>,
  { signal, progress }: TaskContext,
): Promise<Warning[]> {
  const frames = times.length - 1;
  let shown: Uint8Array | null = null;
  let written = 0;
  const showUntil = async (at: number): Promise<void> => {
    while (shown && written < frames && times[written]! + LATE * (times[written + 1]! - times[written]!) < at) {
      await put(shown);
      progress("render", ++written, frames);
    }
  };
  const { faults, faultSeconds } = await readFilm(inputs.video[0]!.path, {
    ...{ signal, size: { width: spec.width, height: spec.height }, maxSeconds: times.at(-1)! + SLACK_SECONDS },
    async onFrame(frame) {
      await showUntil(frame.seconds);
      if (written < frames) shown = frame.yuv();
    },
  });
  if (!shown) throw unreadable("none of its frames can be decoded");
  await showUntil(Number.POSITIVE_INFINITY);
  if (faults === 0) return [];
  const parts = `${faults} of its parts cannot be decoded, the first after ${faultSeconds.toFixed(1)} s`;
  return [{ code: "video_damaged", detail: `The video is damaged: ${parts}. The frame before stays there.` }];
}
