/** A still picture of a clip: a JPEG with nothing of the photo's own metadata, as it is made of pixels alone. */
import sharp from "sharp";
import type { Marks } from "./marks.ts";
import { pictureOf } from "./yuv.ts";

/** Some 40 kB at 512 × 512. */
const QUALITY = 82;

/** `yuv`: a frame as engines make them; it is read before a promise is returned. */
export function writePoster(path: string, yuv: Uint8Array, width: number, height: number, marks: Marks): Promise<void> {
  const { data } = pictureOf(yuv, width, height, { x: 0, y: 0, width, height });
  const jpeg = sharp(data, { raw: { width, height, channels: 3 } }).jpeg({ quality: QUALITY, progressive: true });
  return jpeg
    .withXmp(marks.xmp)
    .toFile(path)
    .then(() => {});
}
