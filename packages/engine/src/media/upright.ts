/** Frames of any format and orientation as upright RGB pictures. */
import {
  AV_PIX_FMT_RGB24,
  AV_PKT_DATA_DISPLAYMATRIX,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT2020_NCL,
  SWS_AREA,
} from "node-av/constants";
import { Frame, SoftwareScaleContext, type Stream } from "node-av/lib";
import { must } from "./ffmpeg.ts";
import { createFrameFilter } from "./frame-filter.ts";
import type { Picture } from "./picture.ts";
import { completeColours, isHdr, toRgb } from "./tone.ts";

/**
 * One of the eight ways in which a picture may lie: (x, y) from its middle, y down, is shown at (a·x + c·y, b·x + d·y). Either a and d
 * are 1 or −1 and the others 0, or b and c are.
 */
export type Orientation = { a: Sign; b: Sign; c: Sign; d: Sign };
type Sign = -1 | 0 | 1;

/** Whether what is stored as a row is shown as a column. */
export function isTransposed({ a }: Orientation): boolean {
  return a === 0;
}

/** Frames of one size and format as RGB pixels of another size; a copy. */
type Converter = { rgb(frame: Frame): Uint8Array; free(): void };

/** Of HDR frames, says what they leave open. */
export function createScaler(orientation: Orientation) {
  let converter: Converter | undefined;
  let made = "";
  const free = (): void => {
    converter?.free();
    converter = undefined;
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
      const [across, down] = isTransposed(orientation)
        ? [upright.height, upright.width]
        : [upright.width, upright.height];
      const hdr = isHdr(frame);
      if (hdr) completeColours(frame, { matrix: AVCOL_SPC_BT2020_NCL, range: AVCOL_RANGE_MPEG });
      const { colorPrimaries, colorSpace, colorTrc, colorRange } = frame;
      const colours = hdr ? [colorPrimaries, colorSpace, colorTrc, colorRange] : [];
      const key = [frame.width, frame.height, frame.format, across, down, ...colours].join();
      if (key !== made) {
        free();
        converter = hdr ? toneMapper(frame, across, down) : scaler(frame, across, down);
        made = key;
      }
      const data = shown(converter!.rgb(frame), across, down, orientation);
      const region = { x: 0, y: 0, ...upright };
      return { ...upright, data, fullWidth: upright.width, fullHeight: upright.height, region, orientation: 1 };
    },
  };
}

function scaler({ width, height, format }: Frame, across: number, down: number): Converter {
  const context = new SoftwareScaleContext();
  const scaled = new Frame();
  context.getContext(width, height, format as never, across, down, AV_PIX_FMT_RGB24, SWS_AREA);
  scaled.alloc();
  Object.assign(scaled, { width: across, height: down, format: AV_PIX_FMT_RGB24 });
  must(scaled.getBuffer(), "picture");
  return {
    rgb(frame) {
      must(context.scaleFrameSync(scaled, frame), "picture");
      return scaled.toBuffer();
    },
    free() {
      context.freeContext();
      scaled.free();
    },
  };
}

/** Made small first: tone mapping takes time for every pixel. */
function toneMapper(first: Frame, across: number, down: number): Converter {
  const filter = createFrameFilter(first, `scale=${across}:${down}:flags=area,${toRgb(first)}`);
  const mapped = new Frame();
  mapped.alloc();
  return {
    rgb(frame) {
      filter.apply(frame, mapped);
      const rgb = mapped.toBuffer();
      mapped.unref();
      return rgb;
    },
    free() {
      filter.free();
      mapped.free();
    },
  };
}

/** RGB pixels as they are shown. */
function shown(rgb: Uint8Array, width: number, height: number, orientation: Orientation): Uint8Array {
  const { a, b, c, d } = orientation;
  if (a === 1 && d === 1) return rgb;
  const columns = isTransposed(orientation) ? height : width;
  // where the first pixel goes, and how far apart neighbours in a row and in a column are then
  const left = (a < 0 ? width - 1 : 0) + (c < 0 ? height - 1 : 0);
  const top = (b < 0 ? width - 1 : 0) + (d < 0 ? height - 1 : 0);
  const [right, below] = [a + b * columns, c + d * columns];
  const out = new Uint8Array(width * height * 3);
  let from = 0;
  for (let y = 0; y < height; y++) {
    let to = (top * columns + left + y * below) * 3;
    for (let x = 0; x < width; x++, from += 3, to += right * 3) {
      out[to] = rgb[from]!;
      out[to + 1] = rgb[from + 1]!;
      out[to + 2] = rgb[from + 2]!;
    }
  }
  return out;
}

/** Of the stream's display matrix, where it has one. */
export function orientationOf(stream: Stream): Orientation {
  const matrix = stream.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX);
  const at = (i: number): number => (matrix !== null && matrix.length >= 20 ? matrix.readInt32LE(i * 4) : 0);
  return nearestOrientation(at(0), at(1), at(3), at(4));
}

/**
 * The nearest of the eight to a display matrix (ISO/IEC 14496-12, 8.3.2: a, b, u, c, d, v, …, of which u and v are not looked at). What
 * is singular, such as all zeros, is taken for a turn.
 */
export function nearestOrientation(a: number, b: number, c: number, d: number): Orientation {
  if (Math.abs(a) + Math.abs(d) >= Math.abs(b) + Math.abs(c)) {
    const across = signOf(a) || signOf(d) || 1;
    return { a: across, b: 0, c: 0, d: signOf(d) || across };
  }
  const down = signOf(b) || (-signOf(c) as Sign);
  return { a: 0, b: down, c: signOf(c) || (-down as Sign), d: 0 };
}

function signOf(value: number): Sign {
  return value > 0 ? 1 : value < 0 ? -1 : 0;
}
