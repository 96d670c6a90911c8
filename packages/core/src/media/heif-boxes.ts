/**
 * The boxes of a HEIF file, and the tables of its items. Nothing in them is believed: a size that does not fit ends the reading.
 * Sources: ISO/IEC 14496-12, 4.2 and 8.11 (`meta`, `iloc`, `iinf`, `iref`, `pitm`, `iprp`).
 */
import type { ReadAt } from "./clip-header.ts";
import { damagedPicture, unreadKind } from "./picture-fault.ts";

/** `at`: of `body`'s first byte in the file. */
export type Box = { type: string; at: number; body: DataView };
export type Extent = { offset: number; length: number };

/** Properties of an item are in the order in which they are applied. */
export type Item = { id: number; type: string; extents: Extent[]; properties: Box[] };
type Reference = { type: string; from: number; to: number[] };
export type Items = { primary: Item; byId: Map<number, Item>; references: Reference[] };

const MAX_META_BYTES = 4 * 1024 * 1024;
const MAX_TOP_BOXES = 64;
const MAX_BOXES = 20_000;
/** Of all items: a few bytes can claim 65,535 each. */
const MAX_EXTENTS = 50_000;
const MAX_PROPERTIES = 64;

/** Reads numbers one after another; throws a RangeError beyond the end. */
export class Cursor {
  at: number;
  readonly #view: DataView;
  constructor(view: DataView, at = 0) {
    this.#view = view;
    this.at = at;
  }
  /** An unsigned number of 0, 1, 2, 4 or 8 bytes. */
  next(bytes: number): number {
    const at = this.at;
    this.at += bytes;
    if (bytes === 1) return this.#view.getUint8(at);
    if (bytes === 2) return this.#view.getUint16(at);
    if (bytes === 4) return this.#view.getUint32(at);
    if (bytes === 8) return Number(this.#view.getBigUint64(at));
    if (bytes === 0) return 0;
    throw damagedPicture();
  }
  text(length: number): string {
    return String.fromCharCode(...Array.from({ length }, () => this.next(1)));
  }
  get left(): number {
    return this.#view.byteLength - this.at;
  }
}

/** The boxes in a box's body, from its byte `from` on. */
export function boxesIn({ at: start, body }: Pick<Box, "at" | "body">, from = 0): Box[] {
  const boxes: Box[] = [];
  for (let at = from; at + 8 <= body.byteLength; ) {
    const { type, header, size } = headOf(body, at, body.byteLength - at);
    if (at + size > body.byteLength || boxes.length >= MAX_BOXES) throw damagedPicture();
    const inner = new DataView(body.buffer, body.byteOffset + at + header, size - header);
    boxes.push({ type, at: start + at + header, body: inner });
    at += size;
  }
  return boxes;
}

/** `rest`: what a size of 0 stands for. */
function headOf(view: DataView, at: number, rest: number): { type: string; header: number; size: number } {
  const cursor = new Cursor(view, at);
  const [short, type] = [cursor.next(4), cursor.text(4)];
  const size = short === 1 ? cursor.next(8) : short === 0 ? rest : short;
  const header = cursor.at - at;
  if (size < header || !Number.isSafeInteger(size)) throw damagedPicture();
  return { type, header, size };
}

/** Throws `input_unreadable`, `unsupported_type` for a sequence without a still, and what `read` throws. */
export async function readItems(bytes: number, read: ReadAt): Promise<Items> {
  const meta = await findMeta(bytes, read);
  const inner = boxesIn(meta, 4);
  const find = (type: string): Box | undefined => inner.find((box) => box.type === type);
  const [pitm, iinf, iloc, iprp] = [find("pitm"), find("iinf"), find("iloc"), find("iprp")];
  if (!pitm || !iinf || !iloc || !iprp) throw damagedPicture();
  const version = (box: Box) => box.body.getUint8(0);
  const primaryId = new Cursor(pitm.body, 4).next(version(pitm) === 0 ? 2 : 4);
  const byId = itemTypes(iinf);
  readExtents(iloc, byId, find("idat"), bytes);
  readProperties(iprp, byId);
  const iref = find("iref");
  const primary = byId.get(primaryId);
  if (!primary) throw damagedPicture();
  return { primary, byId, references: iref ? referencesIn(iref) : [] };
}

async function findMeta(bytes: number, read: ReadAt): Promise<Box> {
  let sequence = false;
  for (let [at, boxes] = [0, 0]; at + 8 <= bytes && boxes < MAX_TOP_BOXES; boxes++) {
    const head = await read(at, Math.min(16, bytes - at));
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    const { type, header, size } = headOf(view, 0, bytes - at);
    if (type === "meta") {
      if (at + size > bytes || size > MAX_META_BYTES) throw damagedPicture();
      const whole = await read(at + header, size - header);
      if (whole.byteLength < size - header) throw damagedPicture();
      const body = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
      return { type, at: at + header, body };
    }
    sequence ||= type === "moov";
    at += size;
  }
  throw sequence
    ? unreadKind("This is a sequence of pictures without a still one (image/heic-sequence).")
    : damagedPicture();
}

function itemTypes({ at, body }: Box): Map<number, Item> {
  const wide = body.getUint8(0) > 0;
  const byId = new Map<number, Item>();
  for (const entry of boxesIn({ at, body }, wide ? 8 : 6)) {
    const version = entry.type === "infe" ? entry.body.getUint8(0) : 0;
    // earlier versions have no types, and no pictures either
    if (version < 2) continue;
    const cursor = new Cursor(entry.body, 4);
    const id = cursor.next(version === 2 ? 2 : 4);
    cursor.next(2);
    byId.set(id, { id, type: cursor.text(4), extents: [], properties: [] });
  }
  return byId;
}

function readExtents({ body }: Box, byId: Map<number, Item>, idat: Box | undefined, bytes: number): void {
  const cursor = new Cursor(body);
  const version = cursor.next(4) >>> 24;
  const sizes = cursor.next(2);
  const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexBytes = version === 0 ? 0 : sizes & 15;
  const count = cursor.next(version < 2 ? 2 : 4);
  let all = 0;
  for (let i = 0; i < count; i++) {
    const item = byId.get(cursor.next(version < 2 ? 2 : 4));
    const method = version === 0 ? 0 : cursor.next(2) & 15;
    // where the file is: this one
    cursor.next(2);
    const base = cursor.next(baseBytes);
    const from = method === 1 ? (idat?.at ?? Number.NaN) : 0;
    const end = method === 1 ? from + (idat?.body.byteLength ?? 0) : bytes;
    const extents: Extent[] = [];
    for (let left = cursor.next(2); left > 0; left--) {
      if (++all > MAX_EXTENTS) throw damagedPicture();
      cursor.next(indexBytes);
      const offset = from + base + cursor.next(offsetBytes);
      const length = cursor.next(lengthBytes) || end - offset;
      // items of other kinds, such as text, may lie wherever they like
      extents.push({ offset, length: method <= 1 && offset + length <= end ? length : -1 });
    }
    if (item) item.extents = extents;
  }
}

function readProperties(iprp: Box, byId: Map<number, Item>): void {
  const inner = boxesIn(iprp);
  const ipco = inner.find(({ type }) => type === "ipco");
  const properties = ipco ? boxesIn(ipco) : [];
  for (const { type, body } of inner) {
    if (type !== "ipma") continue;
    const cursor = new Cursor(body);
    const head = cursor.next(4);
    const idBytes = head >>> 24 === 0 ? 2 : 4;
    const wide = (head & 1) === 1;
    for (let left = cursor.next(4); left > 0; left--) {
      const item = byId.get(cursor.next(idBytes));
      for (let links = cursor.next(1); links > 0; links--) {
        const index = wide ? cursor.next(2) & 0x7fff : cursor.next(1) & 0x7f;
        const property = properties[index - 1];
        if (!item || !property) continue;
        if (item.properties.push(property) > MAX_PROPERTIES) throw damagedPicture();
      }
    }
  }
}

function referencesIn(iref: Box): Reference[] {
  const idBytes = iref.body.getUint8(0) === 0 ? 2 : 4;
  return boxesIn(iref, 4).map(({ type, body }) => {
    const cursor = new Cursor(body);
    const from = cursor.next(idBytes);
    return { type, from, to: Array.from({ length: cursor.next(2) }, () => cursor.next(idBytes)) };
  });
}
