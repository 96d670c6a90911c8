/**
 * Lips that part: above the line between them goes up, below it down. Behind them is what the photo shows there, if its mouth is
 * open; else teeth, tongue and the dark of the mouth are painted, in tones taken from the face so that they fit its light.
 */

import type { Channel } from "@smileloop/core/motion/motion.ts";
import type { Face } from "../../face/face.ts";
import type { Box, Layer, Seen } from "../canvas/patch.ts";
import type { Planes } from "../canvas/planes.ts";
import { smooth } from "../head/falloff.ts";
import type { Head, Point } from "../head/head.ts";
import { createInterior, type Interior } from "./interior.ts";
import { type OwnMouth, readMouth } from "./own-mouth.ts";
import { createParting, type LipState, type Parting, placeOf, readAt } from "./parting.ts";

type Channels = Partial<Record<Channel, number>>;

const BLEND = 1.3;
/** Half width of the shadow between lips that were brought together, E. */
const SEAM = 0.007;
/** How much of a lower lip the upper teeth hide at the most as they bite on it, E. */
const BITTEN = 0.045;
/** `mouthFunnel` from which on lips turn outwards. */
const FLARES = 0.1;
/** Teeth that are seen already need no jaw that opens a little to show them. */
const GRIN = 0.25;
/** A smile that goes takes the corners down by a part of a frown, too. */
const FROWN = 0.4;

export type Mouth = {
  /**
   * What of the channels the skin shows: a photo whose mouth is open needs less of a jaw's opening, and one that smiles lets go of its
   * smile as far as it is `relaxed` (motion/relaxing.ts).
   */
  skin(channels: Channels, relaxed: number): Channels;
  /** Nothing when the lips stay as the photo has them. */
  layer(channels: Channels, relaxed: number): Layer | undefined;
  box: Box;
  /** Whether the photo shows the teeth of a smile. */
  smiling: boolean;
};

/** `face` in pixels of the still. */
export function createMouth(head: Head, face: Face, still: Planes): Mouth {
  const own = readMouth(head, still);
  const { frame, unit } = own;
  const reach = own.inside > 0 ? 1.3 : 1.1;
  const partingOf = createParting(head, own);
  const interior = createInterior(head, face, still, own);
  const skin = (channels: Channels, relaxed: number): Channels => skinChannels(channels, relaxed, own);
  return {
    skin,
    smiling: own.teeth > 0.5,
    layer(channels, relaxed) {
      const state = lipState(channels, relaxed, own);
      if (atRest(state, own)) return undefined;
      const moved = skin(channels, relaxed);
      const parting = partingOf(state, leftBehind(moved, channels, relaxed, own));
      return createLayer({ own, interior, state, parting, jaw: own.jaw + (moved.jawOpen ?? 0) });
    },
    box: {
      left: frame.middle.x - frame.halfWidth * reach,
      right: frame.middle.x + frame.halfWidth * reach,
      top: frame.middle.y - own.above - 0.1 * unit,
      bottom: frame.middle.y + own.below + 0.05 * unit,
    },
  };
}

function skinChannels(channels: Channels, relaxed: number, own: OwnMouth): Channels {
  const jaw = jawOf(channels, relaxed, own) - relaxed * own.jaw;
  const smile = relaxed * own.smile;
  const result: Channels = { ...channels };
  if (jaw !== 0 || channels.jawOpen) result.jawOpen = jaw;
  if (smile > 0) {
    result.mouthSmileLeft = (channels.mouthSmileLeft ?? 0) - smile;
    result.mouthSmileRight = (channels.mouthSmileRight ?? 0) - smile;
    result.mouthFrownLeft = (channels.mouthFrownLeft ?? 0) + FROWN * smile;
    result.mouthFrownRight = (channels.mouthFrownRight ?? 0) + FROWN * smile;
  }
  return result;
}

/**
 * What of the skin's movement the teeth stay behind in. Teeth that the photo shows in a smile are stretched with it as it grows, or the
 * painted gums beside them would be bared.
 */
function leftBehind(moved: Channels, channels: Channels, relaxed: number, own: OwnMouth): Channels {
  const along = own.inside * (1 - relaxed);
  if (along === 0) return moved;
  const entries = (Object.entries(moved) as [Channel, number][]).map(([name, value]): [Channel, number] =>
    name.startsWith("mouth") ? [name, value - along * (channels[name] ?? 0)] : [name, value],
  );
  return Object.fromEntries(entries);
}

/** How far a jaw opens beyond the still, or beyond the mouth at rest: what the photo's own mouth shows already needs no opening. */
function jawOf(channels: Channels, relaxed: number, own: OwnMouth): number {
  const asked = Math.max(0, (channels.jawOpen ?? 0) - (channels.mouthClose ?? 0));
  const beyond = Math.max(0, asked - own.jaw - GRIN * own.teeth) * (1 - 0.15 * own.inside);
  return beyond + (asked - beyond) * relaxed;
}

function lipState(channels: Channels, relaxed: number, own: OwnMouth): LipState {
  const value = (name: Channel): number => channels[name] ?? 0;
  const mean = (stem: string): number => (value(`${stem}Left` as Channel) + value(`${stem}Right` as Channel)) / 2;
  const upperUp = mean("mouthUpperUp");
  return {
    relaxed: own.inside > 0 ? relaxed : 0,
    jaw: jawOf(channels, relaxed, own),
    upperUp,
    lowerDown: mean("mouthLowerDown"),
    smile: mean("mouthSmile"),
    stretch: mean("mouthStretch"),
    round: Math.min(1, value("mouthPucker") + 0.7 * value("mouthFunnel")),
    pucker: value("mouthPucker"),
    flare: Math.max(0, value("mouthFunnel") - FLARES) / (1 - FLARES),
    tuck: smooth((value("mouthRollLower") - 0.2) / 0.35) * smooth(upperUp / 0.22),
    tongue: value("tongueOut"),
  };
}

