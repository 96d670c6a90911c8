/** How well faces are swapped: each portrait on each other, and on itself. The rest is judged by eye: `swap.png` has source, target and result. */
import { join, parse } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import { type Face, findFaces, type Landmarks, trackFace } from "@smileloop/engine/face/face.ts";
import type { RgbFrame } from "@smileloop/engine/faces/processor.ts";
import { PLAIN_SKIN } from "@smileloop/engine/faces/swap/mesh.ts";
import { decodePicture, type Picture } from "@smileloop/engine/media/picture.ts";
import type { Box } from "@smileloop/engine/media/yuv.ts";
import sharp from "sharp";
import type { FaceFigure, FacePart } from "./figures.ts";
import { cosine, identities } from "./identity.ts";
import { labOfLight } from "./lab.ts";
import { rimOf } from "./rim.ts";
import { swapped } from "./still.ts";
import { ASTRONAUT, HOPPER, mean, writeRows } from "./stills.ts";

type Portrait = { name: string; picture: Picture; face: Face };
type Row = Record<"nearer" | "lips" | "lids" | "gaze" | "rim" | "colour" | "outside", number> & { glasses: boolean };

export const swap: FacePart = {
  name: "Swapper",
  async figures({ portraits, out }) {
    const people: Portrait[] = [];
    for (const path of [ASTRONAUT, HOPPER, ...portraits]) {
      const picture = await decodePicture(path, { maxSide: 1280 });
      const face = (await findFaces(picture))[0];
      // the fixtures may be among the portraits
      if (face && people.every(({ name }) => name !== parse(path).name))
        people.push({ name: parse(path).name, picture, face });
    }
    const rows: Row[] = [];
    const tiles: RgbFrame[][] = [];
    const own: number[] = [];
    let refused = 0;
    for (const source of people) {
      for (const target of people) {
        const result = await tried(source, target);
        if (result && source === target) own.push(psnrIn(target.picture, result.picture, result.changed));
        if (source === target) continue;
        if (result) rows.push(await rowOf(source, target, result));
        else refused++;
        const shown = result?.picture ?? { ...target.picture, data: target.picture.data.map((value) => value >> 3) };
        const pictures = [source.picture, target.picture, shown];
        const faces = [source.face, target.face, target.face];
        tiles.push(await Promise.all(pictures.map((picture, nth) => tileOf(picture, faces[nth]!))));
      }
    }
    const sheet = tiles.flatMap((row, nth) => (nth % 2 === 0 ? [[...row, ...(tiles[nth + 1] ?? [])]] : []));
    if (out) await writeRows(sheet, TILE, join(out, "swap.png"));
    return [...figuresOf(rows), ...ownFigures(own), { name: "refused", value: refused, unit: "pairs" }];
  },
};

function figuresOf(rows: Row[]): FaceFigure[] {
  const all = (name: Exclude<keyof Row, "glasses">) => rows.map((row) => row[name]);
  const bare = rows.filter(({ glasses }) => !glasses).map(({ nearer }) => nearer);
  const good = all("nearer").filter((value) => value >= 0.1).length;
  return [
    { name: "swapped", value: rows.length, unit: "pairs" },
    {
      name: "how much nearer the source than the target was, mean without glasses",
      value: mean(bare),
      unit: "cos",
      from: 0.22,
    },
    { name: "  with glasses, too", value: mean(all("nearer")), unit: "cos" },
    { name: "  nearer by 0.1 and more", value: good, unit: "pairs", from: Math.ceil(0.8 * rows.length) },
    { name: "lips parted other than the target's, mean", value: mean(all("lips")), unit: "E", to: 0.025 },
    { name: "lids opened other than the target's, mean", value: mean(all("lids")), unit: "E", to: 0.025 },
    { name: "gaze other than the target's, of the eye's width, mean", value: mean(all("gaze")), unit: "×", to: 0.04 },
    { name: "seen across the rim beyond the target's own, mean", value: mean(all("rim")), unit: "ΔE", to: 2 },
    { name: "skin beside the target's, mean", value: mean(all("colour")), unit: "ΔE", to: 4 },
    {
      name: "changed outside of what is said",
      value: all("outside").reduce((a, b) => a + b, 0),
      unit: "pixels",
      to: 0,
    },
  ];
}

function ownFigures(own: number[]): FaceFigure[] {
  return own.length === 0 ? [] : [{ name: "on itself, least", value: Math.min(...own), unit: "dB", from: 33 }];
}

type Result = { picture: Picture; changed: Box; glasses: boolean };

