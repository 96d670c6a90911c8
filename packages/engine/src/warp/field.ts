/**
 * The smooth part of a motion on the canvas's grid. Displacements are laid down where the skin is in the still; the canvas asks
 * the other way round, so each frame's field is inverted by fixed-point iteration.
 */
import type { Channel } from "@smileloop/core/motion.ts";
import { channelShapes } from "./channels.ts";
import { smooth } from "./falloff.ts";
import { type Head, MESH, type Point } from "./head.ts";
import type { Canvas } from "./kernel.ts";
import type { Shape } from "./shape.ts";
import { createSpline, type Spline } from "./spline.ts";

/** In face ovals from the centre: the skin's own movements end here. */
const EXPRESSION_END = 1.42;
const EXPRESSION_FULL = 1.12;
const MIN_HANDLE_DISTANCE = 0.055;

export type Field = {
  nodes: Nodes;
  /** Adds a channel's displacement to the frame that is being built; false when the channel moves no skin. */
  add(channel: Channel, value: number): boolean;
  /** Starts a frame. */
  clear(): void;
  /** Pixels, per node: where the skin that is at the node in the still goes. To be added to by head movements. */
  dx: Float32Array;
  dy: Float32Array;
  /** Per node, pixels, after `invert`: from the node's place in the frame to where its skin is in the still. */
  backX: Float32Array;
  backY: Float32Array;
  /** Writes the inverse into the canvas's grid. */
  invert(): void;
  /** A surface through one value per handle (mesh points first, then zeros of the ring), at every node near the face. */
  surface(value: (meshPoint: number) => number): Float32Array;
};

export type Nodes = { columns: number; rows: number; cell: number; count: number };

export function createField(canvas: Canvas, head: Head): Field {
  const columns = canvas.columns + 1;
  const rows = canvas.rows + 1;
  const nodes = { columns, rows, cell: canvas.cell, count: columns * rows };
  const near: number[] = [];
  const window: number[] = [];
  for (let i = 0; i < nodes.count; i++) {
    const x = (i % columns) * canvas.cell;
    const y = Math.floor(i / columns) * canvas.cell;
    const reach = head.reach(x, y);
    const weight =
      (1 - smooth((reach - EXPRESSION_FULL) / (EXPRESSION_END - EXPRESSION_FULL))) *
      edgeWeight(x, y, canvas, head.unit);
    if (weight <= 0) continue;
    near.push(i);
    window.push(weight);
  }
  const { spline, meshPoints, ring } = splineOver(head, near, nodes);
  const shapes = channelShapes(head);
  const locals = meshPoints.map((i) => head.local(i));
  const bases = new Map<Channel, { x: Float32Array; y: Float32Array }>();

  function surfaceOf(values: number[]): Float32Array {
    const spread = spline.spread([...values, ...new Array<number>(ring).fill(0)]);
    for (let k = 0; k < near.length; k++) spread[k]! *= window[k]!;
    return spread;
  }
  function basis(channel: Channel, shape: Shape): { x: Float32Array; y: Float32Array } {
    const known = bases.get(channel);
    if (known) return known;
    const moved = locals.map(({ x, y }) => head.project(...shape(x, y)));
    const made = { x: surfaceOf(moved.map((p) => p.x)), y: surfaceOf(moved.map((p) => p.y)) };
    bases.set(channel, made);
    return made;
  }

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
    add(channel, value) {
      const shape = shapes[channel];
      if (!shape) return false;
      if (value === 0) return true;
      const { x, y } = basis(channel, shape);
      for (let k = 0; k < near.length; k++) {
        dx[near[k]!]! += value * x[k]!;
        dy[near[k]!]! += value * y[k]!;
      }
      return true;
    },
    surface(value) {
      const result = new Float32Array(nodes.count);
      const spread = surfaceOf(meshPoints.map(value));
      for (let k = 0; k < near.length; k++) result[near[k]!] = spread[k]!;
      return result;
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

/** 0 on the frame's edge, so that nothing from outside is ever shown; 1 from a third of E inwards. */
export function edgeWeight(
  x: number,
  y: number,
  { width, height }: { width: number; height: number },
  unit: number,
): number {
  const inside = Math.min(x, y, width - 1 - x, height - 1 - y);
  return smooth(inside / (unit * 0.35));
}

/** Mesh points that are far enough apart, and a ring of zeros around the face. */
function splineOver(head: Head, near: number[], nodes: Nodes): { spline: Spline; meshPoints: number[]; ring: number } {
  const scaled = (p: Point): Point => ({ x: (p.x - head.centre.x) / head.unit, y: (p.y - head.centre.y) / head.unit });
  const meshPoints: number[] = [];
  const handles: Point[] = [];
  const first = [
    MESH.mouthCorner.right,
    MESH.mouthCorner.left,
    ...MESH.lipOuterUpper,
    ...MESH.lipOuterLower,
    ...MESH.oval,
  ];
  for (const i of [...first, ...Array(468).keys()]) {
    const p = scaled(head.point(i));
    if (handles.some((q) => Math.hypot(p.x - q.x, p.y - q.y) < MIN_HANDLE_DISTANCE)) continue;
    meshPoints.push(i);
    handles.push(p);
  }
  const RING = 40;
  for (let k = 0; k < RING; k++) {
    const angle = (k / RING) * 2 * Math.PI;
    const x = Math.cos(angle);
    const y = Math.sin(angle);
    const edge = EXPRESSION_END / head.reach(head.centre.x + x, head.centre.y + y);
    handles.push({ x: (x * edge) / head.unit, y: (y * edge) / head.unit });
  }
  const places = near.map((i) =>
    scaled({ x: (i % nodes.columns) * nodes.cell, y: Math.floor(i / nodes.columns) * nodes.cell }),
  );
  return { spline: createSpline(handles, places, 2e-4), meshPoints, ring: RING };
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
        bx = -mix(dx, at, columns, fx, fy);
        by = -mix(dy, at, columns, fx, fy);
      }
      backX[i] = bx;
      backY[i] = by;
    }
  }
}

function mix(values: Float32Array, at: number, columns: number, fx: number, fy: number): number {
  const top = values[at]! + (values[at + 1]! - values[at]!) * fx;
  const bottom = values[at + columns]! + (values[at + columns + 1]! - values[at + columns]!) * fx;
  return top + (bottom - top) * fy;
}
