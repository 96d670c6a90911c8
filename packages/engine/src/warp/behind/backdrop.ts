/**
 * The still world behind a head that moves. The field carries whatever lies near a head along with it; here each pixel that
 * shows background is put back, and what the head uncovers is filled from the plate (plate.ts).
 *
 * For a place q of the frame that shows the place p of the still: out(q) = still(p) + (1 - a(p)) × (plate(q) - plate(p)), with a
 * the matte. That is the still where nothing moves, the head where a is 1, the plate where it is 0, and between, along hair,
 * the new background in place of the old one (the compositing equation of Porter & Duff 1984, without knowing the hair's colour).
 */
import { sampleAt } from "../canvas/bilinear.ts";
import type { Field } from "../canvas/field.ts";
import type { Canvas, PlaneName } from "../canvas/kernel.ts";
import type { Planes } from "../canvas/planes.ts";
import type { Matte } from "./matte.ts";
import { plateOf } from "./plate.ts";

type Backdrop = {
  /** To be called after `canvas.draw()`, before anything else is drawn. */
  draw(): void;
};

export function createBackdrop(canvas: Canvas, field: Field, still: Planes, matte: Matte): Backdrop {
  const plate = plateOf(still, matte);
  const cells = cellExtremes(canvas, matte);
  const squares = squaresOf(matte);
  const { nodes, backX, backY } = field;
  const seen: Seen = { least: 0, most: 0 };
  const layers: Layer[] = [
    { name: "y", half: 0, plate: plate.y },
    { name: "u", half: 1, plate: plate.u },
    { name: "v", half: 1, plate: plate.v },
  ];
  return {
    draw() {
      // Views are made once a frame: one per cell would keep the garbage collector busy.
      const targets = layers.map(({ name }) => canvas.plane(name));
      for (let row = 0; row < canvas.rows; row++) {
        for (let column = 0; column < canvas.columns; column++) {
          const at = row * nodes.columns + column;
          if (isStill(backX, at, nodes.columns) && isStill(backY, at, nodes.columns)) continue;
          look(field, cells, column, row, seen);
          if (seen.least === 255) continue;
          for (let k = 0; k < layers.length; k++) {
            if (seen.most === 0) copyCell(canvas, layers[k]!, targets[k]!, column, row);
            else drawCell(canvas, field, matte, squares, layers[k]!, targets[k]!, column, row);
          }
        }
      }
    },
  };
}

/** `half`: 1 for the planes of half the size. */
type Layer = { name: PlaneName; half: 0 | 1; plate: Uint8Array };
type Target = ReturnType<Canvas["plane"]>;

function copyCell(
  canvas: Canvas,
  { half, plate }: Layer,
  { pixels, stride }: Target,
  column: number,
  row: number,
): void {
  const side = canvas.cell >> half;
  const width = canvas.width >> half;
  const left = column * side;
  const right = Math.min(width, left + side);
  for (let y = row * side; y < Math.min(canvas.height >> half, (row + 1) * side); y++) {
    for (let x = left; x < right; x++) pixels[y * stride + x] = plate[y * width + x]!;
  }
}

