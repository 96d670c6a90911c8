/** Writes pictures whose pixels were changed, as files like the ones that they came from. */
import { unlink } from "node:fs/promises";
import type { Provenance } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { isDiskFull } from "@smileloop/core/storage/durable-files.ts";
import sharp from "sharp";
import { requireMemory } from "./decoder-memory.ts";
import { markPicture } from "./marking.ts";
import { marksOf } from "./marks.ts";
import { GROUND } from "./picture.ts";
import { openImage, openSource, rethrow } from "./picture-source.ts";

/** RGB interleaved. */
type Rgb = { width: number; height: number; data: Uint8Array };
type Size = { width: number; height: number };

const JPEG_QUALITY = 95;
const GROUND_LEVEL = Number.parseInt(GROUND.slice(1, 3), 16);

/** Upright RGBA, sRGB, colours not multiplied; null where nothing shows through. Throws what `decodePicture` throws. */
export async function decodeAlpha(path: string): Promise<Rgb | null> {
  const { colour, stored, load } = await openSource(path);
  if (colour === "inks" || ![2, 4].includes(stored.channels)) return null;
  await requireMemory(path, stored, 1);
  const source = await load();
  const { hasAlpha } = await openImage(source).metadata();
  if (!hasAlpha) return null;
  const image = openImage(source).autoOrient().toColourspace("srgb");
  if (colour === "deep") image.withIccProfile("srgb");
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true }).catch(rethrow);
  if (info.channels !== 4) throw new Error(`decoded to ${info.channels} channels`);
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return { data, width: info.width, height: info.height };
  return null;
}

type PictureFile = {
  /** Before and after the change, on the ground where something shows through. */
  was: Rgb;
  now: Rgb;
  /** What `decodeAlpha` has found. */
  alpha: Rgb | null;
  /** Of the file. */
  size: Size;
  provenance: Provenance;
  type: "image/jpeg" | "image/png";
};

/**
 * A JPEG (quality 95, 4:4:4), or a PNG with the alpha. Pixels that are as they were keep their values, also under the alpha, but for the marks that the order of the job asks for. Metadata: the
 * mark of the machine, and nothing else. The pixels of `now` are used up. Throws `engine_failed`, `storage_full`, leaving no file.
 */
export async function writePicture(
  path: string,
  { was, now, alpha, size, provenance, type }: PictureFile,
): Promise<void> {
  const channels = alpha ? 4 : 3;
  const drawn = alpha ? await withAlpha(was, now, alpha) : now.data;
  const data = await sized({ ...now, data: drawn === was.data ? Uint8Array.from(drawn) : drawn }, channels, size);
  markPicture(provenance.mark, { ...size, data, channels });
  const image = sharp(data, { raw: { ...size, channels } });
  const encoded =
    type === "image/png" ? image.png() : image.jpeg({ quality: JPEG_QUALITY, chromaSubsampling: "4:4:4" });
  try {
    await encoded.withXmp(marksOf(provenance, "picture", "face").xmp).toFile(path);
  } catch (error) {
    await unlink(path).catch(() => {});
    throw isDiskFull(error)
      ? new AppError("storage_full", "There is no room on the disk for the picture.", { cause: error })
      : new AppError("engine_failed", "The picture could not be written.", { cause: error });
  }
}

/** Those of another size; the given ones where they have it. */
async function sized({ data, width, height }: Rgb, channels: 3 | 4, size: Size): Promise<Uint8Array> {
  if (width === size.width && height === size.height) return data;
  const image = sharp(data, { raw: { width, height, channels } });
  const kernel = size.width < width ? "lanczos3" : "cubic";
  return image.resize(size.width, size.height, { fit: "fill", kernel }).raw().toBuffer();
}

/** RGBA of the changed picture: where a pixel lay on the ground, its own colour is what is left without that. */
async function withAlpha(was: Rgb, now: Rgb, alpha: Rgb): Promise<Uint8Array> {
  const same = now.width === alpha.width && now.height === alpha.height;
  const grown = same ? alpha.data : await resized(alpha, now);
  const out = new Uint8ClampedArray(now.width * now.height * 4);
  for (let to = 0, at = 0; to < out.length; to += 4, at += 3) {
    const share = grown[to + 3]! / 255;
    out[to + 3] = grown[to + 3]!;
    for (let c = 0; c < 3; c++) {
      const value = now.data[at + c]!;
      const kept = share === 0 || (same && value === was.data[at + c]);
      out[to + c] = kept ? grown[to + c]! : (value - (1 - share) * GROUND_LEVEL) / share;
    }
  }
  return new Uint8Array(out.buffer);
}

function resized({ data, width, height }: Rgb, to: Size): Promise<Uint8Array> {
  const image = sharp(data, { raw: { width, height, channels: 4 } });
  return image.resize(to.width, to.height, { fit: "fill", kernel: "cubic" }).raw().toBuffer();
}
