/**
 * The still world behind a head that moves. The field carries whatever lies near a head along with it; here each pixel that
 * shows background is put back, and what the head uncovers is filled from the plate (plate.ts).
 *
 * For a place q of the frame that shows the place p of the still: out(q) = still(p) + (1 - a(p)) × (plate(q) - plate(p)), with a
 * the matte. That is the still where nothing moves, the head where a is 1, the plate where it is 0, and between, along hair,
 * the new background in place of the old one (the compositing equation of Porter & Duff 1984, without knowing the hair's colour).
 */
import type { Field } from "./field.ts";
import type { Canvas, PlaneName } from "./kernel.ts";
import type { Matte } from "./matte.ts";
import type { Planes } from "./planes.ts";
import { plateOf } from "./plate.ts";

export type Backdrop = {
  /** To be called after `canvas.draw()`, before anything else is drawn. */
  draw(): void;
};

export function createBackdrop(canvas: Canvas, field: Field, still: Planes, matte: Matte): Backdrop {
  const plate = plateOf(still, matte);
  const cells = cellExtremes(canvas, matte);
  const { nodes, backX, backY } = field;
  return {
    draw() {
      for (let row = 0; row < canvas.rows; row++) {
        for (let column = 0; column < canvas.columns; column++) {
          const at = row * nodes.columns + column;
          if (isStill(backX, at, nodes.columns) && isStill(backY, at, nodes.columns)) continue;
          const seen = seenBy(field, cells, column, row);
          if (seen.least === 255) continue;
          const corner = { column, row, onlyPlate: seen.most === 0 };
          drawCell(canvas, field, matte, plate.y, "y", 0, corner);
          drawCell(canvas, field, matte, plate.u, "u", 1, corner);
          drawCell(canvas, field, matte, plate.v, "v", 1, corner);
        }
      }
    },
  };
}

type Cell = { column: number; row: number; onlyPlate: boolean };

/** `half`: 1 for the planes of half the size. */
function drawCell(
  canvas: Canvas,
  { nodes, backX, backY }: Field,
  { width, height, alpha }: Matte,
  plate: Uint8Array,
  name: PlaneName,
  half: 0 | 1,
  { column, row, onlyPlate }: Cell,
): void {
  const { pixels, stride } = canvas.plane(name);
  const side = canvas.cell >> half;
  const planeWidth = width >> half;
  const planeHeight = height >> half;
  const left = column * side;
  const right = Math.min(planeWidth, left + side);
  const at = row * nodes.columns + column;
  const below = at + nodes.columns;
  for (let py = row * side; py < Math.min(planeHeight, (row + 1) * side); py++) {
    if (onlyPlate) {
      pixels.set(plate.subarray(py * planeWidth + left, py * planeWidth + right), py * stride + left);
      continue;
    }
    // chroma lies on the left one of two pixels, and between two rows
    const fy = (py * (1 << half) + half * 0.5) / canvas.cell - row;
    const startX = backX[at]! + (backX[below]! - backX[at]!) * fy;
    const startY = backY[at]! + (backY[below]! - backY[at]!) * fy;
    const stepX = (backX[at + 1]! + (backX[below + 1]! - backX[at + 1]!) * fy - startX) / side;
    const stepY = (backY[at + 1]! + (backY[below + 1]! - backY[at + 1]!) * fy - startY) / side;
    for (let px = left; px < right; px++) {
      const fromX = (px << half) + startX + stepX * (px - left);
      const fromY = (py << half) + half * 0.5 + startY + stepY * (px - left);
      const a = sampled(alpha, width, height, fromX, fromY) / 255;
      if (a > 0.996) continue;
      const here = plate[py * planeWidth + px]!;
      const to = py * stride + px;
      if (a < 0.004) {
        pixels[to] = here;
        continue;
      }
      const scale = 1 / (1 << half);
      const there = sampled(plate, planeWidth, planeHeight, fromX * scale, (fromY - half * 0.5) * scale);
      pixels[to] = Math.min(255, Math.max(0, pixels[to]! + (1 - a) * (here - there) + 0.5));
    }
  }
}

function sampled(values: Uint8Array, width: number, height: number, x: number, y: number): number {
  const column = Math.min(width - 2, Math.max(0, Math.floor(x)));
  const row = Math.min(height - 2, Math.max(0, Math.floor(y)));
  const fx = Math.min(1, Math.max(0, x - column));
  const fy = Math.min(1, Math.max(0, y - row));
  const at = row * width + column;
  const top = values[at]! + (values[at + 1]! - values[at]!) * fx;
  const bottom = values[at + width]! + (values[at + width + 1]! - values[at + width]!) * fx;
  return top + (bottom - top) * fy;
}

function isStill(values: Float32Array, at: number, columns: number): boolean {
  return values[at] === 0 && values[at + 1] === 0 && values[at + columns] === 0 && values[at + columns + 1] === 0;
}

type Extremes = { least: Uint8Array; most: Uint8Array };

/** The lowest and the highest value of the matte in each cell of the canvas. */
function cellExtremes({ cell, columns, rows }: Canvas, { width, height, alpha }: Matte): Extremes {
  const least = new Uint8Array(columns * rows).fill(255);
  const most = new Uint8Array(columns * rows);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = alpha[y * width + x]!;
      const at = Math.floor(y / cell) * columns + Math.floor(x / cell);
      if (value < least[at]!) least[at] = value;
      if (value > most[at]!) most[at] = value;
    }
  }
  return { least, most };
}

/** The same for all that a cell of the frame may show. */
function seenBy({ nodes, backX, backY }: Field, cells: Extremes, column: number, row: number) {
  const at = row * nodes.columns + column;
  const corners = [at, at + 1, at + nodes.columns, at + nodes.columns + 1];
  let [minX, maxX, minY, maxY] = [0, 0, 0, 0];
  for (const corner of corners) {
    minX = Math.min(minX, backX[corner]!);
    maxX = Math.max(maxX, backX[corner]!);
    minY = Math.min(minY, backY[corner]!);
    maxY = Math.max(maxY, backY[corner]!);
  }
  // one pixel more on each side, for sampling between pixels
  const toCell = (pixels: number, last: number): number => Math.min(last, Math.max(0, Math.floor(pixels / nodes.cell)));
  const lastColumn = nodes.columns - 2;
  const lastRow = nodes.rows - 2;
  const firstColumn = toCell(column * nodes.cell + minX - 1, lastColumn);
  const endColumn = toCell((column + 1) * nodes.cell + maxX + 1, lastColumn);
  const endRow = toCell((row + 1) * nodes.cell + maxY + 1, lastRow);
  let least = 255;
  let most = 0;
  for (let r = toCell(row * nodes.cell + minY - 1, lastRow); r <= endRow; r++) {
    for (let c = firstColumn; c <= endColumn; c++) {
      least = Math.min(least, cells.least[r * (nodes.columns - 1) + c]!);
      most = Math.max(most, cells.most[r * (nodes.columns - 1) + c]!);
    }
  }
  return { least, most };
}
