/** A clip as the quality table looks at it: its frames before and after the encoder, and the face that is found again in each. */
import { rmSync } from "node:fs";
import type { CastParams } from "@smileloop/core/engine/services.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { motionOfCast } from "@smileloop/core/motion/phases.ts";
import { type Face, type Landmarks, trackFace } from "@smileloop/engine/face/face.ts";
import { toRgb } from "@smileloop/engine/media/planes.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import type { Matte } from "@smileloop/engine/warp/behind/matte.ts";
import { openStage } from "@smileloop/engine/warp/stage.ts";
import { provenance } from "../../test/support/provenance.ts";

export type Clip = {
  width: number;
  height: number;
  /** In pixels of the frame. */
  face: Face;
  matte: Matte;
  /** Packed planes (Y, U, V) of each frame, before the encoder and after it. */
  drawn: Uint8Array[];
  decoded: Uint8Array[];
  /** Read in every decoded frame at the still's own crop: a crop per frame would add its own trembling. */
  landmarks: Landmarks[];
};

/** `file`: where the video lies for a while. */
export async function makeClip(
  portrait: string,
  motion: MotionFrames,
  size: CastParams["size"],
  file: string,
): Promise<Clip> {
  const { cast } = await castPicture(portrait, { size, face: 0 });
  const { scene, play } = await openStage(portrait, cast, new AbortController().signal);
  const frame = play(motionOfCast(motion, cast.movers, 0), 0);
  const { width, height } = scene.still;
  const writer = await openVideoWriter({ path: file, width, height, fps: motion.fps, provenance });
  const drawn: Uint8Array[] = [];
  for (let index = 0; index < motion.frames; index++) {
    const pixels = Uint8Array.from(frame(index));
    drawn.push(pixels);
    await writer.write(pixels);
  }
  await writer.close();
  const decoded: Uint8Array[] = [];
  await readVideo(file, { onFrame: ({ yuv }) => decoded.push(yuv()) });
  rmSync(file);
  const { face } = scene.movers[0]!;
  const landmarks: Landmarks[] = [];
  const region = { x: 0, y: 0, width, height };
  for (const pixels of decoded) {
    const data = toRgb(pixels, width, height);
    const picture = { data, width, height, fullWidth: width, fullHeight: height, region, orientation: 1 };
    landmarks.push(await trackFace(picture, face.crop));
  }
  return { width, height, face, matte: scene.matte, drawn, decoded, landmarks };
}
