/**
 * What is behind parted lips where the photo shows nothing of it: two rows of teeth, a tongue, the dark of the mouth. Its tones come
 * from the face, so that it lies in the same light. The upper row hangs on the skull, the lower one on the jaw: lips only uncover them.
 */
import type { Face } from "../../face/face.ts";
import type { Planes } from "../canvas/planes.ts";
import { fromSlit, slitFrame, toSlit } from "../head/curve.ts";
import { smooth } from "../head/falloff.ts";
import { type Head, MESH } from "../head/head.ts";
import { grainOf, meanTone, type Tone, toneAt } from "../head/tone.ts";
import { JAW_OPEN } from "./mouth-shapes.ts";
import type { OwnMouth } from "./own-mouth.ts";
import { placeOf, readAt, tableOf } from "./parting.ts";
import { LOWER_ROW, scleraTone, type Tooth, teethTone, toothAt, UPPER_ROW } from "./teeth.ts";

/** In E: of the upper teeth a mouth at rest would show so much, and the lower ones reach so far up behind them. */
const SHOWN_AT_REST = 0.024;
const OVERBITE = 0.016;
/** The share of a jaw's opening that its teeth go down. */
const BONE = 0.72;

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

/** `jaw`: how far it is open in all, as `jawOpen` counts; `tongue`: how far its tip comes up to the teeth; `round`: how far the lips are. */
type Showing = { jaw: number; tongue: number; round: number; pucker: number };

export type Interior = {
  paint(showing: Showing): (place: InteriorPlace, into: Tone) => void;
  /** Where the upper teeth end: pixels below the slit, on the skull in the still. */
  upperEnd: Float32Array;
  /** The shadow in the mouth. */
  dark: Tone;
};

export function createInterior(head: Head, face: Face, still: Planes, own: OwnMouth): Interior {
  const { frame, unit, lips } = own;
  const { skin, lightAt } = skinTones(head, still);
  const painted = teethTone(skin, scleraTone(face, still));
  const seen = ownTeethTone(still, own);
  const teeth = { ...painted };
  mixInto(teeth, seen, own.teeth);
  const grain = grainOf(still, frame);
  const width = frame.halfWidth / unit;
  const scaled = (tone: Tone, light: number, colour: number): Tone => ({
    luma: 16 + light * (tone.luma - 16),
    cb: 128 + colour * (tone.cb - 128),
    cr: 128 + colour * (tone.cr - 128),
  });
  const cavity = scaled(lips, 0.14, 0.55);
  const tongue = scaled(lips, 0.6, 0.9);
  const tip = scaled(lips, 0.84, 0.92);
  const gums = scaled(lips, 0.62, 0.8);
  const light = tableOf(lightAt);
  const upperEnd = tableOf(
    (t) =>
      (1 - own.teeth) * (own.closed(t) + SHOWN_AT_REST * unit * (1 - 0.3 * t * t)) +
      own.teeth * (own.lower(t) - own.edge(t)),
  );
  const tooth: Tooth = { length: 1, light: 1, round: 0, seam: 0 };
  const dark: Tone = { ...cavity };
  const laid = (row: Tone, shade: number, share: number): void => {
    // What lies in the shadow of the mouth has its colour.
    const rosy = 0.35 * (1 - shade);
    dark.luma += (16 + (row.luma - 16) * shade - dark.luma) * share;
    dark.cb += (row.cb + (lips.cb - row.cb) * rosy - dark.cb) * share;
    dark.cr += (row.cr + (lips.cr - row.cr) * rosy - dark.cr) * share;
  };
  return {
    upperEnd,
    dark: cavity,
    paint: ({ jaw, tongue: raised, round, pucker }) => {
      const drop = BONE * JAW_OPEN * jaw * unit;
      // rounded lips come up before the lower teeth
      const covered = 0.05 * unit * round * smooth(drop / (0.08 * unit));
      const tipHalf = 0.17 / width;
      return ({ t, skullT, skullV, down, gap, x, y }, into) => {
        const at = placeOf(skullT);
        const side = Math.abs(skullT);
        // pursed lips stand before the teeth
        const end = readAt(upperEnd, at) - 0.02 * unit * pucker;
        const turned = readAt(light, at) * (1 - 0.42 * smooth((side - 0.2) / 0.75));
        const underLip = 0.76 + 0.24 * smooth(down / (0.024 * unit));
        const ends = 1 - smooth((side - 0.8) / 0.25);

        const deep = smooth(down / (0.05 * unit)) * smooth((gap - down) / (0.03 * unit));
        const lies =
          smooth((down - 0.3 * gap - 0.06 * unit * t * t) / (0.05 * unit)) *
          smooth((gap - 0.07 * unit) / (0.1 * unit)) *
          (1 - smooth((Math.abs(t) - 0.35) / 0.4)) *
          (0.8 + 0.2 * smooth(Math.abs(t) / 0.12));
        dark.luma = cavity.luma;
        dark.cb = cavity.cb;
        dark.cr = cavity.cr;
        mixInto(dark, gums, 0.35 * (1 - deep));
        mixInto(dark, tongue, 0.75 * lies);

        const top = end + drop + covered - (OVERBITE + 0.016 * side * side) * unit;
        if (skullV > top - 0.02 * unit && ends > 0) {
          toothAt(LOWER_ROW, skullT * width, tooth);
          const edge = top + 0.05 * unit * (1 - tooth.length) + 0.006 * unit * tooth.round ** 4;
          const between = 1 - 0.18 * tooth.seam * smooth((skullV - edge) / (0.02 * unit));
          // they stand farther back, in the shade of the upper ones
          const shade = 0.92 * tooth.light * turned * between * (0.82 + 0.18 * smooth(drop / (0.03 * unit)));
          laid(teeth, shade, smooth((skullV - edge) / (0.012 * unit) + 0.3) * ends);
        }
        const overLip = 0.25 + 0.75 * smooth((gap - down) / (0.016 * unit) - 0.2);
        const lifted = raised > 0 ? tipAt(skullT / tipHalf, (skullV - end) / unit, raised) : 0;
        if (lifted > 0 && raised < 0.25) mixInto(dark, tip, 0.7 * lifted * overLip);

        toothAt(UPPER_ROW, skullT * width, tooth);
        const bottom = end - 0.09 * unit * (1 - tooth.length) * 0.3 - 0.008 * unit * tooth.round ** 4;
        const covers = smooth((bottom - skullV) / (0.014 * unit) + 0.5) * ends;
        if (covers > 0) {
          const curved = 1 - 0.07 * tooth.round * tooth.round;
          const between = 1 - 0.24 * tooth.seam * smooth((skullV - end + 0.035 * unit) / (0.03 * unit));
          laid(teeth, tooth.light * underLip * turned * curved * between, covers);
        }
        if (lifted > 0 && raised >= 0.25) {
          mixInto(dark, cavity, 2.4 * lifted * (1 - lifted));
          mixInto(dark, tip, 0.95 * lifted * overLip);
        }
        // In the corners the lips touch behind the gap.
        mixInto(dark, gums, smooth((Math.abs(t) - 0.68) / 0.32));
        into.luma = dark.luma + grain(x, y) * Math.min(1, dark.luma / 128);
        into.cb = dark.cb;
        into.cr = dark.cr;
      };
    },
  };
}

