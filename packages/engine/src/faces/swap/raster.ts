/** Draws the mesh as a map: which triangle is seen at each pixel, and what its corners' values are there. */
import { TRIANGLES } from "./mesh.ts";

const COUNT = TRIANGLES.length / 3;

export type Raster = {
  width: number;
  height: number;
  /** Per pixel, row by row: the triangle that is nearest there, -1 where there is none. */
  triangle: Int16Array;
};

/** Keeps its buffers from call to call; a result is valid until the next. */
export function createRasteriser() {
  let triangle = new Int16Array(0);
  let depth = new Float32Array(0);
  /** `points`: (x, y, z) by threes in pixels, whose centres lie at halves; z grows away from the viewer. */
  return function rasterise(points: Float32Array, width: number, height: number): Raster {
    const size = width * height;
    if (triangle.length < size) {
      triangle = new Int16Array(size);
      depth = new Float32Array(size);
    }
    triangle.fill(-1, 0, size);
    depth.fill(Number.POSITIVE_INFINITY, 0, size);
    for (let t = 0; t < COUNT; t++) {
      const [a, b, c] = [TRIANGLES[3 * t]! * 3, TRIANGLES[3 * t + 1]! * 3, TRIANGLES[3 * t + 2]! * 3];
      const [ax, ay, az] = [points[a]!, points[a + 1]!, points[a + 2]!];
      const [bx, by, bz] = [points[b]!, points[b + 1]!, points[b + 2]!];
      const [cx, cy, cz] = [points[c]!, points[c + 1]!, points[c + 2]!];
      const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
      if (Math.abs(area) < 1e-6) continue;
      const left = Math.max(0, Math.floor(Math.min(ax, bx, cx) - 0.5));
      const right = Math.min(width - 1, Math.ceil(Math.max(ax, bx, cx) - 0.5));
      const top = Math.max(0, Math.floor(Math.min(ay, by, cy) - 0.5));
      const bottom = Math.min(height - 1, Math.ceil(Math.max(ay, by, cy) - 0.5));
      const [bStepX, bStepY] = [(cy - ay) / area, -(cx - ax) / area];
      const [cStepX, cStepY] = [-(by - ay) / area, (bx - ax) / area];
      for (let y = top; y <= bottom; y++) {
        let atB = (left + 0.5 - ax) * bStepX + (y + 0.5 - ay) * bStepY;
        let atC = (left + 0.5 - ax) * cStepX + (y + 0.5 - ay) * cStepY;
        for (let x = left, at = y * width + left; x <= right; x++, at++, atB += bStepX, atC += cStepX) {
          if (atB < -1e-5 || atC < -1e-5 || atB + atC > 1.00001) continue;
          const z = az + atB * (bz - az) + atC * (cz - az);
          if (z >= depth[at]!) continue;
          depth[at] = z;
          triangle[at] = t;
        }
      }
    }
    return { width, height, triangle };
  };
}

/** Per triangle (base, by x, by y): a value that runs evenly between its corners, at pixels' centres. */
export function slopesOf(points: Float32Array, value: (point: number) => number): Float32Array {
  const slopes = new Float32Array(COUNT * 3);
  for (let t = 0; t < COUNT; t++) {
    const [a, b, c] = [TRIANGLES[3 * t]!, TRIANGLES[3 * t + 1]!, TRIANGLES[3 * t + 2]!];
    const [ax, ay] = [points[a * 3]!, points[a * 3 + 1]!];
    const [bx, by] = [points[b * 3]! - ax, points[b * 3 + 1]! - ay];
    const [cx, cy] = [points[c * 3]! - ax, points[c * 3 + 1]! - ay];
    const area = bx * cy - by * cx;
    const base = value(a);
    if (Math.abs(area) < 1e-6) {
      slopes[3 * t] = base;
      continue;
    }
    const [atB, atC] = [value(b) - base, value(c) - base];
    const byX = (atB * cy - atC * by) / area;
    const byY = (atC * bx - atB * cx) / area;
    slopes[3 * t] = base + byX * (0.5 - ax) + byY * (0.5 - ay);
    slopes[3 * t + 1] = byX;
    slopes[3 * t + 2] = byY;
  }
  return slopes;
}
