/** Looks at the poster of a finished video beside the frame that it is to show. */
import { stat } from "node:fs/promises";
import type { PosterOrder } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { decodePicture } from "../media/picture.ts";
import type { VideoInfo } from "../media/video-reader.ts";
import { pictureOf } from "../media/yuv.ts";

export type PosterInfo = { width: number; height: number; bytes: number };

/** Mean difference of their pixels, 0–255: JPEG, H.264 and VP9 leave some 2, the colours of a GIF 5, another face far more. */
const MOST_DIFFERENT = 12;

/** `frames` of the video by number, the poster's among them. Throws `check_unreadable`. */
export async function checkPoster(
  { path, frame }: PosterOrder,
  frames: ReadonlyMap<number, Uint8Array>,
  { width, height }: VideoInfo,
): Promise<PosterInfo> {
  const yuv = frames.get(frame);
  if (!yuv) throw new AppError("check_unreadable", `The poster shows frame ${frame}, which the video does not have.`);
  const poster = await decodePicture(path).catch((error: unknown) => {
    throw new AppError("check_unreadable", "The poster does not decode.", { cause: error });
  });
  if (poster.width !== width || poster.height !== height) {
    throw new AppError(
      "check_unreadable",
      `The poster has ${poster.width} × ${poster.height} pixels, the video ${width} × ${height}.`,
    );
  }
  const { data } = pictureOf(yuv, width, height, { x: 0, y: 0, width, height });
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += Math.abs(data[i]! - poster.data[i]!);
  if (sum / data.length > MOST_DIFFERENT) {
    throw new AppError("check_unreadable", `The poster does not show frame ${frame} of the video.`);
  }
  return { width, height, bytes: (await stat(path)).size };
}
