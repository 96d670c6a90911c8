/**
 * What is behind parted lips where the photo shows nothing of it: upper teeth, a tongue, the dark of the mouth. Its tones come from
 * the face, so that it lies in the same light. Sizes in E: a central incisor is 8.5 mm wide (Magne, Gallucci & Belser 2003, J.
 * Prosthet. Dent. 89(5)), outer eye corners are some 90 mm apart.
 */
import type { Face } from "../../face/face.ts";
import type { Planes } from "../canvas/planes.ts";
import { fromSlit, type SlitFrame, slitFrame, toSlit } from "../head/curve.ts";
import { smooth } from "../head/falloff.ts";
import { type Head, MESH } from "../head/head.ts";
import { grainOf, meanTone, type Tone, toneAt } from "../head/tone.ts";

/** Edges between upper teeth from the middle outwards: they turn away, so they narrow. */
const EDGES = [0, 0.092, 0.162, 0.226, 0.274, 0.31];
/** How far each reaches down as a share of the first, and how light it is. Two halves that differ a little look grown. */
const LENGTHS = { right: [1, 0.9, 0.97, 0.84, 0.76], left: [0.985, 0.915, 0.98, 0.85, 0.76] };
const LIGHT = { right: [1, 0.975, 0.93, 0.9, 0.85], left: [0.985, 0.985, 0.92, 0.9, 0.85] };
/** Of the upper teeth a mouth at rest shows so much, and at the most so much. */
const SHOWN_AT_REST = 0.022;
const SHOWN_MOST = 0.082;

/** `t` along the mouth, −1 to 1; `down` pixels below the upper lip's edge where the gap is `gap` pixels high; (x, y) in the still. */
type InteriorPlace = { t: number; down: number; gap: number; x: number; y: number };

/** `upperUp` and `smile`, 0–1, draw the upper lip off the teeth; `teeth` is 0 where the photo has its own. */
type Showing = { upperUp: number; smile: number; teeth: number };

/** `frame` is that of the lips. */
export function createInterior(
  head: Head,
  face: Face,
  still: Planes,
  frame: SlitFrame,
): (showing: Showing) => (place: InteriorPlace, into: Tone) => void {
  const { skin, lightAt } = skinTones(head, still);
  const lips = lipTone(head, still);
  const teeth = teethTone(skin, scleraTone(face, still));
  const grain = grainOf(still, frame);
  const { unit } = head;
  const width = frame.halfWidth / unit;
  const scaled = (tone: Tone, light: number, colour: number): Tone => ({
    luma: 16 + light * (tone.luma - 16),
    cb: 128 + colour * (tone.cb - 128),
    cr: 128 + colour * (tone.cr - 128),
  });
  const cavity = scaled(lips, 0.14, 0.55);
  const tongue = scaled(lips, 0.5, 0.9);
  const gums = scaled(lips, 0.62, 0.8);
  return ({ upperUp, smile, teeth: painted }) => {
    const shown = Math.min(SHOWN_MOST, SHOWN_AT_REST + 0.05 * upperUp + 0.034 * smile) * unit;
    return ({ t, down, gap, x, y }, into) => {
      const { length, light, round, seam } = toothAt(t * width, t < 0 ? "right" : "left");
      const bottom = shown * length * (1 - 0.2 * t * t) - 0.008 * unit * round ** 4;
      const tooth =
        painted *
        smooth((Math.min(bottom, gap) - down) / (0.014 * unit) + 0.5) *
        (1 - smooth((Math.abs(t) - 0.76) / 0.2));
      const underLip = 0.76 + 0.24 * smooth(down / (0.024 * unit));
      const turned = 1 - 0.42 * smooth((Math.abs(t) - 0.2) / 0.75);
      const curved = 1 - 0.07 * round * round;
      const between = 1 - 0.24 * seam * smooth((down - 0.35 * bottom) / (0.5 * bottom));
      const shade = light * underLip * turned * curved * between * lightAt(t);

      // In the corners the lips touch behind the gap.
      const corner = smooth((Math.abs(t) - 0.68) / 0.32);
      const deep = smooth(down / (0.05 * unit)) * smooth((gap - down) / (0.03 * unit));
      const lies =
        smooth((down - 0.6 * gap - 0.06 * unit * t * t) / (0.06 * unit)) *
        smooth((gap - 0.07 * unit) / (0.1 * unit)) *
        (1 - smooth((Math.abs(t) - 0.35) / 0.4)) *
        (0.8 + 0.2 * smooth(Math.abs(t) / 0.12));
      const dark = { ...cavity };
      mixInto(dark, gums, 0.35 * (1 - deep));
      mixInto(dark, tongue, 0.75 * lies);
      mixInto(dark, gums, corner);
      // What lies in the shadow of the mouth has its colour.
      const rosy = 0.4 * (1 - shade);
      const cb = teeth.cb + (lips.cb - teeth.cb) * rosy;
      const cr = teeth.cr + (lips.cr - teeth.cr) * rosy;
      mixInto(dark, { luma: 16 + (teeth.luma - 16) * shade, cb, cr }, tooth);
      into.luma = dark.luma + grain(x, y) * Math.min(1, dark.luma / 128);
      into.cb = dark.cb;
      into.cr = dark.cr;
    };
  };
}

