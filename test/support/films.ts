/** Videos of faces that stand in front of a plain ground, made of the sample portraits. */

import { toPlanes } from "@smileloop/engine/media/planes.ts";
import { openSound } from "@smileloop/engine/media/sound-reader.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import sharp from "sharp";
import { provenance } from "./provenance.ts";

export type Cutout = { width: number; height: number; data: Uint8Array };
/** A picture and where its left upper corner is. */
export type Placed = { picture: Cutout; x: number; y: number };

type Film = {
  path: string;
  width: number;
  height: number;
  fps?: number;
  /** When each frame is shown, and when the last one ends, where they are not evenly apart, s. */
  times?: number[];
  frames: number;
  /** What each frame shows, the last in front. */
  show: (frame: number) => Placed[];
  /** Level of the ground, 0–255. */
  ground?: number;
  /** A WAV. */
  sound?: string;
};

export async function cutout(file: string, width: number, height: number): Promise<Cutout> {
  const data = await sharp(file).resize(width, height).removeAlpha().raw().toBuffer();
  return { width, height, data };
}

export async function writeFilm({
  path,
  width,
  height,
  fps = 25,
  times,
  frames,
  show,
  ground = 90,
  sound,
}: Film): Promise<void> {
  const heard = sound === undefined ? undefined : await openSound({ path: sound, type: "audio/wav" });
  const writer = await openVideoWriter({
    path,
    width,
    height,
    fps,
    times,
    provenance: { ...provenance, job: "film" },
    sound: heard,
  });
  for (let n = 0; n < frames; n++) {
    const { y, u, v } = toPlanes(pictureOf({ width, height, ground }, show(n)), width, height);
    await writer.write(Buffer.concat([y, u, v]));
  }
  await writer.close();
  await heard?.close();
}

function pictureOf(frame: { width: number; height: number; ground: number }, placed: Placed[]): Uint8Array {
  const rgb = new Uint8Array(frame.width * frame.height * 3).fill(frame.ground);
  for (const { picture, x, y } of placed) {
    const [left, right] = [Math.max(0, x), Math.min(frame.width, x + picture.width)];
    for (let row = Math.max(0, y); row < Math.min(frame.height, y + picture.height); row++) {
      const from = ((row - y) * picture.width + left - x) * 3;
      if (right > left) rgb.set(picture.data.subarray(from, from + (right - left) * 3), (row * frame.width + left) * 3);
    }
  }
  return rgb;
}
