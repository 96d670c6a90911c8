/** Movements of the whole head: a turn shifts what is nearer more than what is farther away; the picture around stays. */
import { smooth } from "./falloff.ts";
import type { Field } from "./field.ts";
import { type Head, MESH } from "./head.ts";
import type { Canvas } from "./kernel.ts";
import { edgeWeight, type Skin } from "./skin.ts";

/** Degrees, E, factors − 1; signs as in `core/motion.ts`. */
export type Pose = { pitch: number; yaw: number; roll: number; x: number; y: number; z: number; scale: number };

/** Beyond these a flat picture shows that it is one. Reached softly. */
const LIMITS: Pose = { pitch: 9, yaw: 12, roll: 7, x: 0.1, y: 0.1, z: 0.8, scale: 0.12 };
/** A step of 1 E towards a camera at portrait distance makes the head larger by this share. */
const SCALE_PER_E = 0.09;
/** How far hair and hats reach above the face oval and beside it, in its half height and half width. */
const CROWN = 1.5;
const HAIR = 1.3;

export type HeadMover = { add(pose: Pose): void };

export function createHeadMover(canvas: Canvas, field: Field, skin: Skin, head: Head): HeadMover {
  const { nodes } = field;
  const depth = depthSurface(skin, head);
  const mask = new Float32Array(nodes.count);
  const moving: number[] = [];
  for (let i = 0; i < nodes.count; i++) {
    const x = (i % nodes.columns) * nodes.cell;
    const y = Math.floor(i / nodes.columns) * nodes.cell;
    mask[i] = headWeight(head, x, y) * edgeWeight(x, y, canvas, head.unit);
    if (mask[i]! > 0) moving.push(i);
  }
  const chin = head.point(MESH.chin);
  const pivot = { x: chin.x, y: chin.y + 0.2 * head.unit };
  return {
    add(asked) {
      const pose = limited(asked);
      if (Object.values(pose).every((value) => value === 0)) return;
      const yaw = Math.sin(radians(pose.yaw));
      const pitch = Math.sin(radians(pose.pitch));
      // Counter-clockwise as seen, with y downwards.
      const cos = Math.cos(radians(pose.roll)) - 1;
      const sin = Math.sin(radians(pose.roll));
      const grow = (1 + pose.scale) * (1 + SCALE_PER_E * pose.z) - 1;
      for (const i of moving) {
        const x = (i % nodes.columns) * nodes.cell;
        const y = Math.floor(i / nodes.columns) * nodes.cell;
        const px = x - pivot.x;
        const py = y - pivot.y;
        const weight = mask[i]!;
        field.dx[i]! +=
          weight * (pose.x * head.unit + cos * px + sin * py + grow * (x - head.centre.x)) + depth[i]! * yaw;
        field.dy[i]! +=
          weight * (pose.y * head.unit - sin * px + cos * py + grow * (y - head.centre.y)) + depth[i]! * pitch;
      }
    },
  };
}

/** How far in front of its silhouette the head is at each node, pixels: the silhouette stays where it is when the head turns a little. */
function depthSurface(skin: Skin, head: Head): Float32Array {
  const outline = MESH.oval.map((i) => head.point(i).z);
  const back = outline.reduce((sum, z) => sum + z, 0) / outline.length + 0.1 * head.unit;
  const surface = skin.surface((i) => Math.max(0, back - head.point(i).z));
  return surface.map((depth) => Math.max(0, depth));
}

/** 1 on the face and the hair, fading out around them and down the neck. */
function headWeight(head: Head, x: number, y: number): number {
  const dx = x - head.centre.x;
  const dy = y - head.centre.y;
  const reach = head.reach(x, y);
  const up = dy < 0 ? CROWN - (CROWN - HAIR) * (Math.abs(dx) / Math.max(1, Math.hypot(dx, dy))) : HAIR;
  const scaled = reach / (dy < 0 ? up : HAIR - 0.15 * Math.min(1, dy / head.unit));
  return 1 - smooth((scaled - 0.9) / 0.75);
}

function limited(pose: Pose): Pose {
  const soft = (value: number, limit: number): number => limit * Math.tanh(value / limit);
  return {
    pitch: soft(pose.pitch, LIMITS.pitch),
    yaw: soft(pose.yaw, LIMITS.yaw),
    roll: soft(pose.roll, LIMITS.roll),
    x: soft(pose.x, LIMITS.x),
    y: soft(pose.y, LIMITS.y),
    z: soft(pose.z, LIMITS.z),
    scale: soft(pose.scale, LIMITS.scale),
  };
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
