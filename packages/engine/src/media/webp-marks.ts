/** What FFmpeg leaves out of an animated WebP (RFC 9649, 2.7): XMP, and the animation where nothing moves. */
import { open, readFile, writeFile } from "node:fs/promises";
import type { Marks } from "./marks.ts";

/** Flags of the extended header. */
const ANIMATED = 0x02;
const HAS_XMP = 0x04;
/** Where the first chunk of a file begins. */
const FIRST = 12;
/** Of an ANMF: this frame replaces what is there. */
const NO_BLEND = 0x02;

type Shape = { width: number; height: number; milliseconds: number };

/**
 * Adds XMP to a finished file: its last chunk, announced in the header. Where all frames look the same, libwebp makes a still picture
 * of them, which has no duration: it becomes an animation of one frame again.
 */
export async function markWebp(path: string, { xmp }: Marks, shape: Shape): Promise<void> {
  const start = await headOf(path);
  if (start.toString("latin1", FIRST, FIRST + 4) !== "VP8X") await asAnimation(path, shape);
  const file = await open(path, "r+");
  try {
    const { buffer: head } = await file.read(Buffer.alloc(30), 0, 30, 0);
    const added = chunk("XMP ", Buffer.from(xmp));
    const end = 8 + head.readUInt32LE(4);
    await file.write(added, 0, added.length, end);
    await file.write(uint(end + added.length - 8, 4), 0, 4, 4);
    await file.write(Buffer.of(head[20]! | HAS_XMP), 0, 1, 20);
  } finally {
    await file.close();
  }
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(30), 0, 30, 0).finally(() => file.close());
  return buffer;
}

async function asAnimation(path: string, { width, height, milliseconds }: Shape): Promise<void> {
  const still = await readFile(path);
  const size = Buffer.concat([uint(width - 1, 3), uint(height - 1, 3)]);
  const frame = Buffer.concat([uint(0, 6), size, uint(milliseconds, 3), Buffer.of(NO_BLEND), still.subarray(FIRST)]);
  const chunks = Buffer.concat([
    chunk("VP8X", Buffer.concat([uint(ANIMATED, 4), size])),
    // any background, for ever
    chunk("ANIM", uint(0, 6)),
    chunk("ANMF", frame),
  ]);
  await writeFile(path, Buffer.concat([Buffer.from("RIFF"), uint(chunks.length + 4, 4), Buffer.from("WEBP"), chunks]));
}

function chunk(name: string, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(name), uint(data.length, 4), data, Buffer.alloc(data.length % 2)]);
}

function uint(value: number, bytes: number): Buffer {
  const out = Buffer.alloc(bytes);
  out.writeUIntLE(value, 0, bytes);
  return out;
}
