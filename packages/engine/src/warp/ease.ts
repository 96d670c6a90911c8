/** How gently a face moves that cannot bear the whole motion. */
import type { Channel } from "@smileloop/core/motion.ts";
import type { Face } from "../face/face.ts";
import type { FaceFrames } from "./phases.ts";

/** Factors for what the motion asks: of all channels, and of those of the lids besides. */
export type Ease = { all: number; lids: number; why: "turned" | "unclear" | undefined };

/** Degrees of the mesh from which on, and up to which, a turned head eases the motion, and what is left of it then. */
const TURNED = { from: 32, to: 52, least: 0.6 };
/** The mesh lies only about right: mouth and head bear a part of the motion, lids that aren't quite the lids hardly any. */
const UNCLEAR = { all: 0.65, lids: 0.4 };

export function easeOf(face: Pick<Face, "yaw">, clear: boolean): Ease {
  const turned = Math.min(1, Math.max(0, (Math.abs(face.yaw) - TURNED.from) / (TURNED.to - TURNED.from)));
  const all = 1 - (1 - TURNED.least) * turned;
  if (!clear) return { all: Math.min(all, UNCLEAR.all), lids: UNCLEAR.lids, why: "unclear" };
  return { all, lids: 1, why: turned > 0 ? "turned" : undefined };
}

/** The curves that a face shows of those that are asked. */
export function eased({ channels }: FaceFrames, { all, lids }: Ease): FaceFrames {
  if (all === 1 && lids === 1) return { channels };
  const shown: FaceFrames["channels"] = {};
  for (const [name, values] of Object.entries(channels) as [Channel, number[]][]) {
    const share = /^eye(Blink|Squint|Wide)/.test(name) ? Math.min(all, lids) : all;
    shown[name] = values.map((value) => value * share);
  }
  return { channels: shown };
}
