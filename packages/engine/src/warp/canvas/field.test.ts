import { expect, test } from "vitest";
import { mixFour } from "./bilinear.ts";
import { type Canvas, createCanvas } from "./canvas.ts";
import { createField, type Field } from "./field.ts";

const [WIDTH, HEIGHT] = [96, 80];
const CELL = 8;

/** A canvas of one grey, and a field that swirls in its middle and stands still at its edge. */
function swirling(luma = 100): { canvas: Canvas; field: Field } {
  const flat = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
  const chroma = flat((WIDTH * HEIGHT) / 4, 128);
  const still = { width: WIDTH, height: HEIGHT, y: flat(WIDTH * HEIGHT, luma), u: chroma, v: chroma };
  const canvas = createCanvas(still, { cell: CELL, mapSize: 64 });
  const field = createField(canvas);
  const { columns, rows } = field.nodes;
  field.dx.forEach((_, i) => {
    const [x, y] = [(i % columns) - (columns - 1) / 2, Math.floor(i / columns) - (rows - 1) / 2];
    const size = 6 * Math.max(0, 1 - Math.hypot(x / 5, y / 4));
    field.dx[i] = -0.4 * size * y + size;
    field.dy[i] = 0.4 * size * x;
  });
  return { canvas, field };
}

/** What lies between the nodes around a place that is (dx, dy) pixels from one. */
function between(values: Float32Array, { nodes }: Field, i: number, dx: number, dy: number): number {
  const { columns, rows, cell } = nodes;
  const x = Math.min(columns - 1.001, Math.max(0, (i % columns) + dx / cell));
  const y = Math.min(rows - 1.001, Math.max(0, Math.floor(i / columns) + dy / cell));
  return mixFour(values, Math.floor(y) * columns + Math.floor(x), columns, x % 1, y % 1);
}

test("the inverse is that of three steps by fixed point, and what hardly moves stands still", () => {
  const { canvas, field } = swirling();
  field.dx[0] = 0.01;
  field.invert();
  let moved = 0;
  for (let i = 0; i < field.nodes.count; i++) {
    let [x, y] = [-field.dx[i]!, -field.dy[i]!];
    for (let step = 0; step < 3; step++) {
      [x, y] = [-between(field.dx, field, i, x, y), -between(field.dy, field, i, x, y)];
    }
    if (Math.hypot(x, y) > 1) moved++;
    if (i > 0) expect(Math.hypot(field.backX[i]! - x, field.backY[i]! - y)).toBeLessThan(1e-3);
    expect(Math.abs(canvas.grid[2 * i]! - field.backX[i]! * 65536)).toBeLessThanOrEqual(0.5);
  }
  expect(moved).toBeGreaterThan(20);
  expect(field.backX[0]).toBe(0);
});

test("light goes with the skin, as a share of what is above black, and ends at white", () => {
  const { canvas, field } = swirling();
  canvas.nodes.gain.forEach((_, i, gain) => {
    gain[i] = 0.2 * Math.sin(i);
  });
  field.invert();
  canvas.draw();
  canvas.lighten();
  const { pixels, stride } = canvas.plane("y");
  const { columns, count } = field.nodes;
  for (let i = 0; i < count; i++) {
    const [column, row] = [i % columns, Math.floor(i / columns)];
    if (column * CELL >= WIDTH || row * CELL >= HEIGHT) continue;
    const gain = between(canvas.nodes.gain, field, i, field.backX[i]!, field.backY[i]!);
    expect(Math.abs(pixels[row * CELL * stride + column * CELL]! - (100 + 84 * gain))).toBeLessThanOrEqual(0.6);
  }

  const bright = swirling(230);
  bright.canvas.nodes.gain.fill(0.5);
  bright.canvas.draw();
  bright.canvas.lighten();
  expect(Math.max(...bright.canvas.plane("y").pixels)).toBe(235);
});
