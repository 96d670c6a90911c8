/**
 * The visible mark of a preview: a word, drawn as strokes (no font is needed, so none can be missing; no SVG, which this process does not read), all over the picture, at an angle, a
 * size and a place that differ from job to job. It stands still: one that moved would uncover every pixel sometime, and the median over
 * time of a portrait would remove it. Light with a dark rim, so that it is seen on everything.
 */
import { AppError } from "@smileloop/core/errors.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";

/** Share of the picture below it, and by how much that varies from pixel to pixel: a mark with an exact strength could be undone exactly. */
const STRENGTH = 0.42;
const DITHER = 0.15;
const ANGLE = { degrees: -27, spread: 6 };
const SCALE_SPREAD = 0.15;
/** Height of the letters as a share of the shorter side, and distances between the words in letter heights. */
const LETTER_SHARE = 0.085;
const GAP = { x: 2.2, y: 1.5 };
/** Less of the picture than this covered means that the drawing has failed. */
const LEAST_COVERED = 0.08;
const [LIGHT, DARK] = [235, 16];

/** Lines through points in a box 14 high, and how wide the letter is. */
const BOWL = [0, 0, 5, 0, 7.8, 1.2, 9, 4, 7.8, 6.8, 5, 8, 0, 8];
const LETTERS: readonly { width: number; lines: readonly (readonly number[])[] }[] = [
  { width: 9, lines: [[0, 0, 0, 14], BOWL] },
  { width: 9, lines: [[0, 0, 0, 14], BOWL, [4, 8, 9, 14]] },
  {
    width: 8,
    lines: [
      [8, 0, 0, 0, 0, 14, 8, 14],
      [0, 7, 7, 7],
    ],
  },
  { width: 10, lines: [[0, 0, 5, 14, 10, 0]] },
  { width: 2, lines: [[1, 0, 1, 14]] },
  {
    width: 8,
    lines: [
      [8, 0, 0, 0, 0, 14, 8, 14],
      [0, 7, 7, 7],
    ],
  },
  { width: 14, lines: [[0, 0, 3.5, 14, 7, 4, 10.5, 14, 14, 0]] },
];
const HEIGHT = 14;
const SPACE = 4;
/** Half the width of the light stroke, and of the dark one below it. */
const PEN = { light: 1.1, dark: 2.3 };

/** What is kept of each sample of a frame, 0–256, and what is added, times 256; of luma by its place, of chroma likewise. */
export type PreviewMark = { stamp(yuv: Uint8Array): void; covered: number };

/** Throws `engine_failed` where it could not be drawn. */
export function drawPreviewMark(width: number, height: number, seed: number): PreviewMark {
  const random = randomFrom(seed);
  const place = layout(width, height, random);
  const [rim, core] = drawn(width, height, place);
  const luma = blendOf(rim, core, random);
  const covered = luma.at.length / (width * height);
  if (!(covered >= LEAST_COVERED)) {
    throw new AppError("engine_failed", `The mark of the preview covers ${Math.round(covered * 100)} % of it.`);
  }
  const chroma = chromaOf(rim, width, height);
  return {
    covered,
    stamp(yuv) {
      const { at, keep, add } = luma;
      for (let i = 0; i < at.length; i++) yuv[at[i]!] = (yuv[at[i]!]! * keep[i]! + add[i]!) >> 8;
      for (let i = 0; i < chroma.at.length; i++) {
        const sample = chroma.at[i]!;
        yuv[sample] = (yuv[sample]! * chroma.keep[i]! + chroma.add[i]!) >> 8;
      }
    },
  };
}

type Layout = { degrees: number; scale: number; x: number; y: number };

function layout(width: number, height: number, random: () => number): Layout {
  const spread = () => random() * 2 - 1;
  const scale = ((Math.min(width, height) * LETTER_SHARE) / HEIGHT) * (1 + spread() * SCALE_SPREAD);
  const degrees = ANGLE.degrees + spread() * ANGLE.spread;
  return { degrees, scale, x: random(), y: random() };
}

