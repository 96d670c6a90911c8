/** What is seen at each place of a mouth: one lip or the other, and between them teeth, tongue and dark. */
import type { Layer, Seen } from "../canvas/patch.ts";
import { smooth } from "../head/falloff.ts";
import type { Interior, InteriorPlace } from "./interior.ts";
import type { OwnMouth } from "./own-mouth.ts";
import { type LipState, type Parting, placeOf, readAt } from "./parting.ts";

/** Half the width of an edge, pixels. */
const BLEND = 1.3;
/** Half width of the shadow between lips that were brought together, E, and how dark it is. */
const SEAM = { width: 0.007, share: 0.4 };
/** How much of a lower lip the upper teeth hide at the most as they bite on it, E. */
const BITTEN = 0.045;
/** Of what the photo shows between its lips, so much (E) at their edges is still lip. */
const RIM = 0.006;
/** Beyond this `t` nothing is moved. */
const END = 1.35;

export type MouthScene = {
  own: OwnMouth;
  interior: Interior;
  state: LipState;
  parting: Parting;
  /** How far it is open in all, as `jawOpen` counts. */
  jaw: number;
};

/** A place on the mouth: along the slit, and below it (pixels); where it is in the tables; (x, y) in the still. */
type Spot = { t: number; v: number; at: number; x: number; y: number; top: number; bottom: number };

export function createLayer(scene: MouthScene): Layer {
  const { own, state, parting } = scene;
  const { across, middle, halfWidth } = own.frame;
  const { upper, lower, upperShift, lowerShift } = parting;
  const above = own.above + parting.longer;
  // a lip that comes down far takes the skin above it along evenly
  const even = 0.5 * state.relaxed;
  const fade = (x: number): number => {
    if (x >= 1) return 1;
    const curved = smooth(x);
    return curved + (x - curved) * even;
  };
  const between = createBetween(scene);
  const spot: Spot = { t: 0, v: 0, at: 0, x: 0, y: 0, top: 0, bottom: 0 };
  return (into) => {
    const x = into.atX;
    const y = into.atY;
    const dx = x - middle.x;
    const dy = y - middle.y;
    const t = (dx * across.x + dy * across.y) / halfWidth;
    if (t <= -END || t >= END) return;
    const v = dy * across.x - dx * across.y;
    const at = placeOf(t);
    const top = readAt(upper, at);
    const bottom = readAt(lower, at);
    const shift =
      v < (top + bottom) / 2
        ? readAt(upperShift, at) * (1 - fade((top - v) / above))
        : readAt(lowerShift, at) * (1 - fade((v - bottom) / own.below));
    into.x = x - shift * across.y;
    into.y = y + shift * across.x;
    if (v < top - BLEND - 2 || (v > bottom + BLEND + 2 && state.tuck === 0)) return;
    into.x2 = into.x;
    into.y2 = into.y;
    spot.t = t;
    spot.v = v;
    spot.at = at;
    spot.x = x;
    spot.y = y;
    spot.top = top;
    spot.bottom = bottom;
    between(spot, into);
  };
}

/** What lies between the lips, over the lip that `into` has come in with. */
function createBetween({ own, interior, state, parting, jaw }: MouthScene): (spot: Spot, into: Seen) => void {
  const { across, middle, halfWidth } = own.frame;
  const { unit, inside } = own;
  const { relaxed, tuck } = state;
  const paint = interior.paint({ ...state, jaw });
  const place: InteriorPlace = { t: 0, skullT: 0, skullV: 0, down: 0, gap: 0, x: 0, y: 0 };
  return (spot, into) => {
    const { t, v, at, top, bottom } = spot;
    const intoSkull = readAt(parting.skullV, at);
    const hidden = tuck > 0 ? Math.min(BITTEN * unit, readAt(interior.upperEnd, at) - intoSkull - bottom) : 0;
    const end = hidden > 0 ? bottom + tuck * (1 - smooth((Math.abs(t) - 0.5) / 0.45)) * hidden : bottom;
    const share = smooth((Math.min(v - top, end - v) + BLEND) / (2 * BLEND)) * smooth((end - top) / 2);
    if (share <= 0) {
      blendLips(spot, readAt(parting.lowerShift, at), own, into);
      if (relaxed * inside > 0) shadeSeam(spot, relaxed * inside, unit, interior, into);
      return;
    }
    place.t = t;
    place.skullT = t + readAt(parting.skullT, at);
    place.skullV = v + intoSkull;
    place.down = v - top;
    place.gap = end - top;
    place.x = spot.x;
    place.y = spot.y;
    const shown = inside === 0 ? 0 : inside * shownAt(own, parting.photo, place, relaxed);
    into.x = middle.x + place.skullT * halfWidth * across.x - place.skullV * across.y;
    into.y = middle.y + place.skullT * halfWidth * across.y + place.skullV * across.x;
    // out = lip × (1 - share) + (photo × shown + paint × (1 - shown)) × share
    into.paint = share * (1 - shown);
    into.share = (share - into.paint) / Math.max(1e-6, 1 - into.paint);
    if (into.paint > 0) paint(place, into);
  };
}

/** Where lips touch, the last of the one goes over into the first of the other. */
function blendLips({ x, y, v, top, bottom }: Spot, byLower: number, { frame }: OwnMouth, into: Seen): void {
  const weight = smooth((v - (top + bottom) / 2) / 1.6 + 0.5);
  if (weight === 0 || weight === 1) return;
  into.x2 = x - byLower * frame.across.y;
  into.y2 = y + byLower * frame.across.x;
  into.share = 1 - weight;
}

function shadeSeam({ t, v, top, bottom }: Spot, share: number, unit: number, { dark }: Interior, into: Seen): void {
  const off = (v - (top + bottom) / 2) / (SEAM.width * unit);
  const shade = SEAM.share * share * Math.exp(-off * off) * (1 - smooth((Math.abs(t) - 0.75) / 0.3));
  if (shade < 0.01) return;
  into.paint = shade;
  into.luma = dark.luma;
  into.cb = dark.cb;
  into.cr = dark.cr;
}

/** How far the photo shows what is at a place on the skull: not the lips' own wet edges. */
function shownAt(
  { unit, teeth }: OwnMouth,
  photo: Parting["photo"],
  { skullT, skullV }: InteriorPlace,
  relaxed: number,
): number {
  const aside = Math.abs(skullT);
  if (aside >= 1) return 0;
  const at = placeOf(skullT);
  // what is not a tooth, such as the dark beside them, belongs to the mouth as it was
  const tooth = (1 - relaxed * (1 - teeth)) * (1 - relaxed * smooth((aside - 0.66) / 0.2));
  const below = skullV - readAt(photo.upper, at) - RIM * unit;
  const above = readAt(photo.lower, at) - RIM * unit - skullV;
  return tooth * smooth(below / BLEND + 0.5) * smooth(above / BLEND + 0.5);
}
