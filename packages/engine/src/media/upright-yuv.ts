/** Frames of any format and orientation as they are shown: planar 4:2:0, BT.709, limited range. */
import {
  AV_PIX_FMT_YUV420P,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_UNSPECIFIED,
} from "node-av/constants";
import type { Frame } from "node-av/lib";
import { type FilterRun, openFilter, source } from "./filter.ts";
import { isTransposed, type Orientation } from "./upright.ts";

/** `width`, `height`: as shown, even. What is stored so already is handed out bit by bit. */
export function createUprightYuv(orientation: Orientation, width: number, height: number) {
  const [across, down] = isTransposed(orientation) ? [height, width] : [width, height];
  let filter: FilterRun | undefined;
  let made = "";
  const filtered = (frame: Frame): Uint8Array => {
    const key = [frame.width, frame.height, frame.format, frame.colorSpace, frame.colorRange].join();
    if (key !== made) {
      filter?.free();
      filter = openConversion(frame, across, down);
      made = key;
    }
    filter!.add(frame);
    for (const converted of filter!.out()) return converted.toBuffer();
    throw new Error("a frame was not converted");
  };
  return {
    /** A copy: Y, U, V without padding. */
    yuv(frame: Frame): Uint8Array {
      const stored = isStoredAsShown(frame, across, down) ? frame.toBuffer() : filtered(frame);
      return turned(stored, across, down, orientation);
    },
    free: () => filter?.free(),
  };
}

/** What does not say its matrix is taken for what players take it for, by its size. */
function matrixOf({ colorSpace, width, height }: Stored): number {
  if (colorSpace !== AVCOL_SPC_UNSPECIFIED) return colorSpace;
  return width >= 1280 || height > 576 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
}

type Stored = { width: number; height: number; format: number; colorRange: number; colorSpace: number };

/** Whether the pixels of a frame, or of the frames of a stream, are handed out bit by bit. */
export function isStoredAsShown(frame: Stored, width: number, height: number): boolean {
  const sized = frame.width === width && frame.height === height;
  const limited = frame.colorRange !== AVCOL_RANGE_JPEG;
  return sized && limited && frame.format === AV_PIX_FMT_YUV420P && matrixOf(frame) === AVCOL_SPC_BT709;
}

function openConversion(frame: Frame, width: number, height: number): FilterRun {
  const { format, colorRange } = frame;
  const colour = `:colorspace=${matrixOf(frame)}:range=${colorRange}`;
  const from = source("in", { width: frame.width, height: frame.height, pixels: format, timeBase: "1/1000", colour });
  // an odd row or column is cut off; pixels that are not square are made so
  const crop = `crop=${frame.width - (frame.width % 2)}:${frame.height - (frame.height % 2)}:0:0`;
  const scale = `scale=${width}:${height}:out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd`;
  return openFilter(`${from},${crop},${scale},format=yuv420p,buffersink@out`);
}

function turned(yuv: Uint8Array, width: number, height: number, orientation: Orientation): Uint8Array {
  if (orientation.a === 1 && orientation.d === 1) return yuv;
  const out = new Uint8Array(yuv.length);
  const planes = [
    [0, width, height],
    [width * height, width / 2, height / 2],
    [(width * height * 5) / 4, width / 2, height / 2],
  ] as const;
  for (const [from, across, down] of planes) turnPlane(yuv, out, from, across, down, orientation);
  return out;
}

function turnPlane(yuv: Uint8Array, out: Uint8Array, from: number, width: number, height: number, turn: Orientation) {
  const { a, b, c, d } = turn;
  const columns = isTransposed(turn) ? height : width;
  const left = (a < 0 ? width - 1 : 0) + (c < 0 ? height - 1 : 0);
  const top = (b < 0 ? width - 1 : 0) + (d < 0 ? height - 1 : 0);
  const [right, below] = [a + b * columns, c + d * columns];
  let at = from;
  for (let y = 0; y < height; y++) {
    let to = from + top * columns + left + y * below;
    for (let x = 0; x < width; x++, to += right) out[to] = yuv[at++]!;
  }
}
