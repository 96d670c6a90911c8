/**
 * How much of a picture its decoder holds at once: most pictures pass through row by row, but what comes in several passes is kept
 * whole until the last one, and so is what is turned after it was decoded.
 *
 * Sources: ITU-T T.81 (JPEG), B.2; libjpeg-turbo, structure.txt ("virtual arrays"); measured with pictures of 100 megapixels.
 */
import { open } from "node:fs/promises";
import { AppError } from "@smileloop/core/errors.ts";
import { DECODER_BYTES } from "@smileloop/core/media/limits.ts";

/** What a header says; the sides are as they are stored. `interlaced`: a PNG in seven passes. */
export type Stored = {
  type: "image/jpeg" | "image/png";
  width: number;
  height: number;
  channels: number;
  /** Of a channel of a pixel. */
  bytes: number;
  interlaced: boolean;
  orientation: number;
};

/** Sampling of each component, and whether they come in more than one scan. */
type JpegFrame = { components: { across: number; down: number }[]; passes: boolean };

const MIB = 1024 * 1024;
const COEFFICIENT_BYTES = 2;
const MAX_SEGMENTS = 2000;
/** Turned or stood on their head; a picture that is only mirrored passes row by row. */
const TURNED_FROM = 3;

/** Throws `input_too_large`, with the figure, where decoding at `scale` would hold more than may be. */
export async function requireMemory(path: string, stored: Stored, scale: number): Promise<void> {
  const pixels = stored.width * stored.height * stored.channels * stored.bytes;
  const turned = stored.orientation >= TURNED_FROM ? pixels * Math.min(1, scale) ** 2 : 0;
  const isPng = stored.type === "image/png";
  const passes = isPng ? (stored.interlaced ? pixels : 0) : await coefficientBytes(path, stored);
  if (passes + turned <= DECODER_BYTES) return;
  const [kind, without] =
    passes === 0
      ? ["a picture turned by EXIF", "EXIF orientation"]
      : isPng
        ? ["an interlaced PNG", "interlacing"]
        : ["a progressive JPEG", "progressive scans"];
  const needs = Math.round((passes + turned) / MIB);
  throw new AppError(
    "input_too_large",
    `The picture has ${stored.width} × ${stored.height} pixels; as ${kind}, it needs ${needs} MiB to decode, and at most ` +
      `${DECODER_BYTES / MIB} MiB are used. Save it without ${without}, or send a smaller copy.`,
  );
}

/** What is held of a JPEG that comes in several scans; of one that cannot be told, as if it did. */
async function coefficientBytes(path: string, { width, height, channels }: Stored): Promise<number> {
  const frame = await readFrame(path);
  if (frame === null) return width * height * channels * COEFFICIENT_BYTES;
  if (!frame.passes) return 0;
  const across = Math.max(...frame.components.map((component) => component.across));
  const down = Math.max(...frame.components.map((component) => component.down));
  const samples = frame.components.reduce((sum, component) => sum + component.across * component.down, 0);
  return ((width * height * samples) / (across * down)) * COEFFICIENT_BYTES;
}

/** From the segments before the first scan; null where something else is between them. */
async function readFrame(path: string): Promise<JpegFrame | null> {
  const file = await open(path);
  const head = Buffer.alloc(32);
  let components: JpegFrame["components"] = [];
  let progressive = false;
  try {
    for (let [at, segments] = [2, 0]; segments < MAX_SEGMENTS; segments++) {
      const { bytesRead } = await file.read(head, 0, head.length, at);
      if (bytesRead < 8 || head[0] !== 0xff) return null;
      const marker = head[1]!;
      if (marker === 0xda) {
        return components.length > 0 ? { components, passes: progressive || head[4]! < components.length } : null;
      }
      if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
        progressive = (marker & 3) === 2;
        components = Array.from({ length: Math.min(4, head[9]!) }, (_, i) => {
          const sampling = head[11 + i * 3]!;
          return { across: sampling >> 4 || 1, down: sampling & 15 || 1 };
        });
      }
      at += 2 + Math.max(2, head.readUInt16BE(2));
    }
    return null;
  } finally {
    await file.close();
  }
}
