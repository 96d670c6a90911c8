/** A still with its face rigged: give it the values of the channels, and it gives the frame. */
import type { Channel } from "@smileloop/core/motion.ts";
import type { Face } from "../face/face.ts";
import { createEye, type Eye } from "./eyes.ts";
import { createField } from "./field.ts";
import { createHead, type Side } from "./head.ts";
import { createCanvas } from "./kernel.ts";
import { createMouth } from "./mouth.ts";
import { drawPatch } from "./patch.ts";
import type { Planes } from "./planes.ts";
import { createHeadMover, type Pose } from "./pose.ts";
import { createShading } from "./shading.ts";

export type ChannelValues = Partial<Record<Channel, number>>;

export type Puppet = {
  /** The frame (Y, U, V, packed), valid until the next call. With everything at 0 it is the still, bit by bit. */
  frame(values: ChannelValues, sway: Pose): Uint8Array;
};

/** Channels that this engine cannot show. */
export const IGNORED: readonly Channel[] = ["jawForward", "tongueOut"];

/** `face` in pixels of `still`. */
export function createPuppet(still: Planes, face: Face): Puppet {
  // A cell has to be small beside a mouth; where faces are large, larger cells do and cost less.
  const cell = face.eyeDistance > 160 && Math.max(still.width, still.height) > 720 ? 16 : 8;
  const canvas = createCanvas(still, { cell, mapSize: 65536 });
  const head = createHead(face);
  const field = createField(canvas, head);
  const headMover = createHeadMover(canvas, field, head);
  const mouth = createMouth(head, still);
  const shading = createShading(canvas, field, head);
  const eyes: Record<Side, Eye> = {
    left: createEye(head, face, "left", still),
    right: createEye(head, face, "right", still),
  };
  return {
    frame(values, sway) {
      const value = (name: Channel): number => values[name] ?? 0;
      // A mouth that is already open is not opened further by what it shows already: a dark gap below the teeth would appear.
      const jaw = Math.max(0, Math.max(0, value("jawOpen") - value("mouthClose")) - mouth.open);
      field.clear();
      for (const name of Object.keys(values) as Channel[]) field.add(name, name === "jawOpen" ? jaw : value(name));
      headMover.add({
        pitch: value("headPitch") + sway.pitch,
        yaw: value("headYaw") + sway.yaw,
        roll: value("headRoll") + sway.roll,
        x: value("headX") + sway.x,
        y: value("headY") + sway.y,
        z: value("headZ") + sway.z,
        scale: value("scale") + sway.scale,
      });
      field.invert();
      canvas.draw();
      const parting = mouth.layer({
        jaw,
        upperUp: (value("mouthUpperUpLeft") + value("mouthUpperUpRight")) / 2,
        lowerDown: (value("mouthLowerDownLeft") + value("mouthLowerDownRight")) / 2,
      });
      if (parting) drawPatch(canvas, field, mouth.box, parting);
      for (const side of ["left", "right"] as const) {
        const name = side === "left" ? "Left" : "Right";
        // Out is to the picture's right for the left eye, and to its left for the right one.
        const outwards = side === "left" ? 1 : -1;
        const state = {
          closing: Math.min(1, value(`eyeBlink${name}`) + 0.2 * value(`eyeSquint${name}`)),
          lookX: outwards * (value(`eyeLookOut${name}`) - value(`eyeLookIn${name}`)),
          lookY: value(`eyeLookDown${name}`) - value(`eyeLookUp${name}`),
        };
        if (state.closing > 0.001 || state.lookX !== 0 || state.lookY !== 0) {
          drawPatch(canvas, field, eyes[side].box, eyes[side].layer(state));
        }
      }
      shading.apply(values);
      return canvas.frame();
    },
  };
}
