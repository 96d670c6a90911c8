/**
 * The built-in engine: the faces of a video go through steps, frame by frame. The video is read twice, once to follow its faces and once
 * for the steps, so that what is held does not grow with its length beside some kB for each face and frame.
 */
import type { ProcessVideoResult, ProcessVideoRun } from "@smileloop/core/engine/tasks/process.ts";
import { AppError, blaming, type Warning } from "@smileloop/core/errors.ts";
import { scalePercent } from "@smileloop/core/faces/scale.ts";
import { filmFrames, readFilm } from "../media/film-reader.ts";
import { isSound, openFilmSound, SOUND_LEFT_OUT } from "../media/film-sound.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import { pictureOf } from "../media/yuv.ts";
import { createScaler, withChanges, yuvOf } from "../media/yuv-changes.ts";
import type { TaskContext } from "../task.ts";
import { openPipeline, type Pipeline, warnOfChoices } from "./pipeline.ts";
import type { Clip, RgbFrame, Scene, SceneFace } from "./processor.ts";
import { timesShown } from "./shown.ts";
import { readSources } from "./sources.ts";
import { facesAt, largestByShot, type Tracked, trackFaces, trackOfFace } from "./tracks.ts";

/** Share of the work that is done when all faces have been followed. */
const FOLLOWED = 0.4;
/** Seconds of a video beyond those that were asked for: a container may count a little less than there is. */
const SLACK_SECONDS = 1;
const NO_FACE = "No face was found in the video. Use one in which a face is well lit and looks towards the camera.";

type Params = ProcessVideoRun["params"];

/** Throws what reading, the steps and the writer throw, and `signal.reason`; no file is left then. */
export async function processVideo(request: ProcessVideoRun, context: TaskContext): Promise<ProcessVideoResult> {
  const { inputs, params } = request;
  const { signal, progress } = context;
  const { spec, detector, execution } = params;
  const started = performance.now();
  const { path } = inputs.target[0]!;
  const tracked = await blaming(
    "target",
    trackFaces(path, {
      ...{ maxSeconds: spec.frames / spec.fps + SLACK_SECONDS, score: detector.score, signal },
      progress: (share) => progress("follow", FOLLOWED * share, 1),
    }),
  );
  const facesOf = choose(tracked, params);
  const followed = performance.now();
  const frames = filmFrames(path, tracked.stamps, signal);
  const { width, height, stamps } = tracked;
  const shown = timesShown(stamps, spec);
  const clip: Clip = {
    ...{ width, height, frames: stamps.length, fps: spec.fps, scale: scalePercent(tracked, spec) },
    sceneAt: async (index) => sceneOf(await frames.at(index), index, { tracked, facesOf }),
  };
  try {
    const sources = await readSources(inputs.source, null);
    const pipeline = await openPipeline({ steps: params.processors, clip, sources, signal });
    try {
      if (pipeline.needsFaces && tracked.samples.every((frame) => frame.size === 0)) {
        throw new AppError("no_face", NO_FACE, { input: "target" });
      }
      const drawn = await draw(request, { tracked, facesOf, shown, pipeline }, context);
      const { left, changed, warnings, noEffect } = pipeline.outcome();
      const timings = { follow: followed - started, render: performance.now() - followed };
      return {
        outputs: { video: spec },
        frames: { total: drawn.frames, changed, left: [...left, ...drawn.left] },
        noEffect,
        warnings: [...warnOfChoices(detector, execution), ...warnings, ...drawn.warnings],
        timings: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)])),
      };
    } finally {
      pipeline.free();
    }
  } finally {
    await frames.close();
  }
}

type Work = {
  tracked: Tracked;
  facesOf: (index: number) => SceneFace[];
  /** How often each frame of the target is shown. */
  shown: readonly number[];
  pipeline: Pipeline;
};
type Drawn = { frames: number; left: ProcessVideoResult["frames"]["left"]; warnings: Warning[] };

