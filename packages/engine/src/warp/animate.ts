/** The built-in engine: one photo and a Motion → a finished video. */
import type { AnimateParams, RunRequest, RunResult } from "@smileloop/core/engine/protocol.ts";
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import { eased } from "../cast/ease.ts";
import type { Framing } from "../cast/framing.ts";
import { type FaceFrames, phasesOf } from "../cast/phases.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import type { TaskContext } from "../task.ts";
import { createLife } from "./life.ts";
import { type ChannelValues, createPuppet, type FaceValues, IGNORED } from "./puppet.ts";
import { openScene, type Scene } from "./scene.ts";

/** A picture with its faces rigged for a motion: `frame` gives each frame of the clip (Y, U, V, packed), valid until the next. */
export type Stage = { scene: Scene; frame(index: number): Uint8Array; rigMs: number };

/** Throws what `openScene` throws, and `signal.reason`. */
export async function openStage(
  path: string,
  params: AnimateParams,
  motion: MotionFrames,
  signal: AbortSignal,
): Promise<Stage> {
  const scene = await openScene(path, params, signal);
  const started = performance.now();
  const faces = scene.movers.map(({ face }) => face);
  const puppet = createPuppet(scene.still, faces, scene.matte);
  const actors = phasesOf(motion, faces.length, params.seed).map((asked, nth) => {
    const curves = eased(asked, scene.movers[nth]!.ease);
    const sway = createLife({ ...motion, faces: [asked] }, params.seed + nth);
    return (frame: number): FaceValues => ({ channels: valuesAt(curves, frame), sway: sway(frame) });
  });
  return {
    scene,
    frame: (index) => puppet.frame(actors.map((act) => act(index))),
    rigMs: performance.now() - started,
  };
}

/**
 * Renders `request.motion` on the faces of the picture that were asked for and writes the video. Throws, leaving no file, what `openScene` and the
 * writer throw, and `signal.reason`.
 */
export async function animate(request: RunRequest, { signal, progress }: TaskContext): Promise<RunResult> {
  const { params, motion } = request;
  signal.throwIfAborted();
  const { scene, frame: frameAt, rigMs } = await openStage(request.inputs.image.path, params, motion, signal);
  const { width, height } = scene.still;
  const started = performance.now();
  const writer = await openVideoWriter({
    path: request.outputs.video,
    width,
    height,
    fps: motion.fps,
    provenance: request.provenance,
  });
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
    faces: scene.faces,
    warnings: [...scene.warnings, ...warningsOf(scene.framing, params.size)],
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

function warningsOf(framing: Framing, size: RunRequest["params"]["size"]): RunResult["warnings"] {
  // less is not seen
  if (framing.enlarged < 1.1) return [];
  const detail = `The part of the picture around the face was enlarged ${framing.enlarged.toFixed(1)} times to ${framing.width} pixels, so it looks softer`;
  const smaller = framing.width !== size ? `; the picture is too small for ${size}` : "";
  return [{ code: "enlarged", detail: `${detail}${smaller}.` }];
}

function rounded(timings: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)]));
}
