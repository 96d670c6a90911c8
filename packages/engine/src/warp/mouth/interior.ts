/**
 * What is behind parted lips where the photo shows nothing of it: two rows of teeth, a tongue, the dark of the mouth. The upper row
 * hangs on the skull, the lower one on the jaw: lips only uncover them.
 */
import type { Face } from "../../face/face.ts";
import type { Planes } from "../../media/planes.ts";
import { createCurve, toSlit } from "../head/curve.ts";
import { smooth } from "../head/falloff.ts";
import { type Head, MESH } from "../head/head.ts";
import type { Tone } from "../head/tone.ts";
import { JAW_OPEN } from "./mouth-shapes.ts";
import type { OwnMouth } from "./own-mouth.ts";
import { mixInto, mixTeeth, type Palette, readPalette } from "./palette.ts";
import { placeOf, readAt, tableOf } from "./parting.ts";
import { LOWER_ROW, type Tooth, toothAt, UPPER_ROW } from "./teeth.ts";

/** In E: of the upper teeth a mouth at rest would show so much, and the lower ones reach so far up behind them. */
const SHOWN_AT_REST = 0.024;
const OVERBITE = 0.016;
/** Of an upper incisor so much is outside its gum: 11 mm (Magne, Gallucci & Belser 2003), E; and how soft that edge is. */
const CROWN = 0.115;
const GUM_EDGE = 0.016;
/** The share of a jaw's opening that its teeth go down. */
const BONE = 0.72;
/** In E: pursed lips stand before the upper teeth, and rounded ones before the lower. */
const PURSED = 0.02;
const ROUNDED = 0.05;
/** `tongueOut` from which on the tip comes before the upper teeth (th); less stays behind them (d, n, l). */
const BETWEEN_TEETH = 0.25;
/** Half the width of the tongue's tip, E. */
const TIP = 0.17;

/**
 * A place between the lips. `t` along the mouth as it is seen; `skullT` and `skullV` (pixels below the slit) where that is on the skull
 * in the still; `down` pixels below the upper lip's edge where the gap is `gap` pixels high; (x, y) in the still.
 */
export type InteriorPlace = {
  t: number;
  skullT: number;
  skullV: number;
  down: number;
  gap: number;
  x: number;
  y: number;
};

/** `jaw`: how far it is open in all, as `jawOpen` counts; the others 0–1, as the channels ask. */
type Showing = { jaw: number; tongue: number; round: number; pucker: number };

export type Interior = {
  paint(showing: Showing): (place: InteriorPlace, into: Tone) => void;
  /** Where the upper teeth end: pixels below the slit, on the skull in the still. */
  upperEnd: Float32Array;
  dark: Tone;
};

export function createInterior(head: Head, face: Face, still: Planes, own: OwnMouth): Interior {
  const { unit, teeth } = own;
  const palette = readPalette(head, face, still, own);
  const upperEnd = tableOf(
    (t) =>
      (1 - teeth) * (own.closed(t) + SHOWN_AT_REST * unit * (1 - 0.3 * t * t)) + teeth * (own.lower(t) - own.edge(t)),
  );
  const scale = { unit, across: acrossSkull(head, own) };
  return { upperEnd, dark: palette.cavity, paint: (showing) => painter(palette, upperEnd, scale, showing) };
}

/** `unit`: pixels per E; `across`: E from the middle of the face to each `t` along the mouth, as `readAt` reads it. */
type Scale = { unit: number; across: Float32Array };

/** On a head that is turned, the half of the mouth that is farther away is seen shorter: the middle of its teeth is nearer to that corner. */
function acrossSkull(head: Head, { frame }: OwnMouth): Float32Array {
  const indices = MESH.lipInnerUpper;
  const middle = head.local(indices[5]!).x;
  const points = indices.map((index) => ({ t: toSlit(frame, head.point(index)).t, v: head.local(index).x - middle }));
  return tableOf(createCurve(points, 2));
}

