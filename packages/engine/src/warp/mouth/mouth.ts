/**
 * Lips that part: above the line between them goes up, below it down. Behind them is what the photo shows there, if its mouth is
 * open; else teeth, tongue and the dark of the mouth are painted, in tones taken from the face so that they fit its light.
 */

import type { Channel } from "@smileloop/core/motion/motion.ts";
import type { Face } from "../../face/face.ts";
import type { Planes } from "../../media/planes.ts";
import type { Box, Layer } from "../canvas/patch.ts";
import { smooth } from "../head/falloff.ts";
import type { Head } from "../head/head.ts";
import type { Movement, Movements } from "../head/shape.ts";
import { createInterior } from "./interior.ts";
import { createLayer } from "./layer.ts";
import { type OwnMouth, readMouth } from "./own-mouth.ts";
import { createParting, type LipState } from "./parting.ts";

type Channels = Movements;

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
  // lips that are closed have nothing to let go of: what the contours leave between them is noise
  const parted = smooth((own.inside - 0.1) / 0.3);
  return {
    skin: (channels, relaxed) => skinChannels(channels, parted * relaxed, own),
    smiling: own.teeth > 0.5,
    layer(channels, asked) {
      const relaxed = parted * asked;
      const state = lipState(channels, relaxed, own);
      if (atRest(state, own)) return undefined;
      const moved = skinChannels(channels, relaxed, own);
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
  const entries = (Object.entries(moved) as [Movement, number][]).map(([name, value]): [Movement, number] =>
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
    relaxed,
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

function atRest({ relaxed, jaw, upperUp, lowerDown, flare }: LipState, { unit }: OwnMouth): boolean {
  return unit * (jaw + upperUp + lowerDown + flare) < 0.5 && relaxed === 0;
}
