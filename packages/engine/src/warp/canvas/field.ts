/**
 * The smooth part of a motion on the canvas's grid, of all its faces together. Displacements are laid down where the skin is in
 * the still; the canvas asks the other way round, so each frame's field is inverted by fixed-point iteration (kernel.c).
 */
import type { Canvas } from "./canvas.ts";

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
  const { dx, dy, backX, backY } = canvas.nodes;
  const [columns, rows] = [canvas.columns + 1, canvas.rows + 1];
  return {
    nodes: { columns, rows, cell: canvas.cell, count: columns * rows },
    ...{ dx, dy, backX, backY },
    clear() {
      dx.fill(0);
      dy.fill(0);
    },
    invert: () => canvas.invert(),
  };
}
