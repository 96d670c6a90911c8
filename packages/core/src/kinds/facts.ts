/** Reads a file's type and header, and checks them against a slot's limits; shared by the API and the command line. */
import { AppError } from "../errors.ts";
import { type ReadAt, readClipHeader } from "../media/clip-header.ts";
import { readPictureSize } from "../media/picture-header.ts";
import { sniffType } from "../media/sniff.ts";
import { decodeText } from "../media/text.ts";
import { type MediaClass, mediaClassOf } from "../media/types.ts";
import { type InputFacts, type Slot, typesOf } from "./inputs.ts";

/** Enough for any format that is known by its first bytes, and for the header of nearly every picture. */
export const FIRST_BYTES = 32 * 1024;

/**
 * Throws, in this order, `too_large`, `empty_file`, `unsupported_type`, `input_unreadable`, `input_too_large`; and what `read`
 * throws.
 */
export async function readFacts(slot: Slot, bytes: number, read: ReadAt): Promise<InputFacts> {
  if (bytes > slot.maxBytes) {
    throw new AppError("too_large", `The file has ${bytes} bytes; at most ${slot.maxBytes} are accepted.`);
  }
  if (bytes === 0) throw new AppError("empty_file", "The file is empty.");
  const first = await read(0, Math.min(bytes, FIRST_BYTES));
  const type = await checkType(first, slot);
  const again: ReadAt = async (position, length) =>
    position + length <= first.byteLength ? first.subarray(position, position + length) : read(position, length);
  const size = await HEADERS[mediaClassOf(type) ?? "data"]?.({ type, bytes, read: again });
  checkSize({ ...size }, slot);
  return { type, bytes, ...size };
}

type Size = Pick<InputFacts, "width" | "height" | "seconds">;
type Opened = { type: string; bytes: number; read: ReadAt };

/** How the header of each class of media is read; other classes have no header that matters. */
const HEADERS: Partial<Record<MediaClass, (file: Opened) => Promise<Size>>> = {
  image: async ({ type, bytes, read }) => (await readPictureSize(type, bytes, read)) ?? {},
  video: ({ type, bytes, read }) => readClipHeader(type, bytes, read),
  audio: ({ type, bytes, read }) => readClipHeader(type, bytes, read),
};

async function checkType(first: Uint8Array, slot: Slot): Promise<string> {
  const type = await sniffType(first);
  const types = typesOf(slot);
  const firstLine = type === null ? undefined : slot.firstLine?.[type];
  if (type !== null && types.includes(type) && (!firstLine || firstLine.test(lineOf(first)))) return type;
  const what = type === null || firstLine ? `This is not a ${slot.noun} that is known here.` : `This is ${type}.`;
  const help = slot.help === undefined ? "" : `${slot.help} `;
  throw new AppError("unsupported_type", `${what} ${help}Accepted by content, whatever the name: ${types.join(", ")}.`);
}

function lineOf(bytes: Uint8Array): string {
  return decodeText(bytes.subarray(0, 512), { part: true }) ?? "";
}

function checkSize({ width = 0, height = 0, seconds = 0 }: Size, slot: Slot): void {
  const { maxPixels = Infinity, maxSide = Infinity, maxSeconds = Infinity, noun } = slot;
  if (Math.max(width, height) > maxSide || width * height > maxPixels) {
    const limit = `at most ${maxPixels / 1e6} million pixels and ${maxSide} a side are accepted`;
    const name = mediaClassOf(typesOf(slot)[0] ?? "") === "image" ? "Image" : `The ${noun} is`;
    throw new AppError("input_too_large", `${name} too large (${width}×${height} pixels). Make it smaller: ${limit}.`);
  }
  if (seconds > maxSeconds) {
    const length = `${Math.round(seconds * 10) / 10} s long; at most ${maxSeconds} s are accepted`;
    throw new AppError("input_too_large", `The ${noun} is ${length}.`);
  }
}
