/**
 * Light that changes as skin folds and lips come forward: the fold beside the nose deepens in a smile, the cheek above it catches light;
 * lips that flare or are pursed catch light, and the chin below them lies in their shadow.
 */
import type { Canvas } from "./canvas/canvas.ts";
import { bump } from "./head/falloff.ts";
import { type Head, MESH, type Point, type Side } from "./head/head.ts";
import type { Movements } from "./head/shape.ts";
import type { Skin } from "./skin.ts";

/** Share by which a full smile darkens the fold and lightens the cheek. */
const FOLD = -0.1;
const CHEEK = 0.045;
const FOLD_WIDTH = 0.06;
/** The same of rounded lips, and of what lies in their shadow. */
const LIPS = 0.07;
const UNDER_LIPS = -0.2;

type Values = Movements;
type Shading = { apply(values: Values): void };
/** By which share each node of the grid gets lighter where the strength is 1. */
type Light = { gain: Float32Array; strength(values: Values): number };

export function createShading(canvas: Canvas, skin: Skin, head: Head): Shading {
  const lights: Light[] = (["left", "right"] as const).map((side) => {
    const name = side === "left" ? "Left" : "Right";
    return {
      gain: skin.surface((i) => smileLight(head, side, head.local(i))),
      strength: (values) => (values[`mouthSmile${name}`] ?? 0) + 0.35 * (values[`cheekSquint${name}`] ?? 0),
    };
  });
  lights.push({
    gain: skin.surface((i) => roundLight(head, head.local(i))),
    strength: (values) =>
      Math.min(1, (values.mouthFunnel ?? 0) + 0.7 * (values.mouthPucker ?? 0) + 0.8 * (values.lipsForward ?? 0)),
  });
  const { gain } = canvas.nodes;
  return {
    apply(values) {
      gain.fill(0);
      let any = false;
      for (const { strength, gain: one } of lights) {
        const value = strength(values);
        if (value === 0) continue;
        any = true;
        for (let i = 0; i < gain.length; i++) gain[i]! += value * one[i]!;
      }
      if (any) canvas.lighten();
    },
  };
}

function smileLight(head: Head, side: Side, p: Point): number {
  const s = side === "left" ? 1 : -1;
  const wing = head.local(MESH.noseWing[side]);
  const corner = head.local(MESH.mouthCorner[side]);
  const cheek = head.local(MESH.cheek[side]);
  const start = { x: wing.x + s * 0.04, y: wing.y - 0.01 };
  const end = { x: corner.x + s * 0.1, y: corner.y - 0.02 };
  const fold = Math.exp(-((distanceTo(start, end, p) / FOLD_WIDTH) ** 2));
  return FOLD * fold + CHEEK * bump(p.x, p.y, { x: cheek.x, y: cheek.y + 0.06 }, 0.17, 0.12);
}

function roundLight(head: Head, p: Point): number {
  const lip = head.local(MESH.lipOuterLower[5]);
  const upper = head.local(MESH.lipOuterUpper[5]);
  const middle = { x: lip.x, y: (lip.y + upper.y) / 2 + 0.03 };
  return (
    LIPS * bump(p.x, p.y, middle, 0.12, 0.07) + UNDER_LIPS * bump(p.x, p.y, { x: lip.x, y: lip.y + 0.05 }, 0.15, 0.055)
  );
}

function distanceTo(a: Point, b: Point, p: Point): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const t = Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}
