/** How gently a face moves that cannot bear the whole motion. */
import type { CastMover } from "@smileloop/core/engine/services.ts";
import type { Face } from "../face/face.ts";

/** Factors for what the motion asks: of all channels, and of those of the eyes and of the head besides (`motionOfCast`). */
export type Ease = CastMover["ease"];

/** Degrees of the mesh from which on, and up to which, a turned head eases the motion, and what is left of it then. */
const TURNED = { from: 32, to: 52, least: 0.6 };
/** The mesh lies only about right: mouth and head bear a part of the motion, lids that aren't quite the lids hardly any. */
const UNCLEAR = { all: 0.65, eyes: 0.4 };

/** Degrees of roll beyond which a head lies on its side: lids are drawn for heads that are about upright, so eyes stay open. */
const SIDEWAYS = 60;

/** Distance of two faces by their mean width: from the first on heads turn freely, at the second they would squeeze each other. */
const BESIDE = { free: 2, touching: 1, least: 0.45 };

type Placed = Pick<Face, "yaw" | "roll" | "box">;

/** Whether a face is clearly a person's, and whether its eyes and its mouth are to be seen. */
type Legibility = { clear: boolean; eyesHidden: boolean; mouthSeen: boolean };

/** `others`: the other faces of the picture, whether they move or not. */
export function easeOf(face: Placed, { clear, eyesHidden, mouthSeen }: Legibility, others: Placed[]): Ease {
  const ease = withoutMouth(face, { clear, eyesHidden }, others);
  return mouthSeen ? ease : { ...ease, mouth: 0 };
}

function withoutMouth(face: Placed, { clear, eyesHidden }: Omit<Legibility, "mouthSeen">, others: Placed[]): Ease {
  const turned = share(Math.abs(face.yaw), TURNED.from, TURNED.to);
  const all = 1 - (1 - TURNED.least) * turned;
  const nearest = Math.min(Infinity, ...others.map((other) => gap(face, other)));
  const head = 1 - (1 - BESIDE.least) * share(nearest, BESIDE.free, BESIDE.touching);
  if (!clear) return { all: Math.min(all, UNCLEAR.all), eyes: UNCLEAR.eyes, head, why: "unclear" };
  if (Math.abs(face.roll) > SIDEWAYS) return { all, eyes: 0, head, why: "sideways" };
  if (eyesHidden) return { all, eyes: 0, head, why: "hidden" };
  return { all, eyes: 1, head, ...(turned > 0 ? { why: "turned" } : {}) };
}

function gap({ box: a }: Placed, { box: b }: Placed): number {
  const apart = Math.hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2);
  return apart / ((a.width + b.width) / 2);
}

function share(value: number, from: number, to: number): number {
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}