function painter(
  palette: Palette,
  upperEnd: Float32Array,
  scale: Scale,
  { jaw, tongue, round, pucker }: Showing,
): (place: InteriorPlace, into: Tone) => void {
  const { unit, across } = scale;
  const drop = BONE * JAW_OPEN * jaw * unit;
  const hidden = ROUNDED * unit * round * smooth(drop / (0.08 * unit)) - OVERBITE * unit;
  const raise = PURSED * unit * pucker;
  const tooth: Tooth = { length: 1, light: 1, round: 0, seam: 0 };
  return (place, into) => {
    const { t, skullT, skullV, down, gap } = place;
    const at = placeOf(skullT);
    const side = Math.abs(skullT);
    const x = readAt(across, at);
    const end = readAt(upperEnd, at) - raise;
    const light = readAt(palette.light, at) * (1 - 0.36 * smooth((side - 0.25) / 0.75));
    toothAt(UPPER_ROW, x, tooth);
    const bottom = end - unit * (0.027 * (1 - tooth.length) + 0.008 * tooth.round ** 4);
    const covers = smooth((bottom - skullV) / (0.014 * unit) + 0.5) * (1 - smooth((side - 0.8) / 0.25));
    const shade = light * upperShade(tooth, down / unit, (skullV - end) / unit);
    const tip = tongue > 0 ? tipAt(x / TIP, (skullV - end) / unit, tongue) : 0;
    if (covers < 1) {
      paintCavity(palette, place, unit, into);
      const lowerEnds = 1 - smooth((Math.abs(x) - 0.19) / 0.1);
      const top = end + drop + hidden - 0.016 * side * side * unit;
      if (lowerEnds > 0 && skullV > top - 0.02 * unit) {
        paintLower(palette, scale, { x, below: skullV - top, light, drop, ends: lowerEnds }, into);
      }
    }
    // a shadow lies between the tongue and the lower lip
    const lit = tip > 0 ? tip * (0.25 + 0.75 * smooth((gap - down) / (0.016 * unit) - 0.2)) : 0;
    if (lit > 0 && tongue < BETWEEN_TEETH) mixInto(into, palette.tip, 0.7 * lit);
    if (covers > 0) {
      mixTeeth(into, palette, shade, covers);
      const above = (end - skullV) / unit - CROWN * (0.75 + 0.25 * tooth.length) + 0.014 * tooth.round ** 2;
      if (above > -GUM_EDGE) mixInto(into, palette.gums, covers * smooth(above / (2 * GUM_EDGE) + 0.5));
    }
    if (lit > 0 && tongue >= BETWEEN_TEETH) {
      mixInto(into, palette.cavity, 2.4 * tip * (1 - tip));
      mixInto(into, palette.tip, 0.95 * lit);
    }
    // In the corners the lips touch behind the gap.
    mixInto(into, palette.gums, smooth((Math.abs(t) - 0.68) / 0.32));
    into.luma += palette.grain(place.x, place.y) * Math.min(1, into.luma / 128);
  };
}

/** The upper teeth curve away at their edges, and lie in the shade of the lip. `down` from it and `below` their edge in E. */
function upperShade({ light, round, seam }: Tooth, down: number, below: number): number {
  const underLip = 0.8 + 0.2 * smooth(down / 0.024);
  const between = seam > 0 ? 1 - 0.24 * seam * smooth((below + 0.035) / 0.03) : 1;
  return light * underLip * (1 - 0.07 * round * round) * between;
}

function paintCavity({ cavity, gums, tongue }: Palette, place: InteriorPlace, unit: number, into: Tone): void {
  const { t, down, gap } = place;
  const aside = Math.abs(t);
  const deep = smooth(down / (0.05 * unit)) * smooth((gap - down) / (0.03 * unit));
  const lies =
    smooth((down - 0.3 * gap - 0.06 * unit * t * t) / (0.05 * unit)) *
    smooth((gap - 0.07 * unit) / (0.1 * unit)) *
    (1 - smooth((aside - 0.35) / 0.4)) *
    (0.8 + 0.2 * smooth(aside / 0.12));
  into.luma = cavity.luma;
  into.cb = cavity.cb;
  into.cr = cavity.cr;
  mixInto(into, gums, 0.35 * (1 - deep));
  mixInto(into, tongue, 0.75 * lies);
}

const lowerTooth: Tooth = { length: 1, light: 1, round: 0, seam: 0 };

/** `x` E from the middle, `below` pixels from where the row begins; `light` of the face there; `drop` of the jaw, pixels. */
type LowerPlace = { x: number; below: number; light: number; drop: number; ends: number };

function paintLower(palette: Palette, { unit }: Scale, { x, below, light, drop, ends }: LowerPlace, into: Tone): void {
  toothAt(LOWER_ROW, x, lowerTooth);
  const { length, round, seam } = lowerTooth;
  const down = below / unit - 0.05 * (1 - length) - 0.006 * round ** 4;
  const between = 1 - 0.18 * seam * smooth(down / 0.02);
  // they stand farther back, in the shade of the upper ones
  const shade = 0.92 * lowerTooth.light * light * between * (0.82 + 0.18 * smooth(drop / (0.03 * unit)));
  mixTeeth(into, palette, shade, smooth(down / 0.012 + 0.3) * ends);
}

/** How much of the tongue's tip covers a place: `across` in half widths of it, `below` E below the edge of the upper teeth. */
function tipAt(across: number, below: number, tongue: number): number {
  const out = 1 - across * across;
  if (out <= 0) return 0;
  const top = tongue >= BETWEEN_TEETH ? -0.02 : 0.004;
  const round = 1 - Math.sqrt(out);
  const upper = smooth((below - top - 0.03 * round) / 0.014 + 0.5);
  const lower = smooth((0.02 - 0.02 * round - below) / 0.014 + 0.5);
  return upper * lower * smooth(tongue / 0.12) * smooth(out / 0.3);
}
