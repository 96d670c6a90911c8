/**
 * What a HEIC or AVIF file says of its picture: the size, how it is put together of tiles, and where their data are. Only the
 * primary picture counts; thumbnails, depth and gain maps are left alone. Nothing is decoded here.
 *
 * Sources: ISO/IEC 23008-12, 6.5 (`ispe`, `irot`, `imir`, `colr`, `auxC`) and 6.6.2.3 (`grid`); ISO/IEC 23000-22, 7.3 (order of the
 * transformations, tiles); the AV1 Image File Format.
 */
import type { ReadAt } from "./clip-header.ts";
import { type Box, Cursor, type Extent, type Item, type Items, readItems } from "./heif-boxes.ts";
import { PICTURE_LIMITS } from "./limits.ts";
import { damagedPicture, unreadKind } from "./picture-fault.ts";

/** Code points of ITU-T H.273. */
export type Nclx = { primaries: number; transfer: number; matrix: number; full: boolean };

/** `config`: the decoder configuration, `hvcC` or `av1C`. */
export type HeifTile = { config: Uint8Array; extents: Extent[] };

/** Tiles from left to right and from top to bottom; what the last ones have beyond the sides is not shown. */
export type HeifLayer = {
  coding: Coding;
  width: number;
  height: number;
  columns: number;
  rows: number;
  tileWidth: number;
  tileHeight: number;
  tiles: HeifTile[];
  nclx: Nclx | null;
};

export type HeifPicture = {
  /** As it is shown: cut and turned. */
  width: number;
  height: number;
  /** What is shown of the layers, before it is turned. */
  crop: { left: number; top: number; width: number; height: number };
  /** As EXIF numbers it, 1–8. */
  orientation: number;
  colour: HeifLayer;
  alpha: HeifLayer | null;
  icc: Uint8Array | null;
};

/** What codes the pictures: by the type of an item, the box of its configuration. */
const CODINGS = { hvc1: "hvcC", av01: "av1C" } as const;
export type Coding = keyof typeof CODINGS;

const ALPHA = ["urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:1"];
const MAX_TILES = 4096;
/** A grid's description in an item has 8 bytes, or 12 with large sides. */
const MAX_GRID_BYTES = 12;

/** Throws `input_unreadable`, `unsupported_type` for what is coded in another way, and what `read` throws. */
export async function readHeif(bytes: number, read: ReadAt): Promise<HeifPicture> {
  try {
    const items = await readItems(bytes, read);
    const { primary } = items;
    const colour = await layerOf(primary, items, read);
    const alphaItem = alphaOf(items);
    const alpha = alphaItem ? await layerOf(alphaItem, items, read) : null;
    const tiles = [...colour.tiles, ...(alpha?.tiles ?? [])];
    const used = tiles.flatMap(({ extents }) => extents).reduce((sum, { length }) => sum + length, 0);
    // no byte is needed twice: a file that says otherwise wants to keep the decoder busy
    if (used > bytes) throw damagedPicture();
    const fits = alpha?.width === colour.width && alpha.height === colour.height;
    return { ...shownOf(primary, colour), colour, alpha: fits ? alpha : null, icc: profileOf(primary) };
  } catch (error) {
    throw error instanceof RangeError ? damagedPicture(error) : error;
  }
}

async function layerOf(item: Item, items: Items, read: ReadAt): Promise<HeifLayer> {
  const { width, height } = sizeOf(item);
  if (item.type !== "grid") {
    const tile = tileOf(item);
    const whole = { columns: 1, rows: 1, tileWidth: width, tileHeight: height };
    return { coding: tile.coding, width, height, ...whole, tiles: [tile], nclx: nclxOf(item) };
  }
  const grid = await readGrid(item, read);
  const ids = items.references.find(({ type, from }) => type === "dimg" && from === item.id)?.to ?? [];
  const parts = ids.flatMap((id) => items.byId.get(id) ?? []);
  const { columns, rows } = grid;
  if (columns * rows > MAX_TILES || parts.length !== columns * rows) throw damagedPicture();
  const first = sizeOf(parts[0]!);
  requireTile(first);
  const tiles = parts.map(tileOf);
  const alike = parts.every((part, i) => {
    const size = sizeOf(part);
    return size.width === first.width && size.height === first.height && tiles[i]!.coding === tiles[0]!.coding;
  });
  // the picture ends within the last column and the last row
  const covered = covers(columns, first.width, grid.width) && covers(rows, first.height, grid.height);
  if (!alike || !covered || grid.width !== width || grid.height !== height) throw damagedPicture();
  const tileSize = { tileWidth: first.width, tileHeight: first.height };
  return {
    ...{ coding: tiles[0]!.coding, width, height, columns, rows, ...tileSize, tiles },
    nclx: nclxOf(item) ?? nclxOf(parts[0]!),
  };
}

function covers(count: number, side: number, whole: number): boolean {
  return count * side >= whole && (count - 1) * side < whole;
}

