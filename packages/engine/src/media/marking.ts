/** Marks pictures as a job's order says: the label, and over it the invisible mark. */
import { type MarkOrder, TILE_SIDE } from "@smileloop/core/marking/mark.ts";
import { openFrameMark } from "./frame-mark.ts";
import { drawLabel, stampFrame, stampPicture } from "./label.ts";
import { openMarkPlane } from "./mark-plane.ts";

type Size = { width: number; height: number };

/**
 * For the frames of a clip in turn (planar 4:2:0, BT.709, limited range): answers them marked, good until the next call, and leaves the given
 * one as it is.
 */
export function openMarking(order: MarkOrder | null, size: Size): (yuv: Uint8Array) => Uint8Array {
  if (!order) return (yuv) => yuv;
  const mark = openFrameMark(tileOf(order), size);
  const label = order.label ? drawLabel(size) : null;
  return (yuv) => {
    mark.frame.set(yuv);
    if (label) stampFrame(label, mark.frame, size);
    mark.add();
    return mark.frame;
  };
}

/** RGB or RGBA, full range. */
type Pixels = Size & { data: Uint8Array; channels: 3 | 4 };

/** The share of each in the luma of sRGB (BT.709), and the levels of full range in one of limited range. */
const LUMA = [0.2126, 0.7152, 0.0722] as const;
const FULL = 255 / 219;

/** A picture, in place: each pixel gets lighter or darker, none changes its colour. What shows through is marked as far as it does. */
export function markPicture(order: MarkOrder | null, picture: Pixels): void {
  if (!order) return;
  const { width, data, channels } = picture;
  if (order.label) stampPicture(drawLabel(picture), picture);
  const { bytes, places, measure, draw } = openMarkPlane(tileOf(order), picture);
  measure((y) => {
    for (let x = 0, at = y * width * channels; x < width; x++, at += channels) {
      bytes[places.samples + x] =
        16.5 + (LUMA[0] * data[at]! + LUMA[1] * data[at + 1]! + LUMA[2] * data[at + 2]!) / FULL;
    }
    return places.samples;
  });
  const added = new Int8Array(bytes.buffer, places.row, width);
  const add = (y: number): void => {
    for (let x = 0, at = y * width * channels; x < width; x++, at += channels) {
      const levels = Math.round(added[x]! * FULL);
      for (let c = at; c < at + 3; c++) data[c] = Math.max(0, Math.min(255, data[c]! + levels));
    }
  };
  draw(1, () => places.row, add);
}

function tileOf({ tile }: MarkOrder): Int8Array {
  const bytes = Buffer.from(tile, "base64");
  if (bytes.length !== TILE_SIDE * TILE_SIDE) throw new Error(`a tile has ${TILE_SIDE} × ${TILE_SIDE} bytes`);
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
