/**
 * The smooth part of a motion on the canvas's grid, of all its faces together. Displacements are laid down where the skin is in
 * the still; the canvas asks the other way round, so each frame's field is inverted by fixed-point iteration.
 */
import { mixFour } from "./bilinear.ts";
import type { Canvas } from "./canvas.ts";

/** Pixels. What moves by less is not seen to move, and left as it is it costs nothing. */
const TINY = 1 / 64;

export type Field = {
  nodes: Nodes;
  /** Starts a frame. */
  clear(): void;
  /** Pixels, per node: where what is at the node in the still goes. Skin and heads add theirs. */
  dx: Float32Array;
  dy: Float32Array;
  /** Per node, pixels, after `invert`: from the node's place in the frame to where its skin is in the still. */
  backX: Float32Array;
  backY: Float32Array;
  /** Writes the inverse into the canvas's grid. */
  invert(): void;
};

export type Nodes = { columns: number; rows: number; cell: number; count: number };

export function createField(canvas: Canvas): Field {
  const columns = canvas.columns + 1;
  const rows = canvas.rows + 1;
  const nodes = { columns, rows, cell: canvas.cell, count: columns * rows };
  const dx = new Float32Array(nodes.count);
  const dy = new Float32Array(nodes.count);
  const backX = new Float32Array(nodes.count);
  const backY = new Float32Array(nodes.count);
  return {
    nodes,
    dx,
    dy,
    backX,
    backY,
    clear() {
      dx.fill(0);
      dy.fill(0);
    },
    invert() {
      invertField(nodes, dx, dy, backX, backY);
      for (let i = 0; i < nodes.count; i++) {
        canvas.grid[2 * i] = Math.round(backX[i]! * 65536);
        canvas.grid[2 * i + 1] = Math.round(backY[i]! * 65536);
      }
    },
  };
}

/** back(q) = -forward(q + back(q)), three times: enough for displacements whose slope stays well under 1. */
function invertField(nodes: Nodes, dx: Float32Array, dy: Float32Array, backX: Float32Array, backY: Float32Array): void {
  const { columns, rows, cell } = nodes;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const i = row * columns + column;
      let bx = -dx[i]!;
      let by = -dy[i]!;
      // Where nothing moves, the iteration stays at its start.
      for (let step = 0; step < 3 && (bx !== 0 || by !== 0); step++) {
        const x = Math.min(columns - 1.001, Math.max(0, column + bx / cell));
        const y = Math.min(rows - 1.001, Math.max(0, row + by / cell));
        const at = Math.floor(y) * columns + Math.floor(x);
        const fx = x - Math.floor(x);
        const fy = y - Math.floor(y);
        bx = -mixFour(dx, at, columns, fx, fy);
        by = -mixFour(dy, at, columns, fx, fy);
      }
      const seen = Math.abs(bx) >= TINY || Math.abs(by) >= TINY;
      backX[i] = seen ? bx : 0;
      backY[i] = seen ? by : 0;
    }
  }
}
