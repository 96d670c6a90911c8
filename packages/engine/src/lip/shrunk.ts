/** A part of a frame as a picture, small enough for what looks at it. */
import type { Picture } from "../media/picture.ts";
import { type Box, pictureOf } from "../media/yuv.ts";
import type { Frame } from "./look.ts";

/** The longer side has `side` pixels at least, unless the part has fewer, and less than twice as many: whole pixels are averaged. */
export function shrunkPicture({ yuv, width, height }: Frame, box: Box, side: number): Picture {
  const by = Math.floor(Math.max(box.width, box.height) / side);
  if (by < 2) return pictureOf(yuv, width, height, box);
  const left = Math.max(0, Math.floor(box.x));
  const top = Math.max(0, Math.floor(box.y));
  const columns = Math.max(1, Math.floor((Math.min(width, box.x + box.width) - left) / by));
  const rows = Math.max(1, Math.floor((Math.min(height, box.y + box.height) - top) / by));
  const data = new Uint8ClampedArray(columns * rows * 3);
  const [uAt, vAt, across] = [width * height, (width * height * 5) / 4, width >> 1];
  const shift = by >> 1;
  let to = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, to += 3) {
      let sum = 0;
      const [x, y] = [left + column * by, top + row * by];
      for (let dy = 0; dy < by; dy++) for (let dx = 0; dx < by; dx++) sum += yuv[(y + dy) * width + x + dx]!;
      const at = ((y + shift) >> 1) * across + ((x + shift) >> 1);
      const luma = 1.164384 * (sum / (by * by) - 16);
      const [u, v] = [yuv[uAt + at]! - 128, yuv[vAt + at]! - 128];
      data[to] = luma + 1.792741 * v;
      data[to + 1] = luma - 0.213249 * u - 0.532909 * v;
      data[to + 2] = luma + 2.112402 * u;
    }
  }
  const region = { x: left, y: top, width: columns * by, height: rows * by };
  return {
    ...{ width: columns, height: rows, data: new Uint8Array(data.buffer), fullWidth: width, fullHeight: height },
    ...{ region, orientation: 1 },
  };
}
