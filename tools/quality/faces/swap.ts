/**
 * How well faces are swapped: every portrait on every other, with figures, and a sheet (source, target, result) to judge the rest by
 * eye. Lengths in percent of E, the distance of the outer eye corners.
 */
import { readdirSync } from "node:fs";
import { join, parse } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import { type Face, findFaces, trackFace } from "@smileloop/engine/face/face.ts";
import { PLAIN_SKIN } from "@smileloop/engine/faces/swap/mesh.ts";
import { decodePicture, type Picture } from "@smileloop/engine/media/picture.ts";
import type { Box } from "@smileloop/engine/media/yuv.ts";
import sharp from "sharp";
import { cosine, identities } from "./identity.ts";
import { swapped } from "./still.ts";

export type SwapRow = {
  pair: string;
  /** Why it was refused, or what was warned of. */
  said: string;
  figures: SwapFigures | null;
};

export type SwapFigures = {
  /** How much more like the source the result is than the target was: cosines. */
  gain: number;
  /** Cosine of source and result, and of target and result. */
  source: number;
  target: number;
  /** Lips of the result beside the target's, and its lids. */
  lips: number;
  lids: number;
  /** CIELAB, the skin's mean beside the target's. */
  colour: number;
  /** Pixels outside the box that was said to have changed, that have. */
  outside: number;
};

/** What the project wants of the good pairs. */
export const SWAP_GOALS = { gain: 0.22, lips: 2.5, lids: 2.5, colour: 4, outside: 0 };

type Portrait = { name: string; picture: Picture; face: Face };

export async function swapRows(folder: string, sheet: string): Promise<SwapRow[]> {
  const portraits: Portrait[] = [];
  for (const file of readdirSync(folder).filter((name) => /\.(jpe?g|png)$/i.test(name))) {
    const picture = await decodePicture(join(folder, file), { maxSide: 1280 });
    const face = (await findFaces(picture))[0];
    if (face) portraits.push({ name: parse(file).name, picture, face });
  }
  const rows: SwapRow[] = [];
  const tiles: Buffer[][] = [];
  for (const source of portraits) {
    for (const target of portraits) {
      if (source === target) continue;
      const { row, result } = await swapRow(source, target);
      rows.push(row);
      const shown = [source.picture, target.picture, result ?? target.picture];
      const places = [source.face, target.face, target.face];
      tiles.push(await Promise.all(shown.map((picture, nth) => tileOf(picture, places[nth]!, nth === 2 && !result))));
    }
  }
  await writeSheet(tiles, sheet);
  return rows;
}

async function swapRow(source: Portrait, target: Portrait): Promise<{ row: SwapRow; result: Picture | null }> {
  const pair = `${source.name} → ${target.name}`;
  try {
    const { frame, warnings, changed } = await swapped(source.picture, target.picture);
    const result = { ...target.picture, data: frame.data };
    const figures = await figuresOf(source, target, result, changed as Box);
    return { row: { pair, said: warnings.map(({ code }) => code.replace(/^.*:/, "")).join(", "), figures }, result };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { row: { pair, said: `refused: ${error.code}`, figures: null }, result: null };
  }
}

async function figuresOf(source: Portrait, target: Portrait, result: Picture, changed: Box): Promise<SwapFigures> {
  const identity = await identities();
  const [s, t, r] = [
    identity(source.picture, source.face),
    identity(target.picture, target.face),
    identity(result, target.face),
  ];
  const before = await trackFace(target.picture, target.face.crop);
  const after = await trackFace(result, target.face.crop);
  const gapOf = ({ points }: { points: Float32Array }) => {
    return Math.hypot(points[13 * 3]! - points[14 * 3]!, points[13 * 3 + 1]! - points[14 * 3 + 1]!);
  };
  const openOf = ({ lids: { left, right } }: Pick<Face, "lids">) =>
    [left, right].reduce((sum, { upper, lower }) => sum + Math.abs(lower[9]! - upper[9]!) / 2, 0);
  const share = 100 / target.face.eyeDistance;
  const [own, there] = [skinOf(target.picture, target.face), skinOf(result, target.face)];
  return {
    gain: cosine(s, r) - cosine(s, t),
    source: cosine(s, r),
    target: cosine(t, r),
    lips: share * Math.abs(gapOf(after) - gapOf(before)),
    lids: share * Math.abs(openOf(after) - openOf(before)),
    colour: Math.hypot(...own.map((value, k) => value - there[k]!)),
    outside: changedOutside(target.picture, result, changed),
  };
}

