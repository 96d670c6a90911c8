/** Pixels with what is known of them, as a file in memory that libvips reads. Source: TIFF 6.0; ICC.1, B.4. */

export type PlainPicture = {
  width: number;
  height: number;
  /** 4: with alpha. */
  channels: 3 | 4;
  /** As EXIF numbers it. */
  orientation: number;
  icc: Uint8Array | null;
};

export type PlainTiff = { file: Buffer; pixels: Uint8Array };

const HEADER_BYTES = 8;
const ROWS_PER_STRIP = 64;
const [SHORT, LONG, UNDEFINED] = [3, 4, 7];

/** An uncompressed TIFF whose `pixels`, row by row, are yet to be filled in. */
export function plainTiff({ width, height, channels, orientation, icc }: PlainPicture): PlainTiff {
  const stride = width * channels;
  const strips = Math.ceil(height / ROWS_PER_STRIP);
  const offsets = Array.from({ length: strips }, (_, i) => HEADER_BYTES + i * ROWS_PER_STRIP * stride);
  const counts = offsets.map((_, i) => Math.min(ROWS_PER_STRIP, height - i * ROWS_PER_STRIP) * stride);
  const tags: [tag: number, type: number, values: number[] | Uint8Array][] = [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, Array(channels).fill(8)],
    [259, SHORT, [1]],
    [262, SHORT, [2]],
    [273, LONG, offsets],
    [274, SHORT, [orientation]],
    [277, SHORT, [channels]],
    [278, LONG, [ROWS_PER_STRIP]],
    [279, LONG, counts],
    [284, SHORT, [1]],
  ];
  // not multiplied with the colours
  if (channels === 4) tags.push([338, SHORT, [2]]);
  if (icc) tags.push([34_675, UNDEFINED, icc]);
  const end = HEADER_BYTES + stride * height;
  const directory = directoryOf(tags, end + (end % 2));
  const file = Buffer.alloc(end + (end % 2) + directory.length);
  file.write("II*\0", "latin1");
  file.writeUInt32LE(end + (end % 2), 4);
  directory.copy(file, end + (end % 2));
  return { file, pixels: file.subarray(HEADER_BYTES, end) };
}

/** `at`: where it will be in the file. Values of more than four bytes follow it. */
function directoryOf(tags: [number, number, number[] | Uint8Array][], at: number): Buffer {
  const table = Buffer.alloc(2 + tags.length * 12 + 4);
  table.writeUInt16LE(tags.length);
  const values: Buffer[] = [];
  let next = at + table.length;
  for (const [i, [tag, type, list]] of tags.entries()) {
    const entry = 2 + i * 12;
    const bytes = bytesOf(type, list);
    table.writeUInt16LE(tag, entry);
    table.writeUInt16LE(type, entry + 2);
    table.writeUInt32LE(list.length, entry + 4);
    if (bytes.length <= 4) bytes.copy(table, entry + 8);
    else {
      table.writeUInt32LE(next, entry + 8);
      values.push(bytes);
      next += bytes.length;
    }
  }
  return Buffer.concat([table, ...values]);
}

/** Of even length. */
function bytesOf(type: number, values: number[] | Uint8Array): Buffer {
  const size = { [SHORT]: 2, [LONG]: 4 }[type] ?? 1;
  const bytes = Buffer.alloc(values.length * size + ((values.length * size) % 2));
  for (const [i, value] of values.entries()) bytes.writeUIntLE(value, i * size, size);
  return bytes;
}
