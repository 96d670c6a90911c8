/** Portraits that are rigged once and then act one motion after another, as the engine would render them. */

import type { Cast, CastParams } from "@smileloop/core/engine/services.ts";
import type { AnimateCheck } from "@smileloop/core/engine/tasks/animate.ts";
import type { Channel, MotionFrames } from "@smileloop/core/motion/motion.ts";
import { motionOfCast } from "@smileloop/core/motion/phases.ts";
import { check } from "@smileloop/engine/check/check.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import { relaxedOf } from "@smileloop/engine/motion/relaxing.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import { createLife } from "@smileloop/engine/warp/life.ts";
import { createPuppet } from "@smileloop/engine/warp/puppet.ts";
import { openScene } from "@smileloop/engine/warp/scene.ts";

export type Stage = {
  picture: string;
  size: CastParams["size"];
  cast: Cast;
  /** Writes the video; `frameAt` may show another frame of the motion than the one that is due. */
  render(motion: MotionFrames, file: string, frameAt?: (frame: number) => number): Promise<void>;
};

const signal = new AbortController().signal;

export async function openStage(picture: string, size: CastParams["size"]): Promise<Stage> {
  const { cast } = await castPicture(picture, { size, face: 0 });
  const { still, movers, matte } = await openScene(picture, cast, signal);
  const faces = movers.map(({ face }) => face);
  const puppet = createPuppet(still, faces, matte);
  const { width, height } = still;
  return {
    ...{ picture, size, cast },
    async render(wanted, path, frameAt = (frame) => frame) {
      const motion = motionOfCast(wanted, cast.movers, 0);
      const actors = motion.faces.map((curves, nth) => {
        const sway = createLife({ ...motion, faces: [curves] }, nth);
        const tracks = Object.entries(curves.channels) as [Channel, number[]][];
        const relaxed = relaxedOf(curves, motion, puppet.smiling[nth]!);
        return (frame: number) => ({
          relaxed: relaxed[frame]!,
          channels: Object.fromEntries(tracks.map(([name, values]) => [name, values[frame]!])),
          sway: sway(frame),
        });
      });
      const provenance = { job: "quality", engine: "warp", version: "0" };
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
    ...{ type: "check", run: "check", kind: "animate", cast, files: { video }, params: { intensity: 1 } },
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
