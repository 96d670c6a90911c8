/** Which part of a picture becomes the frame. Pure. */
import type { Cast, CastParams } from "@smileloop/core/engine/services.ts";

export type FramedFace = { box: { x: number; y: number; width: number; height: number } };

export type Framing = Cast["frame"];

export const MAX_SOURCE_SIDE = 1280;
const MAX_ENLARGED = 2;
/** The mesh reaches from the chin to the hairline: this share of a square crop's height leaves room for hair and shoulders. */
const FACE_SHARE = 0.44;
/** Where the middle of the face lies in a square crop, from its top: a little above the middle, as portraits have it. */
const FACE_HEIGHT = 0.46;

/**
 * `faces` in pixels of the upright full picture (`pictureWidth` × `pictureHeight`), the most important first. "source": the whole
 * picture, never enlarged, its longer side at most `maxSide`. A number: a square around the faces, moved to lie inside the picture, smaller where the picture is
 * narrower; it takes in more of the picture rather than be enlarged more than twice, and stays smaller than asked where the
 * picture has no more, unless it is to be `exact`. Faces too far apart for one square lie outside it (see `holds`).
 */
export function framing(
  pictureWidth: number,
  pictureHeight: number,
  faces: FramedFace[],
  { size, maxSide, exact = false }: Pick<CastParams, "size" | "maxSide" | "exact">,
): Framing {
  if (size === "source") return whole(pictureWidth, pictureHeight, Math.min(MAX_SOURCE_SIDE, maxSide ?? Infinity));
  const available = Math.min(pictureWidth, pictureHeight);
  const { box, wanted } = around(faces, available);
  const side = Math.round(Math.min(available, Math.max(wanted, size / MAX_ENLARGED)));
  const out = exact ? even(size) : even(Math.min(size, side * MAX_ENLARGED));
  const x = box.x + box.width / 2 - side / 2;
  const y = box.y + box.height / 2 - side * FACE_HEIGHT;
  return {
    crop: { x: within(x, pictureWidth - side), y: within(y, pictureHeight - side), width: side, height: side },
    width: out,
    height: out,
    enlarged: Math.max(1, out / side),
  };
}

/** Whether a face lies whole in a frame, but for a tenth of it. */
export function holds({ crop }: Framing, { box }: FramedFace): boolean {
  const spare = 0.1 * Math.max(box.width, box.height);
  const across = box.x >= crop.x - spare && box.x + box.width <= crop.x + crop.width + spare;
  return across && box.y >= crop.y - spare && box.y + box.height <= crop.y + crop.height + spare;
}

/** The box around the first face and as many of the others as a square of `available` holds, and the side that leaves them room. */
function around([first, ...others]: FramedFace[], available: number): { box: FramedFace["box"]; wanted: number } {
  let box = first!.box;
  const sideFor = ({ width, height }: FramedFace["box"]) => Math.max(height, width * 1.15) / FACE_SHARE;
  let wanted = sideFor(box);
  for (const other of others) {
    const joined = union(box, other.box);
    if (Math.max(joined.width, joined.height) > available) continue;
    box = joined;
    wanted = Math.max(wanted, sideFor(other.box));
  }
  const room = wanted * (1 - FACE_SHARE);
  return { box, wanted: Math.max(wanted, box.width + room, box.height + room) };
}

function union(a: FramedFace["box"], b: FramedFace["box"]): FramedFace["box"] {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}

function whole(pictureWidth: number, pictureHeight: number, maxSide: number): Framing {
  const scale = Math.min(1, maxSide / Math.max(pictureWidth, pictureHeight));
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
