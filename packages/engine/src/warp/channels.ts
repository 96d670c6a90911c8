/**
 * What each channel does to the face: a displacement in the head's axes (x to its left, y down, z away from the viewer; in E)
 * for any place on it. Only what is smooth across the skin is here; lids that close and lips that part are in eyes.ts, mouth.ts.
 *
 * The shapes follow the muscles (FACS, Ekman & Friesen 1978): a smile is the zygomatic pulling the corners along an arc, out, up
 * and back over the teeth, the cheeks rising with it; sizes were fitted by eye on portraits.
 */
import { eyeShapes } from "./eyes/eye-shapes.ts";
import type { Head } from "./head/head.ts";
import type { Shapes } from "./head/shape.ts";
import { mouthShapes } from "./mouth/mouth-shapes.ts";

/** Shapes of the channels that move skin. A channel that is missing here moves something else, or nothing. */
export function channelShapes(head: Head): Shapes {
  return { ...mouthShapes(head), ...eyeShapes(head) };
}
