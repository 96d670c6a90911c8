/** A body cut into the parts in which it is sent. */

export type BodyPart = {
  /** Valid until the next part is asked for. */
  content: Uint8Array;
  last: boolean;
};

const FIRST_BYTES = 64 * 1024;

/** All parts have `partBytes` but the last, which may be empty where it is the only one. One part is in memory at a time. */
export async function* partsOf(chunks: AsyncIterable<Uint8Array>, partBytes: number): AsyncGenerator<BodyPart> {
  let part: Uint8Array = Buffer.allocUnsafeSlow(Math.min(FIRST_BYTES, partBytes));
  let bytes = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; ) {
      if (bytes === partBytes) {
        yield { content: part, last: false };
        bytes = 0;
      }
      const piece = chunk.subarray(at, at + partBytes - bytes);
      part = withRoom(part, bytes, bytes + piece.byteLength, partBytes);
      part.set(piece, bytes);
      bytes += piece.byteLength;
      at += piece.byteLength;
    }
  }
  yield { content: part.subarray(0, bytes), last: true };
}

/** The same buffer, or one twice as large or larger, with what is in it. */
function withRoom(part: Uint8Array, used: number, needed: number, most: number): Uint8Array {
  if (needed <= part.byteLength) return part;
  const larger = Buffer.allocUnsafeSlow(Math.min(most, Math.max(needed, 2 * part.byteLength)));
  larger.set(part.subarray(0, used));
  return larger;
}
