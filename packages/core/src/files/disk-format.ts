/**
 * A file on disk is its data and, after it, 512 bytes that say what it is. Both are in one file because only then can one
 * link() show them together: no reader ever sees data without its type and hash, and no crash leaves one without the other.
 * The 512 bytes have the form of a `free` box (ISO/IEC 14496-12, 8.1.2), and JPEG and PNG readers stop at their own end, so
 * pictures and videos open as they lie there.
 */
import type { FileHandle } from "node:fs/promises";
import { AppError } from "../errors.ts";

type Trailer = { bytes: number; type: string; sha256: string };

const TRAILER_BYTES = 512;
const HEAD_BYTES = 8;
const MARK = "smileloop-file-1 ";

export function trailerOf(trailer: Trailer): Uint8Array {
  const text = Buffer.from(`${MARK}${JSON.stringify(trailer)}`);
  if (text.byteLength > TRAILER_BYTES - HEAD_BYTES) {
    throw new AppError("invalid_request", "The type of this file is too long.");
  }
  const block = Buffer.alloc(TRAILER_BYTES, " ");
  block.writeUInt32BE(TRAILER_BYTES, 0);
  block.write("free", 4);
  text.copy(block, HEAD_BYTES);
  return block;
}

/** `null` when this is not a file of ours. */
export async function readTrailer(handle: FileHandle, size: number): Promise<Trailer | null> {
  if (size < TRAILER_BYTES) return null;
  const block = Buffer.alloc(TRAILER_BYTES);
  await handle.read(block, 0, TRAILER_BYTES, size - TRAILER_BYTES);
  const text = block.toString("utf8", HEAD_BYTES);
  if (!text.startsWith(MARK)) return null;
  try {
    const trailer = JSON.parse(text.slice(MARK.length)) as Trailer;
    return trailer.bytes === size - TRAILER_BYTES ? trailer : null;
  } catch {
    return null;
  }
}
