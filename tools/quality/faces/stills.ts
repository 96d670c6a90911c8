/** Pictures to be measured: decoded, cut, shrunk, spoiled, compared; and scenes of them as steps take them. */
import { parse } from "node:path";
import { fileURLToPath } from "node:url";
import { findFaces } from "@smileloop/engine/face/face.ts";
import { scaledFace } from "@smileloop/engine/face/scaled.ts";
import type { Clip, RgbFrame, Scene, SceneFace } from "@smileloop/engine/faces/processor.ts";
import { decodePicture } from "@smileloop/engine/media/picture.ts";
import type { Box } from "@smileloop/engine/media/yuv.ts";
import sharp from "sharp";

const fixture = (name: string): string => fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url));
export const [ASTRONAUT, HOPPER, CAT] = ["astronaut.jpg", "grace_hopper.jpg", "cat.jpg"].map(fixture) as [
  string,
  string,
  string,
];

/** Of a portrait that isn't one of the fixtures again. */
export function isNew(path: string): boolean {
  return ![ASTRONAUT, HOPPER].some((known) => parse(known).name === parse(path).name);
}

export type Still = { frame: RgbFrame; face: SceneFace };

/** The largest face with what is around it, at least `side` pixels wide and high where the picture is; undefined where there is none. */
export async function stillOf(
  path: string,
  { maxSide = 1400, side = 0, around = 2.6 } = {},
): Promise<Still | undefined> {
  const picture = await decodePicture(path, { maxSide });
  const [found] = await findFaces(picture);
  if (!found) return undefined;
  const wanted = Math.max(side, around * found.eyeDistance);
  const size = 8 * Math.floor(Math.min(picture.width, picture.height, wanted) / 8);
  const left = Math.max(0, Math.min(picture.width - size, Math.round(found.crop.x - size / 2)));
  const top = Math.max(0, Math.min(picture.height - size, Math.round(found.crop.y - size / 2)));
  const face = { ...scaledFace(found, { x: left, y: top, scale: 1 }), track: 0, clear: true };
  return { frame: await cut(picture, { left, top, width: size, height: size }), face };
}

type Rectangle = { left: number; top: number; width: number; height: number };

export async function cut(frame: RgbFrame, box: Rectangle): Promise<RgbFrame> {
  const data = await sharp(frame.data, raw(frame)).extract(box).raw().toBuffer();
  return { width: box.width, height: box.height, data: new Uint8Array(data) };
}

export async function blurred(frame: RgbFrame, sigma: number): Promise<RgbFrame> {
  return { ...frame, data: new Uint8Array(await sharp(frame.data, raw(frame)).blur(sigma).raw().toBuffer()) };
}

export async function saved(frame: RgbFrame, quality: number): Promise<RgbFrame> {
  const file = await sharp(frame.data, raw(frame)).jpeg({ quality }).toBuffer();
  return { ...frame, data: new Uint8Array(await sharp(file).raw().toBuffer()) };
}

/** Half the size, by Catmull-Rom made twice as wide: exactly in the middle of each two pixels, which libvips is not. */
export function shrunk({ width, height, data }: RgbFrame): RgbFrame {
  const cubic = (t: number): number =>
    t < 1 ? 1.5 * t ** 3 - 2.5 * t * t + 1 : t < 2 ? -0.5 * t ** 3 + 2.5 * t * t - 4 * t + 2 : 0;
  const taps = Array.from({ length: 8 }, (_, i) => cubic(Math.abs(i - 3.5) / 2) / 2);
  const [columns, rows] = [width / 2, height / 2];
  const at = (value: number, most: number): number => Math.min(most - 1, Math.max(0, value));
  const across = new Float64Array(columns * height * 3);
  for (let i = 0; i < across.length; i++) {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % columns, Math.floor(i / 3 / columns)];
    across[i] = taps.reduce((sum, tap, k) => sum + tap * data[(y * width + at(2 * x - 3 + k, width)) * 3 + c]!, 0);
  }
  const out = new Uint8ClampedArray(columns * rows * 3);
  for (let i = 0; i < out.length; i++) {
    const [rest, y] = [i % (columns * 3), Math.floor(i / (columns * 3))];
    out[i] = taps.reduce((sum, tap, k) => sum + tap * across[at(2 * y - 3 + k, height) * columns * 3 + rest]!, 0);
  }
  return { width: columns, height: rows, data: new Uint8Array(out.buffer) };
}

/** Peak signal-to-noise ratio of the brightness, dB, in a part, or without a rim of 8 pixels; at most 99. */
export function fidelity(a: RgbFrame, b: RgbFrame, part?: Box): number {
  const { x, y, width, height } = part ?? { x: 8, y: 8, width: a.width - 16, height: a.height - 16 };
  const light = (data: Uint8Array, at: number): number =>
    0.2126 * data[at]! + 0.7152 * data[at + 1]! + 0.0722 * data[at + 2]!;
  let [squares, count] = [0, 0];
  for (let row = Math.max(0, Math.ceil(y)); row < Math.min(a.height, y + height); row++) {
    for (let column = Math.max(0, Math.ceil(x)); column < Math.min(a.width, x + width); column++, count++) {
      const at = (row * a.width + column) * 3;
      squares += (light(a.data, at) - light(b.data, at)) ** 2;
    }
  }
  return Math.min(99, 10 * Math.log10((255 ** 2 * count) / squares));
}

export function sceneOf(frame: RgbFrame, face: SceneFace): Scene {
  return { frame, faces: [face], index: 0, seconds: 0 };
}

export function clipOf(scene: Scene, clip: Partial<Clip> = {}): Clip {
  const { width, height } = scene.frame;
  return { width, height, frames: 1, fps: 25, scale: 100, sceneAt: async () => scene, ...clip };
}

export const SOURCES = { pictures: [], speech: null };
export const CONTEXT = { signal: new AbortController().signal };

export function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Rows of pictures of one size, beside each other. */
export async function writeRows(rows: RgbFrame[][], side: number, path: string): Promise<void> {
  const composite: { input: Buffer; left: number; top: number }[] = [];
  for (const [y, row] of rows.entries()) {
    for (const [x, frame] of row.entries()) {
      const input = await sharp(frame.data, raw(frame)).resize(side, side, { kernel: "nearest" }).png().toBuffer();
      composite.push({ input, left: x * (side + 4), top: y * (side + 4) });
    }
  }
  const [width, height] = [(side + 4) * Math.max(...rows.map((row) => row.length)), (side + 4) * rows.length];
  await sharp({ create: { width, height, channels: 3, background: "#222" } })
    .composite(composite)
    .png()
    .toFile(path);
}

function raw({ width, height }: { width: number; height: number }) {
  return { raw: { width, height, channels: 3 as const } };
}
