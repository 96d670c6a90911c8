/**
 * An operator's FaceFusion: a video goes through its steps. It gets the frames that the result is to show, upright and evenly apart, and the
 * result is read and written once more, with the sound: FaceFusion's own containers, sounds and metadata reach nobody.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ProcessVideoResult, ProcessVideoRun } from "@smileloop/core/engine/tasks/process.ts";
import { AppError, blaming, type Warning } from "@smileloop/core/errors.ts";
import { processorEntry } from "@smileloop/core/faces/processors.ts";
import { scalePercent } from "@smileloop/core/faces/scale.ts";
import { findFaces } from "../face/face.ts";
import { timesShown } from "../faces/shown.ts";
import { soundOf } from "../faces/sources.ts";
import { shrunkPicture } from "../lip/shrunk.ts";
import { openFilm } from "../media/film-file.ts";
import { filmFrames, readFilm } from "../media/film-reader.ts";
import { openFilmSound } from "../media/film-sound.ts";
import { openSound } from "../media/sound-reader.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import { createScaler } from "../media/yuv-changes.ts";
import { timesOf } from "../services/film.ts";
import type { TaskContext } from "../task.ts";
import { hasChanged } from "./effect.ts";
import type { Installation } from "./installation.ts";
import { requireShape } from "./process-image.ts";
import { throughSteps, writeSources } from "./steps.ts";

/** Shares of the work that are done when FaceFusion starts, and when it has ended. */
const SHARES = { made: 0.05, processed: 0.9 };
/** What encoding leaves at hard edges, levels. */
const NO_EFFECT = 10;
/** Frames that a container or a filter of FFmpeg may lose, or add, at the end. */
const FEW_FRAMES = 2;
/** Frames that are looked at for a face where nothing has changed, and the longest side of them. */
const LOOKED = 8;
const SEARCH_SIDE = 960;

type Given = { path: string; width: number; height: number; stamps: readonly number[] };