/** Which tooth is at `x` E from the middle. `round`: 0 in its middle, 1 at its edges; `seam`: 1 between two teeth. */
function toothAt(x: number, side: "right" | "left") {
  const out = Math.abs(x);
  let nth = 0;
  while (nth < EDGES.length - 2 && out > EDGES[nth + 1]!) nth++;
  const [from, to] = [EDGES[nth]!, EDGES[nth + 1]!];
  const round = Math.min(1, Math.abs((2 * (out - from)) / (to - from) - 1));
  const near = Math.min(out - from, Math.max(0, to - out));
  return { length: LENGTHS[side][nth]!, light: LIGHT[side][nth]!, round, seam: Math.exp(-((near / 0.007) ** 2)) };
}

function mixInto(tone: Tone, other: Tone, share: number): void {
  tone.luma += (other.luma - tone.luma) * share;
  tone.cb += (other.cb - tone.cb) * share;
  tone.cr += (other.cr - tone.cr) * share;
}

/**
 * As light as the whites of the eyes, or they glow or look grey, and a little warmer; with some of the skin's hue, which carries the
 * colour of the light. A picture without colour keeps none.
 */
function teethTone(skin: Tone, sclera: Tone | undefined): Tone {
  const bySkin = 16 + 1.02 * (skin.luma - 16);
  const byEyes = sclera ? 16 + 0.97 * (sclera.luma - 16) : bySkin;
  // Eyes may lie in the shade of brows or glasses.
  const luma = Math.min(225, Math.max(bySkin, Math.min(byEyes, 1.25 * bySkin)));
  const colour = smooth(Math.hypot(skin.cb - 128, skin.cr - 128) / 12);
  return {
    luma,
    cb: 128 + 0.5 * (skin.cb - 128) - 4 * colour,
    cr: 128 + 0.42 * (skin.cr - 128) + 2 * colour,
  };
}

/** The lighter part of what lies between the lids beside the irises; nothing where the eyes are too narrow to say. */
function scleraTone(face: Face, still: Planes): Tone | undefined {
  const tones: Tone[] = [];
  for (const side of ["right", "left"] as const) {
    const { upper, lower } = face.lids[side];
    const count = upper.length / 2;
    for (let i = 1; i < count - 1; i++) {
      const [x, top] = [upper[2 * i]!, upper[2 * i + 1]!];
      // the two contours run the same way
      const bottom = lower[2 * i + 1]!;
      const fromIris = Math.hypot(x - face.iris[side][0]!, (top + bottom) / 2 - face.iris[side][1]!);
      if (bottom - top < 0.035 * face.eyeDistance || fromIris < 0.075 * face.eyeDistance) continue;
      for (const share of [0.4, 0.5, 0.6]) tones.push(toneAt(still, x, top + share * (bottom - top)));
    }
  }
  return tones.length < 6 ? undefined : meanTone(tones, 0.6, 0.95);
}

/** The lips' own colour, without their glints. */
export function lipTone(head: Head, still: Planes): Tone {
  const middle = (a: readonly number[], b: readonly number[]) =>
    a.slice(3, 8).map((index, i) => {
      const p = head.point(index);
      const q = head.point(b[i + 3]!);
      return toneAt(still, (p.x + q.x) / 2, (p.y + q.y) / 2);
    });
  const tones = [...middle(MESH.lipInnerUpper, MESH.lipOuterUpper), ...middle(MESH.lipInnerLower, MESH.lipOuterLower)];
  return meanTone(tones, 0.1, 0.8);
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
