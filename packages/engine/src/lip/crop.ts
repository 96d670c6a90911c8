/** Cuts a turned square out of a frame for the mesh model, straight from its planes: by a picture of the whole square it would take five times as long. */
import type { FaceCrop } from "../face/types.ts";
import type { Frame } from "./look.ts";

/** `side`² × RGB, 0–1; outside the frame its border goes on. */
export function cropOf({ yuv, width, height }: Frame, crop: FaceCrop, side: number): Float32Array {
  const luma = squareOf({ data: yuv.subarray(0, width * height), width, height }, crop, side);
  const half = { ...crop, x: crop.x / 2, y: crop.y / 2, size: crop.size / 2 };
  const colour = (quarters: number) => {
    const data = yuv.subarray((quarters * width * height) / 4);
    return squareOf({ data, width: width / 2, height: height / 2 }, half, side);
  };
  const [u, v] = [colour(4), colour(5)];
  const out = new Float32Array(side * side * 3);
  for (let at = 0, to = 0; at < luma.length; at++, to += 3) {
    const light = 1.164384 * (luma[at]! - 16);
    const blue = u[at]! - 128;
    const red = v[at]! - 128;
    out[to] = unit(light + 1.792741 * red);
    out[to + 1] = unit(light - 0.213249 * blue - 0.532909 * red);
    out[to + 2] = unit(light + 2.112402 * blue);
  }
  return out;
}

function unit(value: number): number {
  return Math.min(1, Math.max(0, value / 255));
}

type Plane = { data: Uint8Array; width: number; height: number };

/** A plane in a crop. Where pixels are finer than the square's, whole ones are averaged first. */
function squareOf(plane: Plane, crop: FaceCrop, side: number): Float32Array {
  const by = Math.max(1, Math.floor(crop.size / side));
  const reach = (crop.size / 2) * (Math.abs(Math.cos(crop.angle)) + Math.abs(Math.sin(crop.angle))) + 2 * by;
  const left = Math.min(plane.width - 2 * by, Math.max(0, Math.floor(crop.x - reach)));
  const top = Math.min(plane.height - 2 * by, Math.max(0, Math.floor(crop.y - reach)));
  const columns = Math.max(2, Math.floor((Math.min(plane.width, crop.x + reach) - left) / by));
  const rows = Math.max(2, Math.floor((Math.min(plane.height, crop.y + reach) - top) / by));
  const part = by === 1 ? plane : shrunk(plane, { left, top, columns, rows }, by);
  const within = by === 1 ? crop : { ...crop, x: (crop.x - left) / by, y: (crop.y - top) / by, size: crop.size / by };
  return sampled(part, within, side);
}

function shrunk({ data, width }: Plane, box: { left: number; top: number; columns: number; rows: number }, by: number) {
  const { left, top, columns, rows } = box;
  const out = new Uint8Array(columns * rows);
  for (let row = 0, to = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, to++) {
      let at = (top + row * by) * width + left + column * by;
      let sum = 0;
      for (let down = 0; down < by; down++, at += width) {
        for (let across = 0; across < by; across++) sum += data[at + across]!;
      }
      out[to] = sum / (by * by) + 0.5;
    }
  }
  return { data: out, width: columns, height: rows };
}

/** Bilinear samples, one in the middle of each pixel of the square. */
function sampled({ data, width, height }: Plane, { x, y, size, angle }: FaceCrop, side: number): Float32Array {
  const out = new Float32Array(side * side);
  const stepX = (Math.cos(angle) * size) / side;
  const stepY = (Math.sin(angle) * size) / side;
  const first = 0.5 - side / 2;
  const [lastX, lastY] = [width - 1.001, height - 1.001];
  for (let row = 0, to = 0; row < side; row++) {
    let px = x - 0.5 + stepX * first - stepY * (first + row);
    let py = y - 0.5 + stepY * first + stepX * (first + row);
    for (let column = 0; column < side; column++, to++, px += stepX, py += stepY) {
      const cx = Math.min(lastX, Math.max(0, px));
      const cy = Math.min(lastY, Math.max(0, py));
      const x0 = cx | 0;
      const y0 = cy | 0;
      const fx = cx - x0;
      const at = y0 * width + x0;
      const above = data[at]! + fx * (data[at + 1]! - data[at]!);
      const below = data[at + width]! + fx * (data[at + width + 1]! - data[at + width]!);
      out[to] = above + (cy - y0) * (below - above);
    }
  }
  return out;
}
