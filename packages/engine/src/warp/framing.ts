/** Which part of a picture becomes the frame. Pure: the engine renders by it, `check` asks it what size is due. */
import type { AnimateParams } from "@smileloop/core/engine-protocol.ts";

export type FramedFace = { box: { x: number; y: number; width: number; height: number } };

export type Framing = {
  /** Pixels of the upright full picture, whole numbers. */
  crop: { x: number; y: number; width: number; height: number };
  /** Of the frame, even. */
  width: number;
  height: number;
  /** Frame pixels per picture pixel, where it is more than 1; else 1. */
  enlarged: number;
};

export const MAX_SOURCE_SIDE = 1280;
const MAX_ENLARGED = 2;
/** The mesh reaches from the chin to the hairline: this share of a square crop's height leaves room for hair and shoulders. */
const FACE_SHARE = 0.44;
/** Where the middle of the face lies in a square crop, from its top: a little above the middle, as portraits have it. */
const FACE_HEIGHT = 0.46;

/**
 * `face` in pixels of the upright full picture (`pictureWidth` × `pictureHeight`). "source": the whole picture, never enlarged.
 * A number: a square around the face, moved to lie inside the picture, smaller where the picture is narrower; it takes in more
 * of the picture rather than be enlarged more than twice, and stays smaller than asked where the picture has no more.
 */
export function framing(
  pictureWidth: number,
  pictureHeight: number,
  face: FramedFace,
  size: AnimateParams["size"],
): Framing {
  if (size === "source") return whole(pictureWidth, pictureHeight);
  const available = Math.min(pictureWidth, pictureHeight);
  const wanted = Math.max(face.box.height, face.box.width * 1.15) / FACE_SHARE;
  const side = Math.round(Math.min(available, Math.max(wanted, size / MAX_ENLARGED)));
  const out = Math.min(size, even(side * MAX_ENLARGED));
  const x = face.box.x + face.box.width / 2 - side / 2;
  const y = face.box.y + face.box.height / 2 - side * FACE_HEIGHT;
  return {
    crop: { x: within(x, pictureWidth - side), y: within(y, pictureHeight - side), width: side, height: side },
    width: out,
    height: out,
    enlarged: Math.max(1, out / side),
  };
}

function whole(pictureWidth: number, pictureHeight: number): Framing {
  const scale = Math.min(1, MAX_SOURCE_SIDE / Math.max(pictureWidth, pictureHeight));
  const width = even(Math.round(pictureWidth * scale));
  const height = even(Math.round(pictureHeight * scale));
  // Without scaling, an odd last row or column is left out rather than the picture resampled.
  const crop = scale === 1 ? { width, height } : { width: pictureWidth, height: pictureHeight };
  return { crop: { x: 0, y: 0, ...crop }, width, height, enlarged: 1 };
}

function within(value: number, max: number): number {
  return Math.max(0, Math.min(max, Math.round(value)));
}

function even(value: number): number {
  return Math.max(2, value - (value % 2));
}