/** CIELAB (D65) of the mean of places that are skin. */
function skinOf({ width, data }: Picture, { points }: Face): [number, number, number] {
  const mean = [0, 1, 2].map((c) => {
    const values = PLAIN_SKIN.map((point) => {
      const at = (Math.round(points[point * 3 + 1]!) * width + Math.round(points[point * 3]!)) * 3 + c;
      return ((data[at]! / 255 + 0.055) / 1.055) ** 2.4;
    });
    return values.reduce((sum, value) => sum + value / values.length, 0);
  }) as [number, number, number];
  const [r, g, b] = mean;
  const f = (value: number): number => Math.cbrt(Math.max(0.008856, value));
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function changedOutside(before: Picture, after: Picture, box: Box): number {
  let count = 0;
  for (let y = 0; y < before.height; y++) {
    for (let x = 0; x < before.width; x++) {
      if (x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height) continue;
      const at = (y * before.width + x) * 3;
      if ([0, 1, 2].some((c) => before.data[at + c] !== after.data[at + c])) count++;
    }
  }
  return count;
}

const TILE = 240;

async function tileOf({ width, height, data }: Picture, { box }: Face, dark: boolean): Promise<Buffer> {
  const reach = 0.78 * Math.max(box.width, box.height);
  const left = Math.max(0, Math.round(box.x + box.width / 2 - reach));
  const top = Math.max(0, Math.round(box.y + box.height / 2 - reach));
  const size = {
    width: Math.min(width - left, Math.round(2 * reach)),
    height: Math.min(height - top, Math.round(2 * reach)),
  };
  const image = sharp(data, { raw: { width, height, channels: 3 } }).extract({ left, top, ...size });
  // what was refused
  if (dark) image.modulate({ brightness: 0.15 });
  return image.resize(TILE, TILE, { fit: "contain", background: "#222" }).png().toBuffer();
}

/** Two pairs side by side. */
async function writeSheet(rows: Buffer[][], path: string): Promise<void> {
  const parts = rows.flatMap((row, nth) =>
    row.map((input, k) => ({
      input,
      left: (k + 3 * (nth % 2)) * TILE + 12 * (nth % 2),
      top: Math.floor(nth / 2) * TILE,
    })),
  );
  const size = { width: 6 * TILE + 12, height: Math.ceil(rows.length / 2) * TILE };
  await sharp({ create: { ...size, channels: 3, background: "#222" } })
    .composite(parts)
    .png()
    .toFile(path);
}

export function swapReport(rows: readonly SwapRow[]): { markdown: string; misses: number } {
  let misses = 0;
  const lines = rows.map(({ pair, said, figures }) => {
    if (!figures) return `| ${pair} | | | | | | | | ${said} |`;
    const cells = (Object.keys(SWAP_GOALS) as (keyof typeof SWAP_GOALS)[]).map((name) => {
      const goal = SWAP_GOALS[name];
      const missed = name === "gain" ? figures[name] < goal : figures[name] > goal;
      if (missed) misses++;
      return `${figures[name].toFixed(name === "gain" ? 2 : 1)}${missed ? " ✗" : ""}`;
    });
    return `| ${pair} | ${[...cells, figures.source.toFixed(2), figures.target.toFixed(2)].join(" | ")} | ${said} |`;
  });
  const head = [
    "| source → target | more like the source ≥ 0.22 | lips ≤ 2.5 %E | lids ≤ 2.5 %E | skin ≤ 4 ΔE | outside | source ↔ result | target ↔ result | said |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  return { markdown: `# Swapped faces\n\n${[...head, ...lines].join("\n")}\n`, misses };
}