async function draw(request: ProcessVideoRun, work: Work, { signal, progress }: TaskContext): Promise<Drawn> {
  const { inputs, outputs, params, provenance } = request;
  const { tracked, facesOf, shown, pipeline } = work;
  const { width, height, fps, frames } = params.spec;
  const target = inputs.target[0]!;
  const sound = await openFilmSound(target);
  const scaler = createScaler(params.spec);
  let [index, written, seen, faceless] = [0, 0, 0, 0];
  try {
    const writer = await openVideoWriter({
      ...{ path: outputs.video, width, height, fps, provenance, poster: outputs.poster, part: "face" },
      ...(isSound(sound) ? { sound } : {}),
    });
    try {
      await readFilm(target.path, {
        ...{ signal, maxSeconds: (tracked.stamps.at(-1) ?? 0) + 1 },
        onFrame: async ({ yuv: read }) => {
          const nth = index++;
          const times = shown[nth] ?? 0;
          if (times === 0) return;
          const yuv = read();
          const scene = sceneOf(yuv, nth, { tracked, facesOf });
          if (scene.faces.length === 0) faceless++;
          const result = await processed(yuv, scene, pipeline);
          const sized = scaler.scale(result.yuv, result);
          for (let time = 0; time < times; time++) await writer.write(sized);
          seen++;
          written += times;
          progress("render", FOLLOWED + (1 - FOLLOWED) * (written / frames), 1);
        },
      });
      await writer.close();
    } finally {
      await writer.abort();
    }
  } finally {
    scaler.free();
    if (isSound(sound)) await sound.close();
  }
  const detail = "The face is not seen.";
  const left = pipeline.needsFaces && faceless > 0 ? [{ code: "face_left_alone", detail, frames: faceless }] : [];
  return { frames: seen, left, warnings: sound === "unread" ? [SOUND_LEFT_OUT] : [] };
}

/** A frame after all steps, of any size. What has not changed in it keeps its bytes. */
async function processed(yuv: Uint8Array, scene: Scene, pipeline: Pipeline): Promise<{ yuv: Uint8Array } & Size> {
  const was = new Uint8Array(scene.frame.data);
  const { width, height } = scene.frame;
  const { frame, changed } = await pipeline.apply(scene);
  if (frame.width !== width || frame.height !== height) return { ...even(frame), yuv: yuvOf(even(frame)) };
  return { width, height, yuv: changed === null ? yuv : withChanges(yuv, was, frame, changed) };
}

type Size = { width: number; height: number };

/** Without the last row or column where that is one too many for a video. */
function even(frame: RgbFrame): RgbFrame {
  const [width, height] = [frame.width - (frame.width % 2), frame.height - (frame.height % 2)];
  if (width === frame.width) return { width, height, data: frame.data.subarray(0, width * height * 3) };
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    data.set(frame.data.subarray(y * frame.width * 3, (y * frame.width + width) * 3), y * width * 3);
  }
  return { width, height, data };
}

function sceneOf(yuv: Uint8Array, index: number, { tracked, facesOf }: Pick<Work, "tracked" | "facesOf">): Scene {
  const { width, height, stamps } = tracked;
  const { data } = pictureOf(yuv, width, height, { x: 0, y: 0, width, height });
  return { frame: { width, height, data }, faces: facesOf(index), index, seconds: stamps[index]! };
}

/** The faces of a frame that are to be worked on. Throws `face_not_there`. */
function choose(tracked: Tracked, { faces, face }: Pick<Params, "faces" | "face">): (index: number) => SceneFace[] {
  if (faces === "all") return (index) => facesAt(tracked, index);
  const only = (index: number, track: number | undefined) =>
    facesAt(tracked, index).filter((each) => each.track === track);
  if (faces === "largest") {
    const largest = largestByShot(tracked);
    return (index) => only(index, largest[tracked.shots.findLastIndex((from) => from <= index)]);
  }
  const { track, count } = trackOfFace(tracked, face);
  if (track === undefined && count > 0) {
    const there = count === 1 ? "one face" : `${count} faces`;
    throw new AppError("face_not_there", `The video begins with ${there}; face ${face} is not among them.`);
  }
  return (index) => only(index, track);
}