/** How much of each pixel the dark and the light stroke cover, 0–255. Words stand in rows, every other row half a word further. */
function drawn(
  width: number,
  height: number,
  { degrees, scale, x: fromX, y: fromY }: Layout,
): [Uint8Array, Uint8Array] {
  const [rim, core] = [new Uint8Array(width * height), new Uint8Array(width * height)];
  const { segments, width: word } = wordSegments();
  const [stepX, stepY] = [word + HEIGHT * GAP.x, HEIGHT * (1 + GAP.y)];
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
  const pad = PEN.dark + 1 / scale;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const across = y * cos - x * sin + fromY * stepY;
      const row = Math.floor((across + pad) / stepY);
      const dy = across - row * stepY;
      if (dy > HEIGHT + pad) continue;
      const along = x * cos + y * sin + (fromX + (row & 1) / 2) * stepX;
      const dx = along - Math.floor((along + pad) / stepX) * stepX;
      if (dx > word + pad) continue;
      const distance = distanceTo(segments, dx, dy, pad);
      const covered = (half: number) => 255 * Math.min(1, Math.max(0, 0.5 + (half - distance) * scale));
      rim[y * width + x] = covered(PEN.dark);
      core[y * width + x] = covered(PEN.light);
    }
  }
  return [rim, core];
}

type Segment = readonly [x: number, y: number, dx: number, dy: number];

function wordSegments(): { segments: Segment[]; width: number } {
  const segments: Segment[] = [];
  let left = 0;
  for (const { width, lines } of LETTERS) {
    for (const line of lines) {
      for (let i = 2; i < line.length; i += 2) {
        const [x, y] = [line[i - 2]!, line[i - 1]!];
        segments.push([left + x, y, line[i]! - x, line[i + 1]! - y]);
      }
    }
    left += width + SPACE;
  }
  return { segments, width: left - SPACE };
}

/** To the nearest of the segments; those further than `most` away need not be exact. */
function distanceTo(segments: readonly Segment[], x: number, y: number, most: number): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (const [fromX, fromY, dx, dy] of segments) {
    const [px, py] = [x - fromX, y - fromY];
    if (px < Math.min(0, dx) - most || px > Math.max(0, dx) + most) continue;
    const along = Math.min(1, Math.max(0, (px * dx + py * dy) / (dx * dx + dy * dy)));
    nearest = Math.min(nearest, Math.hypot(px - along * dx, py - along * dy));
  }
  return nearest;
}

type Blend = { at: Int32Array; keep: Int32Array; add: Int32Array };

function blendOf(rim: Uint8Array, core: Uint8Array, random: () => number): Blend {
  const at = Int32Array.from([...rim.keys()].filter((i) => rim[i]! > 8));
  const keep = new Int32Array(at.length);
  const add = new Int32Array(at.length);
  for (const [n, i] of at.entries()) {
    const alpha = (rim[i]! / 255) * STRENGTH * (1 + (random() * 2 - 1) * DITHER);
    const target = DARK + (LIGHT - DARK) * (core[i]! / 255);
    keep[n] = Math.round((1 - alpha) * 256);
    add[n] = Math.round(alpha * target * 256);
  }
  return { at, keep, add };
}

/** Colours go by half as much, so that the mark is grey on everything. */
function chromaOf(rim: Uint8Array, width: number, height: number): Blend {
  const [columns, rows] = [width / 2, height / 2];
  const found: [at: number, alpha: number][] = [];
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const alpha = (rim[y * 2 * width + x * 2]! / 255) * STRENGTH;
      if (alpha < 0.03) continue;
      const at = width * height + y * columns + x;
      found.push([at, alpha], [at + columns * rows, alpha]);
    }
  }
  return {
    at: Int32Array.from(found, ([at]) => at),
    keep: Int32Array.from(found, ([, alpha]) => Math.round((1 - alpha) * 256)),
    add: Int32Array.from(found, ([, alpha]) => Math.round(alpha * 128 * 256)),
  };
}
