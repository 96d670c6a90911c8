/**
 * How much of a picture its decoder holds at once: most pictures pass through row by row, but what comes in several passes is kept
 * whole until the last one, and so is what is turned after it was decoded.
 *
 * Sources: ITU-T T.81 (JPEG), B.2; libjpeg-turbo, structure.txt ("virtual arrays"); measured with pictures of 100 megapixels.
 */
import { open, readFile } from "node:fs/promises";
import { AppError } from "@smileloop/core/errors.ts";
import { DECODER_BYTES } from "@smileloop/core/media/limits.ts";

/** What a header says; the sides are as they are stored. `interlaced`: a PNG in seven passes. */
export type Stored = {
  type: string;
  width: number;
  height: number;
  channels: number;
  /** Of a channel of a pixel. */
  bytes: number;
  interlaced: boolean;
  orientation: number;
  /** What decoding holds besides what is turned, bytes, where that is known already. */
  held?: number;
};

/** Sampling of each component, and whether they come in more than one scan. */
type JpegFrame = { components: { across: number; down: number }[]; passes: boolean };

const MIB = 1024 * 1024;
const COEFFICIENT_BYTES = 2;
const MAX_SEGMENTS = 2000;
const START_OF_SCAN = Buffer.from([0xff, 0xda]);
/** A JPEG in passes has some ten; each goes over the whole picture, however few bytes it has. */
const MAX_SCANS = 200;
/** Turned or stood on their head; a picture that is only mirrored passes row by row. */
const TURNED_FROM = 3;

/** What a decoder holds, and what it is of that does. */
type Holds = { bytes: number; as: string; without?: string };

/** By type; of others, `held` or all pixels as they are stored. */
const HOLDS: Record<string, (path: string, stored: Stored, pixels: number) => Holds | Promise<Holds>> = {
  "image/png": (_, { interlaced }, pixels) => ({
    ...{ bytes: interlaced ? pixels : 0, as: "an interlaced PNG", without: "interlacing" },
  }),
  "image/jpeg": async (path, stored) => ({
    ...{ bytes: await coefficientBytes(path, stored), as: "a progressive JPEG", without: "progressive scans" },
  }),
  // the pixels of the picture, and those of the decoder
  "image/webp": (_, { width, height }) => ({ bytes: width * height * 8, as: "a WebP" }),
  "image/gif": (_, { width, height }) => ({ bytes: width * height * 8, as: "a GIF" }),
};

/** Throws `input_too_large`, with the figure, where decoding at `scale` would hold more than may be, or take more passes. */
export async function requireMemory(path: string, stored: Stored, scale: number): Promise<void> {
  const pixels = stored.width * stored.height * stored.channels * stored.bytes;
  const turned = stored.orientation >= TURNED_FROM ? pixels * Math.min(1, scale) ** 2 : 0;
  const other = () => ({ bytes: stored.held ?? pixels, as: `a picture in ${stored.type}` });
  const held: Holds = await (HOLDS[stored.type] ?? other)(path, stored, pixels);
  if (held.bytes + turned <= DECODER_BYTES) return;
  const { as, without } = held.bytes > 0 ? held : { as: "a picture turned by EXIF", without: "EXIF orientation" };
  const needs = Math.round((held.bytes + turned) / MIB);
  throw new AppError(
    "input_too_large",
    `The picture has ${stored.width} × ${stored.height} pixels; as ${as}, it needs ${needs} MiB to decode, and at most ` +
      `${DECODER_BYTES / MIB} MiB are used. ${without ? `Save it without ${without}, or send` : "Send"} a smaller copy.`,
  );
}

/** What is held of a JPEG that comes in several scans; of one that cannot be told, as if it did. */
async function coefficientBytes(path: string, { width, height, channels }: Stored): Promise<number> {
  const frame = await readFrame(path);
  if (frame?.passes === false) return 0;
  await requireFewScans(path);
  if (frame === null) return width * height * channels * COEFFICIENT_BYTES;
  const across = Math.max(...frame.components.map((component) => component.across));
  const down = Math.max(...frame.components.map((component) => component.down));
  const samples = frame.components.reduce((sum, component) => sum + component.across * component.down, 0);
  return ((width * height * samples) / (across * down)) * COEFFICIENT_BYTES;
}

async function requireFewScans(path: string): Promise<void> {
  const jpeg = await readFile(path);
  let scans = 0;
  // within a scan a marker's first byte is always followed by another; a preview in the header adds its own few
  for (let at = jpeg.indexOf(START_OF_SCAN); at >= 0; at = jpeg.indexOf(START_OF_SCAN, at + 2)) scans += 1;
  if (scans <= MAX_SCANS) return;
  throw new AppError(
    "input_too_large",
    `The picture is a JPEG of ${scans} scans; at most ${MAX_SCANS} are decoded. Save it without progressive scans.`,
  );
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