async function tried(source: Portrait, target: Portrait): Promise<Result | null> {
  try {
    const { frame, warnings, changed } = await swapped(source.picture, target.picture);
    const said = warnings.map(({ code }) => code.replace(/^.*:/, "")).join(", ");
    console.error(`${source.name} → ${target.name}: ${said}`);
    return {
      picture: { ...target.picture, data: frame.data },
      changed: changed as Box,
      glasses: said.includes("glasses"),
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    console.error(`${source.name} → ${target.name}: refused, ${error.message}`);
    return null;
  }
}

async function rowOf(source: Portrait, target: Portrait, { picture, changed, glasses }: Result): Promise<Row> {
  const identity = await identities();
  const [s, t, r] = [
    identity(source.picture, source.face),
    identity(target.picture, target.face),
    identity(picture, target.face),
  ];
  const before = await trackFace(target.picture, target.face.crop);
  const after = await trackFace(picture, target.face.crop);
  const parted = ({ points }: Pick<Face, "points">) =>
    Math.hypot(points[13 * 3]! - points[14 * 3]!, points[13 * 3 + 1]! - points[14 * 3 + 1]!);
  const opened = ({ lids: { left, right } }: Pick<Face, "lids">) =>
    [left, right].reduce((sum, { upper, lower }) => sum + Math.abs(lower[9]! - upper[9]!) / 2, 0);
  const [own, there] = [skinOf(target.picture, target.face), skinOf(picture, target.face)];
  return {
    glasses,
    nearer: cosine(s, r) - cosine(s, t),
    lips: Math.abs(parted(after) - parted(before)) / target.face.eyeDistance,
    lids: Math.abs(opened(after) - opened(before)) / target.face.eyeDistance,
    gaze: gazeBetween(before, after),
    rim: rimOf(target.picture, picture, target.face),
    colour: Math.hypot(...own.map((value, k) => value - there[k]!)),
    outside: changedOutside(target.picture, picture, changed),
  };
}

/** How far the irises have moved between the corners of their eyes, by the eye's width: the mean of both eyes. */
function gazeBetween(before: Landmarks, after: Landmarks): number {
  const eyes = [
    { side: "right", corners: [33, 133] },
    { side: "left", corners: [362, 263] },
  ] as const;
  const moved = eyes.map(({ side, corners: [from, to] }) => {
    const placeIn = ({ points, iris }: Landmarks): [number, number] => {
      const [x, y] = [points[from * 3]!, points[from * 3 + 1]!];
      const [across, down] = [points[to * 3]! - x, points[to * 3 + 1]! - y];
      const [p, q] = [iris[side][0]! - x, iris[side][1]! - y];
      const square = across ** 2 + down ** 2;
      return [(p * across + q * down) / square, (q * across - p * down) / square];
    };
    const [was, is] = [placeIn(before), placeIn(after)];
    return Math.hypot(is[0] - was[0], is[1] - was[1]);
  });
  return mean(moved);
}

/** CIELAB (D65) of the mean of places that are skin. */
function skinOf({ width, data }: Picture, { points }: Face): [number, number, number] {
  const [r, g, b] = [0, 1, 2].map((c) => {
    const values = PLAIN_SKIN.map((point) => {
      const at = (Math.round(points[point * 3 + 1]!) * width + Math.round(points[point * 3]!)) * 3 + c;
      return ((data[at]! / 255 + 0.055) / 1.055) ** 2.4;
    });
    return mean(values);
  }) as [number, number, number];
  return labOfLight([r, g, b]);
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

function psnrIn(before: Picture, after: Picture, box: Box): number {
  let squares = 0;
  for (let y = box.y; y < box.y + box.height; y++) {
    for (let at = (y * before.width + box.x) * 3; at < (y * before.width + box.x + box.width) * 3; at++) {
      squares += (before.data[at]! - after.data[at]!) ** 2;
    }
  }
  return 10 * Math.log10(255 ** 2 / Math.max(1e-3, squares / (box.width * box.height * 3)));
}

const TILE = 240;

async function tileOf({ width, height, data }: Picture, { box }: Face): Promise<RgbFrame> {
  const reach = 0.78 * Math.max(box.width, box.height);
  const left = Math.max(0, Math.round(box.x + box.width / 2 - reach));
  const top = Math.max(0, Math.round(box.y + box.height / 2 - reach));
  const right = Math.min(width, left + Math.round(2 * reach));
  const bottom = Math.min(height, top + Math.round(2 * reach));
  const tile = await sharp(data, { raw: { width, height, channels: 3 } })
    .extract({ left, top, width: right - left, height: bottom - top })
    .resize(TILE, TILE, { fit: "contain", background: "#222" })
    .raw()
    .toBuffer();
  return { width: TILE, height: TILE, data: tile };
}
