/**
 * The size of the first picture in a TIFF. Further directories are not looked at. Sources: TIFF 6.0; the BigTIFF design; DNG 1.7,
 * chapter 4 (DNGVersion, and 32803 for the colours of a sensor).
 */
import type { ReadAt } from "./clip-header.ts";
import { damagedPicture, unreadKind } from "./picture-fault.ts";

const WIDTH = 256;
const HEIGHT = 257;
const PHOTOMETRIC = 262;
const DNG_VERSION = 50_706;
const SENSOR_COLOURS = [32_803, 34_892];
/** More than any writer has in one directory. */
const MAX_ENTRIES = 4096;

/** Throws `input_unreadable`, `unsupported_type` for raw data of a camera, and what `read` throws. */
export async function readTiffSize(bytes: number, read: ReadAt): Promise<{ width: number; height: number }> {
  const part = async (position: number, length: number): Promise<DataView> => {
    if (!Number.isSafeInteger(position) || position + length > bytes) throw damagedPicture();
    const found = await read(position, length);
    if (found.byteLength < length) throw damagedPicture();
    return new DataView(found.buffer, found.byteOffset, found.byteLength);
  };
  const head = await part(0, 16).catch(() => part(0, 8));
  const little = head.getUint8(0) === 0x49;
  const big = head.getUint16(2, little) === 43;
  if (big && head.byteLength < 16) throw damagedPicture();
  const at = big ? Number(head.getBigUint64(8, little)) : head.getUint32(4, little);
  const counted = await part(at, big ? 8 : 2);
  const count = big ? Number(counted.getBigUint64(0, little)) : counted.getUint16(0, little);
  if (count === 0 || count > MAX_ENTRIES) throw damagedPicture();
  const entries = await part(at + counted.byteLength, count * (big ? 20 : 12));
  const tags = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const entry = i * (big ? 20 : 12);
    const value = entry + (big ? 12 : 8);
    const short = entries.getUint16(entry + 2, little) === 3;
    const number = short ? entries.getUint16(value, little) : entries.getUint32(value, little);
    tags.set(entries.getUint16(entry, little), number);
  }
  if (tags.has(DNG_VERSION) || SENSOR_COLOURS.includes(tags.get(PHOTOMETRIC) ?? -1)) {
    throw unreadKind("This is the raw data of a camera (image/x-adobe-dng).");
  }
  const [width = 0, height = 0] = [tags.get(WIDTH), tags.get(HEIGHT)];
  if (width === 0 || height === 0) throw damagedPicture();
  return { width, height };
}