/** What of the teeth the photo shows itself. */
function ownTeethTone(still: Planes, { frame, upper, lower }: OwnMouth): Tone {
  const tones: Tone[] = [];
  for (let t = -0.5; t <= 0.5; t += 0.05) {
    for (const share of [0.35, 0.5, 0.65, 0.8]) {
      const { x, y } = fromSlit(frame, t, upper(t) + share * (lower(t) - upper(t)));
      tones.push(toneAt(still, x, y));
    }
  }
  return meanTone(tones, 0.5, 0.9);
}

/** How much of the tongue's tip covers a place: `across` in half widths of it, `below` E below the edge of the upper teeth. */
function tipAt(across: number, below: number, raised: number): number {
  const out = 1 - across * across;
  if (out <= 0) return 0;
  const top = raised >= 0.25 ? -0.02 : 0.004;
  const round = 1 - Math.sqrt(out);
  const upper = smooth((below - top - 0.03 * round) / 0.014 + 0.5);
  const lower = smooth((0.02 - 0.02 * round - below) / 0.014 + 0.5);
  return upper * lower * smooth(raised / 0.12) * smooth(out / 0.3);
}

function mixInto(tone: Tone, other: Tone, share: number): void {
  tone.luma += (other.luma - tone.luma) * share;
  tone.cb += (other.cb - tone.cb) * share;
  tone.cr += (other.cr - tone.cr) * share;
}

/**
 * The brighter skin around the mouth, and how light it is there across the mouth: 1 is as `skin`, so that teeth lie in the
 * shadow where the face does.
 */
function skinTones(head: Head, still: Planes): { skin: Tone; lightAt: (t: number) => number } {
  const frame = slitFrame(head.point(MESH.mouthCorner.right), head.point(MESH.mouthCorner.left));
  const noseBase = toSlit(frame, head.point(MESH.noseBase)).v;
  const chin = toSlit(frame, head.point(MESH.chin)).v;
  const columns = Array.from({ length: 9 }, (_, i) =>
    [1.6 * noseBase, 0.7 * noseBase, 0.6 * chin, 0.8 * chin].map((v) => {
      const { x, y } = fromSlit(frame, (i / 4 - 1) * 1.2, v);
      return toneAt(still, x, y);
    }),
  );
  const skin = meanTone(columns.flat(), 0.45, 0.95);
  const side = (chosen: Tone[][]): number => {
    const { luma } = meanTone(chosen.flat(), 0.25, 0.95);
    return Math.min(1.05, Math.max(0.55, (luma - 16) / Math.max(1, skin.luma - 16)));
  };
  const [right, left] = [side(columns.slice(0, 4)), side(columns.slice(5))];
  return { skin, lightAt: (t) => right + (left - right) * smooth((t + 1) / 2) };
}