function drawCell(
  canvas: Canvas,
  { nodes, backX, backY }: Field,
  { width, height, alpha }: Matte,
  squares: Uint8Array,
  { half, plate }: Layer,
  { pixels, stride }: Target,
  column: number,
  row: number,
): void {
  const side = canvas.cell >> half;
  const planeWidth = width >> half;
  const planeHeight = height >> half;
  const scale = 1 / (1 << half);
  const left = column * side;
  const right = Math.min(planeWidth, left + side);
  const at = row * nodes.columns + column;
  const below = at + nodes.columns;
  for (let py = row * side; py < Math.min(planeHeight, (row + 1) * side); py++) {
    // chroma lies on the left one of two pixels, and between two rows
    const fy = (py * (1 << half) + half * 0.5) / canvas.cell - row;
    const startX = backX[at]! + (backX[below]! - backX[at]!) * fy;
    const startY = backY[at]! + (backY[below]! - backY[at]!) * fy;
    const stepX = (backX[at + 1]! + (backX[below + 1]! - backX[at + 1]!) * fy - startX) / side;
    const stepY = (backY[at + 1]! + (backY[below + 1]! - backY[at + 1]!) * fy - startY) / side;
    for (let px = left; px < right; px++) {
      const fromX = (px << half) + startX + stepX * (px - left);
      const fromY = (py << half) + half * 0.5 + startY + stepY * (px - left);
      const sx = fromX <= 0 ? 0 : Math.min(width - 2, fromX | 0);
      const sy = fromY <= 0 ? 0 : Math.min(height - 2, fromY | 0);
      const square = squares[sy * width + sx]!;
      if (square === PERSON) continue;
      const a = square === BEHIND ? 0 : sampleAt(alpha, width, height, fromX, fromY) / 255;
      if (a > 0.996) continue;
      const here = plate[py * planeWidth + px]!;
      const to = py * stride + px;
      if (a < 0.004) {
        pixels[to] = here;
        continue;
      }
      const there = sampleAt(plate, planeWidth, planeHeight, fromX * scale, (fromY - half * 0.5) * scale);
      const value = pixels[to]! + (1 - a) * (here - there) + 0.5;
      pixels[to] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}

function isStill(values: Float32Array, at: number, columns: number): boolean {
  return values[at] === 0 && values[at + 1] === 0 && values[at + columns] === 0 && values[at + columns + 1] === 0;
}

/** What a place between four pixels of the matte shows, whatever its place between them: only the person, or only what is behind. */
const [MIXED, PERSON, BEHIND] = [0, 1, 2];

/** For each pixel of the matte, what it and its neighbours to the right and below show: most of a picture is not mixed. */
function squaresOf({ width, height, alpha }: Matte): Uint8Array {
  const squares = new Uint8Array(width * height);
  for (let y = 0; y < height - 1; y++) {
    for (let x = 0; x < width - 1; x++) {
      const at = y * width + x;
      const [a, b, c, d] = [alpha[at]!, alpha[at + 1]!, alpha[at + width]!, alpha[at + width + 1]!];
      if (a >= 254 && b >= 254 && c >= 254 && d >= 254) squares[at] = PERSON;
      else squares[at] = a <= 1 && b <= 1 && c <= 1 && d <= 1 ? BEHIND : MIXED;
    }
  }
  return squares;
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

type Seen = { least: number; most: number };

/** The same for all that a cell of the frame may show. */
function look({ nodes, backX, backY }: Field, cells: Extremes, column: number, row: number, into: Seen): void {
  const { columns, cell } = nodes;
  const [a, b] = [row * columns + column, (row + 1) * columns + column];
  // one pixel more on each side, for sampling between pixels
  const minX = column * cell - 1 + Math.min(0, backX[a]!, backX[a + 1]!, backX[b]!, backX[b + 1]!);
  const maxX = (column + 1) * cell + 1 + Math.max(0, backX[a]!, backX[a + 1]!, backX[b]!, backX[b + 1]!);
  const minY = row * cell - 1 + Math.min(0, backY[a]!, backY[a + 1]!, backY[b]!, backY[b + 1]!);
  const maxY = (row + 1) * cell + 1 + Math.max(0, backY[a]!, backY[a + 1]!, backY[b]!, backY[b + 1]!);
  const lastColumn = Math.min(columns - 2, Math.max(0, Math.floor(maxX / cell)));
  const lastRow = Math.min(nodes.rows - 2, Math.max(0, Math.floor(maxY / cell)));
  into.least = 255;
  into.most = 0;
  for (let r = Math.min(lastRow, Math.max(0, Math.floor(minY / cell))); r <= lastRow; r++) {
    for (let c = Math.min(lastColumn, Math.max(0, Math.floor(minX / cell))); c <= lastColumn; c++) {
      const at = r * (columns - 1) + c;
      if (cells.least[at]! < into.least) into.least = cells.least[at]!;
      if (cells.most[at]! > into.most) into.most = cells.most[at]!;
    }
  }
}
