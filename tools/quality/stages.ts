/** Portraits that are rigged once and then act one motion after another, as the engine would render them. */

import type { Cast, CastParams } from "@smileloop/core/engine/services.ts";
import type { AnimateCheck } from "@smileloop/core/engine/tasks/animate.ts";
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import { motionOfCast } from "@smileloop/core/motion/phases.ts";
import { check } from "@smileloop/engine/check/check.ts";
import { change } from "@smileloop/engine/check/stillness.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import { relaxedOf } from "@smileloop/engine/motion/relaxing.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import { createLife } from "@smileloop/engine/warp/life.ts";
import type { Pose } from "@smileloop/engine/warp/pose.ts";
import { createPuppet } from "@smileloop/engine/warp/puppet.ts";
import { openScene } from "@smileloop/engine/warp/scene.ts";
import { provenance } from "../../test/support/provenance.ts";

export type Stage = {
  picture: string;
  size: CastParams["size"];
  cast: Cast;
  /**
   * Writes the video; `frameAt` may show another frame of the motion than the one that is due. Without `swaying` the head does what it
   * is asked for alone.
   */
  render(motion: MotionFrames, file: string, frameAt?: (frame: number) => number, swaying?: boolean): Promise<void>;
};

const STILL: Pose = { yaw: 0, pitch: 0, roll: 0, x: 0, y: 0, z: 0, scale: 0 };
const signal = new AbortController().signal;

export async function openStage(picture: string, size: CastParams["size"]): Promise<Stage> {
  const { cast } = await castPicture(picture, { size, face: 0 });
  const { still, movers, matte } = await openScene(picture, cast, signal);
  const faces = movers.map(({ face }) => face);
  const puppet = createPuppet(still, faces, matte);
  const { width, height } = still;
  return {
    ...{ picture, size, cast },
    async render(wanted, path, frameAt = (frame) => frame, swaying = true) {
      const motion = motionOfCast(wanted, cast.movers, 0);
      const actors = motion.faces.map((curves, nth) => {
        const sway = createLife({ ...motion, faces: [curves] }, nth);
        const tracks = Object.entries(curves.channels) as [Channel, number[]][];
        const relaxed = relaxedOf(curves, motion, puppet.smiling[nth]!);
        return (frame: number) => ({
          relaxed: relaxed[frame]!,
          channels: Object.fromEntries(tracks.map(([name, values]) => [name, values[frame]!])),
          sway: swaying ? sway(frame) : STILL,
        });
      });
      const writer = await openVideoWriter({ path, width, height, fps: motion.fps, provenance });
      for (let frame = 0; frame < motion.frames; frame++) {
        await writer.write(puppet.frame(actors.map((act) => act(frameAt(frame)))));
      }
      await writer.close();
    },
  };
}

/** `passed` with its warnings, or the code of the refusal. */
export type Verdict = { code: string; detail: string; warnings: string[] };

export async function verdict(
  { picture, cast }: Pick<Stage, "picture" | "cast">,
  wanted: MotionFrames,
  video: string,
): Promise<Verdict> {
  const request: AnimateCheck = {
    ...{ type: "check", run: "check", kind: "animate", cast, files: { video }, params: { intensity: 1 }, mark: null },
    inputs: { image: [{ path: picture, type: "image/jpeg" }] },
    motion: motionOfCast(wanted, cast.movers, 0),
  };
  return check(request, { signal }).then(
    ({ warnings }) => ({ code: "passed", detail: "", warnings: warnings.map(({ detail }) => detail) }),
    (error) => ({ code: error.code ?? "error", detail: error.message, warnings: [] }),
  );
}

/** Every value at a part of its strength. */
export function weaker(motion: MotionFrames, part: number): MotionFrames {
  const faces = motion.faces.map(({ channels }) => ({
    channels: Object.fromEntries(
      Object.entries(channels).map(([name, values]) => [name, values.map((value) => value * part)]),
    ),
  }));
  return { ...motion, faces };
}

/** What is due at another frame, in every frame. */
export function retimed(motion: MotionFrames, at: (frame: number) => number): MotionFrames {
  const faces = motion.faces.map(({ channels }) => ({
    channels: Object.fromEntries(
      Object.entries(channels).map(([name, values]) => [name, values.map((_, frame) => values[at(frame)]!)]),
    ),
  }));
  return { ...motion, faces };
}

/** The most by which what two motions show differs in any frame, as `change` counts it, without the sway that nobody asks for. */
export async function apart(stage: Stage, one: MotionFrames, other: MotionFrames, file: string): Promise<number> {
  const framesOf = async (motion: MotionFrames) => {
    const frames: Uint8Array[] = [];
    await stage.render(motion, file, undefined, false);
    const { width, height } = await readVideo(file, { onFrame: ({ yuv }) => void frames.push(yuv()) });
    return { frames, width, height };
  };
  const [a, b] = [await framesOf(one), await framesOf(other)];
  const { width, height } = a;
  return Math.max(
    ...a.frames.map((frame, i) => change(frame, b.frames[i]!, width, height, { x: 0, y: 0, width, height })),
  );
}
