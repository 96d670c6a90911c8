/**
 * The built-in engine: the faces of a video go through steps, frame by frame. The video is read twice, once to follow its faces and once
 * for the steps, so that what is held does not grow with its length beside some kB for each face and frame.
 */
import type { ProcessVideoResult, ProcessVideoRun } from "@smileloop/core/engine/tasks/process.ts";
import { AppError, blaming } from "@smileloop/core/errors.ts";
import { scalePercent } from "@smileloop/core/faces/scale.ts";
import { filmFrames } from "../media/film-reader.ts";
import type { TaskContext } from "../task.ts";
import { warnOfChoices } from "./choices.ts";
import { openPipeline } from "./pipeline.ts";
import { drawVideo } from "./process-drawing.ts";
import { filmOf, sceneOf } from "./process-film.ts";
import type { Clip } from "./processor.ts";
import { readSources } from "./sources.ts";
import { trackFaces } from "./tracks.ts";

/** Shares of the work that are done when all faces have been followed, and when the steps are prepared. */
const SHARES = { followed: 0.4, prepared: 0.6 };
/** Seconds of a video beyond those that were asked for: a container may count a little less than there is. */
const SLACK_SECONDS = 1;
const NO_FACE = "No face was found in the video. Use one in which a face is well lit and looks towards the camera.";

/** Throws what reading, the steps and the writer throw, and `signal.reason`; no file is left then. */
export async function processVideo(request: ProcessVideoRun, context: TaskContext): Promise<ProcessVideoResult> {
  const { inputs, params } = request;
  const { signal, progress } = context;
  const { spec, detector, execution, speech } = params;
  const started = performance.now();
  const { path } = inputs.target[0]!;
  // what is not shown of a video may still lend its mouths
  const seconds = Math.max(spec.frames / spec.fps, speech?.sync.video ?? 0) + SLACK_SECONDS;
  const tracked = await blaming(
    "target",
    trackFaces(path, {
      ...{ maxSeconds: seconds, score: detector.score, signal },
      progress: (share) => progress("follow", SHARES.followed * share, 1),
    }),
  );
  const film = filmOf(tracked, params);
  const followed = performance.now();
  const frames = filmFrames(path, tracked.stamps, signal);
  const { width, height, stamps } = tracked;
  const clip: Clip = {
    ...{ width, height, frames: stamps.length, fps: spec.fps, scale: scalePercent(tracked, spec) },
    sceneAt: async (index) => sceneOf(await frames.at(index), index, film),
  };
  try {
    const sources = await readSources(inputs.source, speech);
    const pipeline = await openPipeline({
      ...{ steps: params.processors, clip, sources, signal },
      progress: (share) => progress("prepare", SHARES.followed + (SHARES.prepared - SHARES.followed) * share, 1),
    });
    try {
      if (pipeline.needsFaces && tracked.samples.every((frame) => frame.size === 0)) {
        throw new AppError("no_face", NO_FACE, { input: "target" });
      }
      const share = (done: number) => progress("render", SHARES.prepared + (1 - SHARES.prepared) * done, 1);
      const drawn = await drawVideo(request, { film, pipeline, signal, progress: share });
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
