/** The built-in engine: one photo and a Motion → a finished video. */
import type { AnimateRun, AnimateRunResult } from "@smileloop/core/engine/tasks/animate.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import type { Sound } from "../media/sound-reader.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import type { TaskContext } from "../task.ts";
import { ignoredIn, openStage } from "./stage.ts";

/** Renders `request.motion` on the movers of the cast and writes the video. Throws what `drawClip` throws. */
export async function animate(request: AnimateRun, context: TaskContext): Promise<AnimateRunResult> {
  return drawClip(request, context);
}

/** What runs have in common whose result is a clip of a portrait. */
type ClipRun = Pick<AnimateRun, "inputs" | "cast" | "motion" | "outputs" | "provenance"> & { params: { seed: number } };

/**
 * Draws every frame of a motion and writes the video, with a sound where there is one, which stays the caller's to close. `again`: the same
 * sound once more, for a preview. Throws,
 * leaving no file, what `openScene` and the writer throw, and `signal.reason`.
 */
export async function drawClip(
  request: ClipRun,
  { signal, progress }: Pick<TaskContext, "signal" | "progress">,
  { sound, again }: { sound?: Sound | undefined; again?: Sound | undefined } = {},
): Promise<AnimateRunResult> {
  signal.throwIfAborted();
  const motion = await unpackFrames(request.motion);
  const { scene, play, rigMs } = await openStage(request.inputs.image[0]!.path, request.cast, signal);
  const frameAt = play(motion, request.params.seed);
  const { width, height } = scene.still;
  const { provenance, outputs } = request;
  const { video: path, poster } = outputs;
  const preview = outputs.preview && { ...outputs.preview, sound: again };
  const started = performance.now();
  const writer = await openVideoWriter({ path, width, height, fps: motion.fps, provenance, poster, sound, preview });
  let rendering = 0;
  try {
    for (let frame = 0; frame < motion.frames; frame++) {
      signal.throwIfAborted();
      const before = performance.now();
      const pixels = frameAt(frame);
      rendering += performance.now() - before;
      await writer.write(pixels);
      progress("render", frame + 1, motion.frames);
    }
    signal.throwIfAborted();
    await writer.close();
  } finally {
    await writer.abort();
  }
  const ended = performance.now();
  const spec = { width, height, fps: motion.fps, frames: motion.frames };
  return {
    outputs: { video: spec },
    warnings: [],
    ignoredChannels: ignoredIn(motion),
    timings: rounded({
      ...scene.timings,
      rig: rigMs,
      render: rendering,
      // The encoder works beside the rendering: this is what it took beyond it.
      encode: ended - started - rendering,
    }),
  };
}

export function rounded(timings: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)]));
}