/** Throws what reading, FaceFusion and the writer throw, and `signal.reason`; no file is left then. */
export async function processVideo(
  installation: Installation,
  request: ProcessVideoRun,
  context: TaskContext,
): Promise<ProcessVideoResult> {
  const { inputs, outputs, params } = request;
  const { signal, progress } = context;
  const { processors: steps, spec, faces, face, detector, execution } = params;
  const started = performance.now();
  const given = await blaming("target", shapeOf(inputs.target[0]!.path, spec.frames / spec.fps, signal));
  const folder = await mkdtemp(join(dirname(outputs.video), "facefusion-"));
  try {
    const sources = await writeSources(inputs.source, folder);
    const target = join(folder, "target.mp4");
    await blaming("target", writeTarget(given, target, request, signal));
    const made = performance.now();
    progress("render", SHARES.made, 1);
    const work = { steps, scale: scalePercent(given, spec), target, frames: spec.frames, sources, folder };
    const { path, warnings } = await throughSteps(
      installation,
      { ...work, faces, face, detector, execution },
      { signal, onShare: (share) => progress("render", SHARES.made + (SHARES.processed - SHARES.made) * share, 1) },
    );
    const rendered = performance.now();
    const { changed, unread } = await writeResult(request, { given, target, path }, context);
    const needsFaces = steps.some(({ name }) => processorEntry(name).whole !== true);
    if (changed === 0 && needsFaces) await requireFace(given, signal);
    const left = needsFaces && changed > 0 && changed < spec.frames ? [leftAlone(spec.frames - changed)] : [];
    const timings = { decode: made - started, render: rendered - made, encode: performance.now() - rendered };
    return {
      outputs: { video: spec },
      frames: { total: spec.frames, changed, left },
      noEffect: changed > 0 ? [] : [...new Set(steps.map(({ name }) => name))],
      warnings: unread ? [...warnings, UNREAD] : warnings,
      timings: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)])),
    };
  } catch (error) {
    await Promise.all([outputs.video, outputs.poster?.path].map((path) => path && rm(path, { force: true })));
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const UNREAD: Warning = {
  code: "sound_left_out",
  detail: "The sound of the video is of a kind that is not read, so the result has none.",
};

function leftAlone(frames: number) {
  return { code: "face_left_alone", detail: "FaceFusion has found nothing to change.", frames };
}

async function shapeOf(path: string, seconds: number, signal: AbortSignal): Promise<Given> {
  const film = await openFilm(path);
  try {
    const { times } = await timesOf(film, seconds + 1, signal);
    return { path, width: film.width, height: film.height, stamps: times.map((at) => at - times[0]!) };
  } finally {
    await film.close();
  }
}

/** The frames of the result as the target shows them, in its size, without a sound. */
async function writeTarget(
  { path, width, height, stamps }: Given,
  to: string,
  { params, provenance }: ProcessVideoRun,
  signal: AbortSignal,
): Promise<void> {
  const { spec, times } = params;
  const shown = timesShown(stamps, { ...spec, times });
  // it is only what FaceFusion works on
  const unmarked = { ...provenance, mark: null };
  const writer = await openVideoWriter({ path: to, width, height, fps: spec.fps, provenance: unmarked, part: "face" });
  let index = 0;
  try {
    await readFilm(path, {
      ...{ signal, maxSeconds: (stamps.at(-1) ?? 0) + 1 },
      onFrame: async ({ yuv }) => {
        const often = shown[index++] ?? 0;
        const frame = often > 0 ? yuv() : null;
        for (let time = 0; time < often; time++) await writer.write(frame!);
      },
    });
    await writer.close();
  } finally {
    await writer.abort();
  }
}

type Made = { given: Given; target: string; path: string };

/** What FaceFusion has made, in the size that is asked for, with the sound and the mark. */
async function writeResult(
  { inputs, outputs, params, provenance }: ProcessVideoRun,
  { given, target, path }: Made,
  { signal, progress }: TaskContext,
): Promise<{ changed: number; unread: boolean }> {
  const { width, height, fps, frames } = params.spec;
  const taken = params.processors.some(({ name }) => processorEntry(name).source === "audio");
  const spoken = taken ? soundOf(inputs.source) : undefined;
  const sound = spoken ? await openSound(spoken) : await openFilmSound(inputs.target[0]!);
  const heard = sound === null || sound === "unread" ? {} : { sound };
  const stamps = Array.from({ length: frames }, (_, nth) => nth / fps);
  const before = filmFrames(target, stamps, signal);
  const [scaler, other] = [createScaler(params.spec), createScaler(given)];
  let [count, changed] = [0, 0];
  let last: Uint8Array | null = null;
  try {
    const writer = await openVideoWriter({
      ...{ path: outputs.video, width, height, fps, times: params.times, provenance, part: "face" },
      poster: outputs.poster,
      ...heard,
    });
    try {
      await readFilm(path, {
        ...{ signal, maxSeconds: frames / fps + 10 },
        onFrame: async ({ yuv }, shape) => {
          if (count === 0) requireShape(given, shape);
          const nth = count++;
          if (nth >= frames) return;
          const made = yuv();
          const [was, is] = [await before.at(nth), other.scale(made, shape)];
          const { width: across, height: down } = given;
          if (hasChanged(luma(was, across, down), luma(is, across, down), NO_EFFECT)) changed++;
          last = new Uint8Array(scaler.scale(made, shape));
          await writer.write(last);
          progress("encode", SHARES.processed + (1 - SHARES.processed) * ((nth + 1) / frames), 1);
        },
      });
      if (last === null || Math.abs(count - frames) > FEW_FRAMES) {
        throw new AppError("engine_failed", `FaceFusion has made ${count} frames of ${frames}.`);
      }
      for (; count < frames; count++) await writer.write(last);
      await writer.close();
    } finally {
      await writer.abort();
    }
  } finally {
    for (const each of [scaler, other]) each.free();
    await before.close();
    await heard.sound?.close();
  }
  return { changed, unread: sound === "unread" };
}

function luma(y: Uint8Array, width: number, height: number) {
  return { width, height, y };
}

/** Nothing has changed: perhaps because there is no face. Throws `no_face`. */
async function requireFace({ path, width, height, stamps }: Given, signal: AbortSignal): Promise<void> {
  const frames = filmFrames(path, stamps, signal);
  try {
    const looked = Math.min(LOOKED, stamps.length);
    for (let n = 0; n < looked; n++) {
      const yuv = await frames.at(Math.round((n * (stamps.length - 1)) / Math.max(1, looked - 1)));
      const picture = shrunkPicture({ yuv, width, height }, { x: 0, y: 0, width, height }, SEARCH_SIDE);
      if ((await findFaces(picture)).length > 0) return;
    }
  } finally {
    await frames.close();
  }
  const detail = "No face was found in the video. Use one in which a face is well lit and looks towards the camera.";
  throw new AppError("no_face", detail, { input: "target" });
}
