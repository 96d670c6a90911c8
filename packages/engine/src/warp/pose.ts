/** Movements of the whole head: a turn shifts what is nearer more than what is farther away; the picture around stays. */

import type { Matte } from "./behind/matte.ts";
import { ovalDepth, type Silhouette, silhouetteOf } from "./behind/silhouette.ts";
import type { Canvas } from "./canvas/canvas.ts";
import type { Field } from "./canvas/field.ts";
import { smooth } from "./head/falloff.ts";
import { type Head, MESH } from "./head/head.ts";
import { edgeWeight, type Skin } from "./skin.ts";

/** Degrees, E, factors − 1; signs as in `core/motion/motion.ts`. */
export type Pose = { pitch: number; yaw: number; roll: number; x: number; y: number; z: number; scale: number };

/** Beyond these a flat picture shows that it is one. Reached softly. */
const LIMITS: Pose = { pitch: 9, yaw: 12, roll: 7, x: 0.1, y: 0.1, z: 0.8, scale: 0.12 };
/** A step of 1 E towards a camera at portrait distance makes the head larger by this share. */
const SCALE_PER_E = 0.09;
/** The middle of the head lies in front of the neck that it turns on, in E, so that a turn takes its outline along. */
const AHEAD = 0.16;
/** In face ovals: the head's movement reaches a little beyond its outline (whatever lies there is put back, canvas.ts), then fades. */
const BEYOND = 0.06;
const FADE = 0.62;
const MOST_REACH = 4;

type HeadMover = { add(pose: Pose): void };

export function createHeadMover(canvas: Canvas, field: Field, skin: Skin, head: Head, matte: Matte): HeadMover {
  const { nodes } = field;
  const silhouette = silhouetteOf(head, matte);
  const depth = depthSurface(canvas, field, skin, head, silhouette);
  const mask = new Float32Array(nodes.count);
  const moving: number[] = [];
  for (let i = 0; i < nodes.count; i++) {
    const x = (i % nodes.columns) * nodes.cell;
    const y = Math.floor(i / nodes.columns) * nodes.cell;
    mask[i] = headWeight(head, silhouette, x, y) * edgeWeight(x, y, canvas, head.unit);
    if (mask[i]! > 0) moving.push(i);
  }
  const chin = head.point(MESH.chin);
  const pivot = { x: chin.x, y: chin.y + 0.2 * head.unit };
  const ahead = AHEAD * head.unit;
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
          weight * (ahead * yaw + pose.x * head.unit + cos * px + sin * py + grow * (x - head.centre.x)) +
          depth[i]! * yaw;
        field.dy[i]! +=
          weight * (ahead * pitch + pose.y * head.unit - sin * px + cos * py + grow * (y - head.centre.y)) +
          depth[i]! * pitch;
      }
    },
  };
}

/**
 * How far in front of its silhouette the head is at each node, pixels. The face has the mesh's depth; hair bulges from the face's
 * outline to the silhouette, which stays in its plane when the head turns a little.
 */
function depthSurface(canvas: Canvas, { nodes }: Field, skin: Skin, head: Head, silhouette: Silhouette): Float32Array {
  const outline = MESH.oval.map((i) => head.point(i).z);
  const back = outline.reduce((sum, z) => sum + z, 0) / outline.length + 0.1 * head.unit;
  const surface = skin.surface((i) => Math.max(0, back - head.point(i).z));
  const atOval = ovalDepth(head, back);
  return surface.map((depth, i) => {
    const x = (i % nodes.columns) * nodes.cell;
    const y = Math.floor(i / nodes.columns) * nodes.cell;
    const reach = head.reach(x, y);
    if (reach > MOST_REACH) return 0;
    const angle = Math.atan2(y - head.centre.y, x - head.centre.x);
    const along = Math.max(0, reach - 1) / Math.max(0.15, silhouette(angle) - 1);
    const hair = atOval(angle) * Math.sqrt(Math.max(0, 1 - along * along)) * edgeWeight(x, y, canvas, head.unit);
    const outside = smooth((reach - 0.9) / 0.25);
    return Math.max(0, depth) * (1 - outside) + hair * outside;
  });
}

/** 1 on the face and the hair, fading out beyond their outline and down the neck. */
function headWeight(head: Head, silhouette: Silhouette, x: number, y: number): number {
  const reach = head.reach(x, y);
  if (reach > MOST_REACH) return 0;
  const edge = silhouette(Math.atan2(y - head.centre.y, x - head.centre.x));
  return 1 - smooth((reach - edge * (1 + BEYOND)) / (edge * FADE));
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