async function readGrid(
  { extents }: Item,
  read: ReadAt,
): Promise<Record<"columns" | "rows" | "width" | "height", number>> {
  const [extent] = extents;
  if (!extent || extents.length > 1 || extent.length < 8) throw damagedPicture();
  const part = await read(extent.offset, Math.min(MAX_GRID_BYTES, extent.length));
  const cursor = new Cursor(new DataView(part.buffer, part.byteOffset, part.byteLength));
  const side = (cursor.next(2) & 1) === 1 ? 4 : 2;
  const [rows, columns] = [cursor.next(1) + 1, cursor.next(1) + 1];
  return { rows, columns, width: cursor.next(side), height: cursor.next(side) };
}

function tileOf({ type, extents, properties }: Item): HeifTile & { coding: Coding } {
  if (!Object.hasOwn(CODINGS, type)) {
    throw unreadKind(
      `This is a HEIF picture that is coded as '${type.replace(/[^\w -]/g, "?")}'; HEVC and AV1 are read.`,
    );
  }
  const coding = type as Coding;
  const box = properties.find((property) => property.type === CODINGS[coding]);
  if (!box || extents.length === 0 || extents.some(({ length }) => length <= 0)) throw damagedPicture();
  return { coding, config: bytesOf(box), extents };
}

/** Of the item as it is coded. */
function sizeOf({ properties }: Item): { width: number; height: number } {
  const box = properties.find(({ type }) => type === "ispe");
  if (!box) throw damagedPicture();
  const [width, height] = [box.body.getUint32(4), box.body.getUint32(8)];
  if (width === 0 || height === 0) throw damagedPicture();
  return { width, height };
}

/** A tile of which only a corner is shown may be larger than the picture, but not than pictures may be. */
function requireTile({ width, height }: { width: number; height: number }): void {
  const { maxSide, maxPixels } = PICTURE_LIMITS;
  if (Math.max(width, height) > maxSide || width * height > maxPixels) throw damagedPicture();
}

/** Cut first, then turned and mirrored in the order of the properties. */
function shownOf(
  { properties }: Item,
  { width, height }: HeifLayer,
): Pick<HeifPicture, "crop" | "orientation" | "width" | "height"> {
  let crop = { left: 0, top: 0, width, height };
  // mirrored left to right first, and then turned clockwise by quarters
  let [mirrored, quarters] = [false, 0];
  for (const { type, body } of properties) {
    if (type === "clap") crop = cropOf(body, width, height);
    else if (type === "irot") quarters += 4 - (body.getUint8(0) & 3);
    else if (type === "imir") {
      // axis 0 exchanges top and bottom: the other exchange, and half a turn
      quarters = ((body.getUint8(0) & 1) === 0 ? 6 : 4) - (quarters % 4);
      mirrored = !mirrored;
    }
  }
  const orientation = (mirrored ? [2, 7, 4, 5] : [1, 6, 3, 8])[quarters % 4]!;
  const across = quarters % 2 === 1 ? [crop.height, crop.width] : [crop.width, crop.height];
  return { crop, orientation, width: across[0]!, height: across[1]! };
}

/** Width, height and the distances of the middles, each a fraction. */
function cropOf(body: DataView, width: number, height: number): HeifPicture["crop"] {
  const fraction = (at: number, signed: boolean) =>
    (signed ? body.getInt32(at) : body.getUint32(at)) / Math.max(1, body.getUint32(at + 4));
  const [across, down] = [Math.floor(fraction(0, false)), Math.floor(fraction(8, false))];
  const left = Math.round((width - across) / 2 + fraction(16, true));
  const top = Math.round((height - down) / 2 + fraction(24, true));
  const inside = across > 0 && down > 0 && left >= 0 && top >= 0 && left + across <= width && top + down <= height;
  if (!inside) throw damagedPicture();
  return { left, top, width: across, height: down };
}

function alphaOf({ primary, byId, references }: Items): Item | undefined {
  const aids = references.filter(({ type, to }) => type === "auxl" && to.includes(primary.id));
  return aids
    .flatMap(({ from }) => byId.get(from) ?? [])
    .find(({ properties }) => {
      const box = properties.find(({ type }) => type === "auxC");
      const name = box ? Buffer.from(bytesOf(box).subarray(4)).toString("latin1") : "";
      return ALPHA.some((urn) => name.startsWith(`${urn}\0`) || name === urn);
    });
}

function nclxOf({ properties }: Item): Nclx | null {
  const box = colours(properties, ["nclx"]);
  if (!box) return null;
  const cursor = new Cursor(box.body, 4);
  const [primaries, transfer, matrix] = [cursor.next(2), cursor.next(2), cursor.next(2)];
  return { primaries, transfer, matrix, full: cursor.next(1) >= 128 };
}

function profileOf({ properties }: Item): Uint8Array | null {
  const box = colours(properties, ["prof", "rICC"]);
  return box ? bytesOf(box).subarray(4) : null;
}

function colours(properties: Box[], kinds: string[]): Box | undefined {
  return properties.find(({ type, body }) => type === "colr" && kinds.includes(new Cursor(body).text(4)));
}

function bytesOf({ body }: Box): Uint8Array {
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
}
