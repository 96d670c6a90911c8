/** The skin of one face on the field: what each channel moves, through the points of the mesh. */

import type { Canvas } from "./canvas/canvas.ts";
import type { Field, Nodes } from "./canvas/field.ts";
import { channelShapes } from "./channels.ts";
import { smooth } from "./head/falloff.ts";
import { type Head, MESH, type Point } from "./head/head.ts";
import type { Movement, Shape } from "./head/shape.ts";
import { createSpline, type Spline } from "./head/spline.ts";

/** In face ovals from the centre: the skin's own movements end here. */
const EXPRESSION_END = 1.42;
const EXPRESSION_FULL = 1.12;
const MIN_HANDLE_DISTANCE = 0.055;

export type Skin = {
  /** Adds a channel's displacement to the frame that is being built; false when the channel moves no skin. */
  add(channel: Movement, value: number): boolean;
  /** A surface through one value per handle (mesh points first, then zeros of the ring), at every node near the face, else 0. */
  surface(value: (meshPoint: number) => number): Float32Array;
};

/** `yields`: how much of its movement the skin has at a place of the still, 0–1. */
export function createSkin(canvas: Canvas, field: Field, head: Head, yields: (x: number, y: number) => number): Skin {
  const { nodes } = field;
  const near: number[] = [];
  const window: number[] = [];
  for (let i = 0; i < nodes.count; i++) {
    const x = (i % nodes.columns) * nodes.cell;
    const y = Math.floor(i / nodes.columns) * nodes.cell;
    const reach = head.reach(x, y);
    const weight =
      (1 - smooth((reach - EXPRESSION_FULL) / (EXPRESSION_END - EXPRESSION_FULL))) *
      edgeWeight(x, y, canvas, head.unit);
    if (weight <= 0) continue;
    near.push(i);
    window.push(weight);
  }
  const share = near.map((i) => yields((i % nodes.columns) * nodes.cell, Math.floor(i / nodes.columns) * nodes.cell));
  const { spline, meshPoints, ring } = splineOver(head, near, nodes);
  const shapes = channelShapes(head);
  const locals = meshPoints.map((i) => head.local(i));
  const bases = new Map<Movement, { x: Float32Array; y: Float32Array }>();

  function surfaceOf(values: number[]): Float32Array {
    const spread = spline.spread([...values, ...new Array<number>(ring).fill(0)]);
    for (let k = 0; k < near.length; k++) spread[k]! *= window[k]!;
    return spread;
  }
  function basis(channel: Movement, shape: Shape): { x: Float32Array; y: Float32Array } {
    const known = bases.get(channel);
    if (known) return known;
    const moved = locals.map(({ x, y }) => head.project(...shape(x, y)));
    const held = (surface: Float32Array): Float32Array => surface.map((value, k) => value * share[k]!);
    const made = { x: held(surfaceOf(moved.map((p) => p.x))), y: held(surfaceOf(moved.map((p) => p.y))) };
    bases.set(channel, made);
    return made;
  }

  return {
    add(channel, value) {
      const shape = shapes[channel];
      if (!shape) return false;
      if (value === 0) return true;
      const { x, y } = basis(channel, shape);
      for (let k = 0; k < near.length; k++) {
        field.dx[near[k]!]! += value * x[k]!;
        field.dy[near[k]!]! += value * y[k]!;
      }
      return true;
    },
    surface(value) {
      const result = new Float32Array(nodes.count);
      const spread = surfaceOf(meshPoints.map(value));
      for (let k = 0; k < near.length; k++) result[near[k]!] = spread[k]!;
      return result;
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
