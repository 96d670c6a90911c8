/** Contact sheets: frames side by side, below them the eyes and the mouth enlarged; and unnamed sheets to tell presets apart by eye. */
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { type Face, findFaces } from "@smileloop/engine/face/face.ts";
import { toRgb } from "@smileloop/engine/media/planes.ts";
import sharp from "sharp";
import { apexOf } from "./metrics.ts";

const TILE = 320;
const EYES = { width: 1.5, height: 0.62 };
const MOUTH = { width: 1.25, height: 0.75 };

export type Rgb = { data: Uint8Array; width: number; height: number };

export function rgbOf(frame: Uint8Array, width: number, height: number): Rgb {
  return { data: toRgb(frame, width, height), width, height };
}

export function evenInstants({ frames }: MotionFrames, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.round((i * frames) / count));
}

/** The start, on the way to the strongest frame (35 % and 70 %), that frame, half way down, and late in the clip. */
export function keyInstants(motion: MotionFrames): number[] {
  const tracks = Object.values(motion.faces[0]!.channels);
  const peaks = tracks.map((track) => Math.max(1e-6, ...track.map(Math.abs)));
  const strength = Array.from({ length: motion.frames }, (_, i) =>
    tracks.reduce((sum, track, k) => sum + Math.abs(track[i]!) / peaks[k]!, 0),
  );
  const apex = apexOf(motion);
  const most = strength[apex]!;
  const rest = (share: number, from: number, step: 1 | -1): number => {
    let i = from;
    while (i > 0 && i < motion.frames - 1 && strength[i]! > share * most) i += step;
    return i;
  };
  return [0, rest(0.35, apex, -1), rest(0.7, apex, -1), apex, rest(0.5, apex, 1), Math.round(motion.frames * 0.85)];
}

export async function faceIn({ data, width, height }: Rgb): Promise<Face> {
  const region = { x: 0, y: 0, width, height };
  const faces = await findFaces({ data, width, height, fullWidth: width, fullHeight: height, region, orientation: 1 });
  return faces[0]!;
}

/** `face` as it lies in the first frame. */
export async function writeSheet(frames: Rgb[], face: Face, file: string): Promise<void> {
  const at = (i: number): { x: number; y: number } => ({ x: face.points[i * 3]!, y: face.points[i * 3 + 1]! });
  const middle = (a: number, b: number) => ({ x: (at(a).x + at(b).x) / 2, y: (at(a).y + at(b).y) / 2 });
  const { width: frameWidth, height: frameHeight } = frames[0]!;
  const rows = [
    { centre: { x: frameWidth / 2, y: frameHeight / 2 }, width: frameWidth, height: frameHeight },
    { centre: middle(33, 263), width: EYES.width * face.eyeDistance, height: EYES.height * face.eyeDistance },
    { centre: middle(61, 291), width: MOUTH.width * face.eyeDistance, height: MOUTH.height * face.eyeDistance },
  ];
  const tiles: { input: Buffer; left: number; top: number }[] = [];
  let top = 0;
  for (const { centre, width, height } of rows) {
    const tileHeight = Math.round((TILE * height) / width);
    for (const [i, frame] of frames.entries()) {
      const input = await tile(frame, cut(frame, centre, width, height), TILE, tileHeight);
      tiles.push({ input, left: i * (TILE + 4), top });
    }
    top += tileHeight + 4;
  }
  await compose(tiles, frames.length * (TILE + 4) - 4, top, file);
}

/** One frame per clip in the order given, four in a row, without names. */
export async function writeBlindSheet(frames: Rgb[], face: Face, file: string): Promise<void> {
  const middle = { x: face.points[3]!, y: face.points[4]! };
  const side = 2.6 * face.eyeDistance;
  const tiles: { input: Buffer; left: number; top: number }[] = [];
  for (const [i, frame] of frames.entries()) {
    const left = (i % 4) * (TILE + 4);
    const top = Math.floor(i / 4) * (TILE + 4);
    tiles.push({ input: await tile(frame, cut(frame, middle, side, side), TILE, TILE), left, top });
  }
  await compose(tiles, 4 * (TILE + 4), Math.ceil(frames.length / 4) * (TILE + 4), file);
}

const MOUTH_TILE = { width: 200, height: 176 };
/** In E: the mouth and the chin. */
const MOUTH_AND_CHIN = { width: 1.15, height: 1.01, below: 0.13 };

/** A row of mouths for each portrait; `face` as it lies in its first frame. */
export async function writeMouthRows(rows: { frames: Rgb[]; face: Face }[], file: string, zoom = 1): Promise<void> {
  const tiles: { input: Buffer; left: number; top: number }[] = [];
  const width = Math.round(MOUTH_TILE.width * zoom);
  const height = Math.round(MOUTH_TILE.height * zoom);
  for (const [nth, { frames, face }] of rows.entries()) {
    const [right, left] = [face.points.subarray(61 * 3), face.points.subarray(291 * 3)];
    const centre = {
      x: (right[0]! + left[0]!) / 2,
      y: (right[1]! + left[1]!) / 2 + MOUTH_AND_CHIN.below * face.eyeDistance,
    };
    for (const [i, frame] of frames.entries()) {
      const region = cut(
        frame,
        centre,
        MOUTH_AND_CHIN.width * face.eyeDistance,
        MOUTH_AND_CHIN.height * face.eyeDistance,
      );
      const input = await tile(frame, region, width, height);
      tiles.push({ input, left: i * (width + 3), top: nth * (height + 3) });
    }
  }
  const columns = Math.max(...rows.map(({ frames }) => frames.length));
  await compose(tiles, columns * (width + 3), rows.length * (height + 3), file);
}

type Cut = { left: number; top: number; width: number; height: number };

function tile({ data, width, height }: Rgb, region: Cut, toWidth: number, toHeight: number): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .extract(region)
    .resize(toWidth, toHeight, { fit: "fill", kernel: "cubic" })
    .png()
    .toBuffer();
}

function cut(frame: Rgb, centre: { x: number; y: number }, width: number, height: number): Cut {
  const w = Math.min(frame.width, Math.round(width));
  const h = Math.min(frame.height, Math.round(height));
  const left = Math.max(0, Math.min(frame.width - w, Math.round(centre.x - w / 2)));
  const top = Math.max(0, Math.min(frame.height - h, Math.round(centre.y - h / 2)));
  return { left, top, width: w, height: h };
}

async function compose(
  tiles: { input: Buffer; left: number; top: number }[],
  width: number,
  height: number,
  file: string,
): Promise<void> {
  await sharp({ create: { width, height, channels: 3, background: "#202020" } })
    .composite(tiles)
    .png()
    .toFile(file);
}
