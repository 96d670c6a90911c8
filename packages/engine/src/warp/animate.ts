/** The built-in engine: one photo and a Motion → a finished video. */
import type { Cast } from "@smileloop/core/engine/services.ts";
import type { AnimateRun, AnimateRunResult } from "@smileloop/core/engine/tasks/animate.ts";
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import type { FaceFrames } from "@smileloop/core/motion/phases.ts";
import { curvesOf } from "../cast/read-cast.ts";
import type { Sound } from "../media/sound-reader.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import { relaxedOf } from "../motion/relaxing.ts";
import type { TaskContext } from "../task.ts";
import { createLife } from "./life.ts";
import { type ChannelValues, createPuppet, type FaceValues, IGNORED } from "./puppet.ts";
import { openScene, type Scene } from "./scene.ts";

/** A picture with its faces rigged for a motion: `frame` gives each frame of the clip (Y, U, V, packed), valid until the next. */
type Stage = { scene: Scene; frame(index: number): Uint8Array; rigMs: number };

type StageOptions = { cast: Cast; motion: MotionFrames; seed: number; signal: AbortSignal };

/** `motion` has curves for each mover of the cast (`motionOfCast`). Throws what `openScene` throws, and `signal.reason`. */
export async function openStage(path: string, { cast, motion, seed, signal }: StageOptions): Promise<Stage> {
  const scene = await openScene(path, cast, signal);
  const started = performance.now();
  const faces = scene.movers.map(({ face }) => face);
  const puppet = createPuppet(scene.still, faces, scene.matte);
  const actors = faces.map((_, nth) => {
    const curves = curvesOf(motion, nth);
    const sway = createLife({ ...motion, faces: [curves] }, seed + nth);
    const relaxed = relaxedOf(curves, motion, puppet.smiling[nth]!);
    return (frame: number): FaceValues => ({
      channels: valuesAt(curves, frame),
      sway: sway(frame),
      relaxed: relaxed[frame] ?? 0,
    });
  });
  return {
    scene,
    frame: (index) => puppet.frame(actors.map((act) => act(index))),
    rigMs: performance.now() - started,
  };
}

/** Renders `request.motion` on the movers of the cast and writes the video. Throws what `drawClip` throws. */
export async function animate(request: AnimateRun, context: TaskContext): Promise<AnimateRunResult> {
  return drawClip(request, context);
}

/** What runs have in common whose result is a clip of a portrait. */
type ClipRun = Pick<AnimateRun, "inputs" | "cast" | "motion" | "outputs" | "provenance"> & { params: { seed: number } };

/**
 * Draws every frame of a motion and writes the video, with a sound where there is one, which stays the caller's to close. Throws,
 * leaving no file, what `openScene` and the writer throw, and `signal.reason`.
 */
export async function drawClip(
  request: ClipRun,
  { signal, progress }: TaskContext,
  sound?: Sound,
): Promise<AnimateRunResult> {
  signal.throwIfAborted();
  const motion = await unpackFrames(request.motion);
  const options = { cast: request.cast, motion, seed: request.params.seed, signal };
  const { scene, frame: frameAt, rigMs } = await openStage(request.inputs.image[0]!.path, options);
  const { width, height } = scene.still;
  const { provenance, outputs } = request;
  const { video: path, poster } = outputs;
  const started = performance.now();
  const writer = await openVideoWriter({ path, width, height, fps: motion.fps, provenance, poster, sound });
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

function valuesAt({ channels }: FaceFrames, frame: number): ChannelValues {
  const values: ChannelValues = {};
  for (const [name, samples] of Object.entries(channels)) {
    values[name as Channel] = samples[Math.min(frame, samples.length - 1)] ?? 0;
  }
  return values;
}

function ignoredIn(motion: MotionFrames): string[] {
  const channels = motion.faces[0]?.channels ?? {};
  return IGNORED.filter((name) => channels[name]?.some((value) => value !== 0));
}

function rounded(timings: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)]));
}
