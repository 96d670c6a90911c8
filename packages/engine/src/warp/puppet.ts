/** A still with its faces rigged: give it the values of the channels, and it gives the frame. */
import type { Channel } from "@smileloop/core/motion/motion.ts";
import type { Face } from "../face/face.ts";
import type { Planes } from "../media/planes.ts";
import type { Matte } from "./behind/matte.ts";
import { plateOf } from "./behind/plate.ts";
import { type Canvas, createCanvas } from "./canvas/canvas.ts";
import { createField, type Field } from "./canvas/field.ts";
import { drawPatch } from "./canvas/patch.ts";
import { createEye, type Eye, type EyeState } from "./eyes/eyes.ts";
import { findGlasses } from "./eyes/glasses.ts";
import { createHead, type Side } from "./head/head.ts";
import type { Movement, Movements } from "./head/shape.ts";
import { createMouth } from "./mouth/mouth.ts";
import { createHeadMover, type Pose } from "./pose.ts";
import { createShading } from "./shading.ts";
import { createSkin } from "./skin.ts";

export type ChannelValues = Movements;

/** What one face does in a frame: its channels, the sway of its head below them, and how far its mouth is at rest (motion/relaxing.ts). */
export type FaceValues = { channels: ChannelValues; sway: Pose; relaxed?: number };

export type Puppet = {
  /** The frame (Y, U, V, packed), valid until the next call; one entry per face. With everything at 0 it is the still, bit by bit. */
  frame(faces: FaceValues[]): Uint8Array;
  /** Of each face, whether the photo shows the teeth of a smile. */
  smiling: boolean[];
};

/** Channels that this engine cannot show. */
export const IGNORED: readonly Channel[] = ["jawForward"];

/** `faces` and `matte` in pixels of `still`. */
export function createPuppet(still: Planes, faces: Face[], matte: Matte): Puppet {
  // A cell has to be small beside a mouth; where faces are large, larger cells do and cost less.
  const smallest = Math.min(...faces.map((face) => face.eyeDistance));
  const cell = smallest > 160 && Math.max(still.width, still.height) > 720 ? 16 : 8;
  const behind = { plate: plateOf(still, matte), alpha: matte.alpha };
  const canvas = createCanvas(still, { cell, mapSize: 65536, behind });
  const field = createField(canvas);
  const rigs = faces.map((face) => createRig(canvas, field, still, face, matte));
  return {
    smiling: rigs.map((rig) => rig.smiling),
    frame(values) {
      field.clear();
      rigs.forEach((rig, i) => {
        rig.move(values[i]!);
      });
      field.invert();
      canvas.draw();
      rigs.forEach((rig, i) => {
        rig.draw(values[i]!);
      });
      return canvas.frame();
    },
  };
}

/** One face of the canvas: `move` adds to the field, `draw` puts lids, mouth and light over the frame that it gave. */
type Rig = { move(values: FaceValues): void; draw(values: FaceValues): void; smiling: boolean };

function createRig(canvas: Canvas, field: Field, still: Planes, face: Face, matte: Matte): Rig {
  const head = createHead(face);
  const glasses = findGlasses(head, face, still);
  const skin = createSkin(canvas, field, head, glasses.yields);
  const headMover = createHeadMover(canvas, field, skin, head, matte);
  const mouth = createMouth(head, face, still);
  const shading = createShading(canvas, skin, head);
  const eyes: Record<Side, Eye> = {
    left: createEye(head, face, "left", still, glasses),
    right: createEye(head, face, "right", still, glasses),
  };
  return {
    smiling: mouth.smiling,
    move({ channels, sway, relaxed = 0 }) {
      for (const [name, value] of Object.entries(mouth.skin(channels, relaxed)) as [Movement, number][]) {
        skin.add(name, value);
      }
      headMover.add(poseOf(channels, sway));
    },
    draw({ channels, relaxed = 0 }) {
      const parting = mouth.layer(channels, relaxed);
      if (parting) drawPatch(canvas, field, { layer: parting, box: mouth.box });
      for (const side of ["left", "right"] as const) {
        const patch = eyes[side].patch(eyeState(channels, side));
        if (patch) drawPatch(canvas, field, patch);
      }
      shading.apply(mouth.skin(channels, relaxed));
    },
  };
}

function poseOf(channels: ChannelValues, sway: Pose): Pose {
  return {
    pitch: (channels.headPitch ?? 0) + sway.pitch,
    yaw: (channels.headYaw ?? 0) + sway.yaw,
    roll: (channels.headRoll ?? 0) + sway.roll,
    x: (channels.headX ?? 0) + sway.x,
    y: (channels.headY ?? 0) + sway.y,
    z: (channels.headZ ?? 0) + sway.z,
    scale: (channels.scale ?? 0) + sway.scale,
  };
}

function eyeState(channels: ChannelValues, side: Side): EyeState {
  const name = side === "left" ? "Left" : "Right";
  const value = (channel: Channel): number => channels[channel] ?? 0;
  // Out is to the picture's right for the left eye, and to its left for the right one.
  const outwards = side === "left" ? 1 : -1;
  return {
    closing: Math.min(1, value(`eyeBlink${name}`) + 0.2 * value(`eyeSquint${name}`)),
    lookX: outwards * (value(`eyeLookOut${name}`) - value(`eyeLookIn${name}`)),
    lookY: value(`eyeLookDown${name}`) - value(`eyeLookUp${name}`),
  };
}