function atRest({ relaxed, jaw, upperUp, lowerDown, flare }: LipState, { unit, inside }: OwnMouth): boolean {
  return unit * (jaw + upperUp + lowerDown + flare) < 0.5 && relaxed * inside === 0;
}

type Scene = { own: OwnMouth; interior: Interior; state: LipState; parting: Parting; jaw: number };

function createLayer({ own, interior, state, parting, jaw }: Scene): Layer {
  const { frame, unit } = own;
  const { across, middle, halfWidth } = frame;
  const { relaxed, tuck } = state;
  const { upper, lower, upperShift, lowerShift, skullT, skullV } = parting;
  const paint = interior.paint({ jaw, tongue: state.tongue, round: state.round, pucker: state.pucker });
  const above = own.above + parting.longer;
  const straight = 0.5 * relaxed;
  const fade = (x: number): number => {
    const s = smooth(x);
    return x >= 1 ? 1 : s + (x - s) * straight;
  };
  const seen = { t: 0, skullT: 0, skullV: 0, down: 0, gap: 0, x: 0, y: 0 };
  return (x, y, into) => {
    const t = ((x - middle.x) * across.x + (y - middle.y) * across.y) / halfWidth;
    if (t <= -1.35 || t >= 1.35) return;
    const v = (y - middle.y) * across.x - (x - middle.x) * across.y;
    const at = placeOf(t);
    const top = readAt(upper, at);
    const bottom = readAt(lower, at);
    const [byUpper, byLower] = [readAt(upperShift, at), readAt(lowerShift, at)];
    const middleV = (top + bottom) / 2;
    const shift =
      v < middleV ? byUpper * (1 - fade((top - v) / above)) : byLower * (1 - fade((v - bottom) / own.below));
    into.x = x - shift * across.y;
    into.y = y + shift * across.x;
    if (v < top - BLEND - 2 || (v > bottom + BLEND + 2 && tuck === 0)) return;
    into.x2 = into.x;
    into.y2 = into.y;

    const intoSkull = readAt(skullV, at);
    const end =
      tuck > 0
        ? bottom +
          tuck *
            (1 - smooth((Math.abs(t) - 0.5) / 0.45)) *
            Math.min(BITTEN * unit, Math.max(0, readAt(interior.upperEnd, at) - intoSkull - bottom))
        : bottom;
    const behind = Math.min(v - top, end - v);
    const share = smooth((behind + BLEND) / (2 * BLEND)) * smooth((end - top) / 2);
    if (share <= 0) {
      blendEdges(into, { x, y, byLower, weight: smooth((v - middleV) / 1.6 + 0.5), across });
      if (relaxed > 0)
        shadeSeam(
          into,
          interior,
          Math.exp(-(((v - middleV) / (SEAM * unit)) ** 2)) * 0.4 * relaxed * (1 - smooth((Math.abs(t) - 0.75) / 0.3)),
        );
      return;
    }
    seen.t = t;
    seen.skullT = t + readAt(skullT, at);
    seen.skullV = v + intoSkull;
    const ownShare = own.inside === 0 ? 0 : own.inside * ownAt(own, parting.photo, seen, relaxed);
    into.x = middle.x + seen.skullT * halfWidth * across.x - seen.skullV * across.y;
    into.y = middle.y + seen.skullT * halfWidth * across.y + seen.skullV * across.x;
    seen.down = v - top;
    seen.gap = end - top;
    seen.x = x;
    seen.y = y;
    // out = lip × (1 - share) + (photo × own + paint × (1 - own)) × share
    into.paint = share * (1 - ownShare);
    into.share = (share - into.paint) / Math.max(1e-6, 1 - into.paint);
    if (into.paint > 0) paint(seen, into);
  };
}

/** Where lips touch, the last of the one goes over into the first of the other. */
function blendEdges(
  into: Seen,
  { x, y, byLower, weight, across }: { x: number; y: number; byLower: number; weight: number; across: Point },
): void {
  if (weight === 0 || weight === 1) return;
  into.x2 = x - byLower * across.y;
  into.y2 = y + byLower * across.x;
  into.share = 1 - weight;
}

function shadeSeam(into: Seen, { dark }: Interior, share: number): void {
  if (share < 0.01) return;
  into.paint = share;
  into.luma = dark.luma;
  into.cb = dark.cb;
  into.cr = dark.cr;
}

/** How far the photo shows what is at a place on the skull: not the lips' own wet edges. */
function ownAt(
  { unit, teeth }: OwnMouth,
  photo: Parting["photo"],
  { skullT, skullV }: { skullT: number; skullV: number },
  relaxed: number,
): number {
  const aside = Math.abs(skullT);
  if (aside >= 1) return 0;
  const at = placeOf(skullT);
  const rim = 0.006 * unit;
  // what is no tooth, as the dark beside them, belongs to the mouth as it was
  const side = (1 - relaxed * (1 - teeth)) * (1 - relaxed * smooth((aside - 0.66) / 0.2));
  const below = skullV - readAt(photo.upper, at) - rim;
  const above = readAt(photo.lower, at) - rim - skullV;
  return side * smooth(below / BLEND + 0.5) * smooth(above / BLEND + 0.5);
}
