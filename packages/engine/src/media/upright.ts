/** Frames of any format and turn as upright RGB pictures. */
import { AV_PIX_FMT_RGB24, AV_PKT_DATA_DISPLAYMATRIX, SWS_AREA } from "node-av/constants";
import { FFmpegError, Frame, SoftwareScaleContext, type Stream } from "node-av/lib";
import type { Picture } from "./picture.ts";

/** Quarters, clockwise. */
export type Turns = 0 | 1 | 2 | 3;

export function createScaler(turns: Turns) {
  const scaled = new Frame();
  let context: SoftwareScaleContext | undefined;
  let made = "";
  const free = (): void => {
    context?.freeContext();
    if (context) scaled.free();
    context = undefined;
  };
  return {
    free,
    /** `width` and `height` as shown. */
    picture(frame: Frame, width: number, height: number, maxSide: number): Picture {
      const scale = Math.min(1, maxSide / Math.max(width, height));
      const upright = {
        width: Math.max(2, Math.round(width * scale)),
        height: Math.max(2, Math.round(height * scale)),
      };
      const [across, down] = turns % 2 === 1 ? [upright.height, upright.width] : [upright.width, upright.height];
      const key = [frame.width, frame.height, frame.format, across, down].join();
      if (key !== made) {
        free();
        made = key;
        context = new SoftwareScaleContext();
        const { width: from, height: rows, format } = frame;
        context.getContext(from, rows, format as never, across, down, AV_PIX_FMT_RGB24, SWS_AREA);
        scaled.alloc();
        scaled.width = across;
        scaled.height = down;
        scaled.format = AV_PIX_FMT_RGB24;
        must(scaled.getBuffer(), "picture");
      }
      must(context!.scaleFrameSync(scaled, frame), "picture");
      const data = turned(scaled.toBuffer(), across, down, turns);
      const region = { x: 0, y: 0, ...upright };
      return { ...upright, data, fullWidth: upright.width, fullHeight: upright.height, region, orientation: 1 };
    },
  };
}

/** RGB pixels turned clockwise by quarters. */
function turned(rgb: Uint8Array, width: number, height: number, turns: Turns): Uint8Array {
  if (turns === 0) return rgb;
  const out = new Uint8Array(width * height * 3);
  let from = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, from += 3) {
      const to =
        turns === 1
          ? x * height + (height - 1 - y)
          : turns === 2
            ? (height - 1 - y) * width + (width - 1 - x)
            : (width - 1 - x) * height + y;
      out[to * 3] = rgb[from]!;
      out[to * 3 + 1] = rgb[from + 1]!;
      out[to * 3 + 2] = rgb[from + 2]!;
    }
  }
  return out;
}

/** Of the display matrix (ISO/IEC 14496-12, 8.3.2: 16.16 fixed point, row by row), to the nearest quarter, clockwise. */
export function quarterTurns(stream: Stream): Turns {
  const matrix = stream.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX);
  if (matrix === null || matrix.length < 20) return 0;
  const [a, b] = [matrix.readInt32LE(0), matrix.readInt32LE(4)];
  if (a === 0 && b === 0) return 0;
  return ((Math.round(Math.atan2(b, a) / (Math.PI / 2)) + 4) % 4) as Turns;
}

function must(code: number, doing: string): void {
  FFmpegError.throwIfError(code, doing);
}
