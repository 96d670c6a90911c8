/** Writes HEIC and AVIF files: whole or in tiles, turned, with a profile or alpha, as phones and programs do. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { encodeHevc, type Nclx, type Rgb, USUAL } from "./hevc.ts";

export type HeifOptions = {
  coding?: "hvc1" | "av01";
  /** Side of the tiles of a grid; a whole picture where absent. */
  tile?: number;
  deep?: boolean;
  nclx?: Nclx;
  icc?: Buffer;
  /** Grey: R = G = B. */
  alpha?: Rgb;
  /** Further properties of the picture, in their order: `irot(1)`. */
  properties?: Buffer[];
};

const ALPHA = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0";

/** Counter-clockwise by quarters. */
export const irot = (quarters: number): Buffer => box("irot", [quarters]);
/** 0: top and bottom change places, 1: left and right. */
export const imir = (axis: number): Buffer => box("imir", [axis]);

type Item = { type: string; data: Buffer; inFile: boolean; properties: Buffer[] };
type Reference = { type: string; from: number; to: number[] };

export async function heif(picture: Rgb, options: HeifOptions = {}): Promise<Buffer> {
  const { coding = "hvc1", nclx = USUAL, icc, properties = [] } = options;
  const colour = icc
    ? box("colr", "prof", icc)
    : box("colr", "nclx", u16(nclx.primaries, nclx.transfer, nclx.matrix), [nclx.full ? 128 : 0]);
  const { items, references } = await layer(picture, [colour, ...properties], { ...options, coding, nclx });
  if (options.alpha) {
    const name = full("auxC", 0, ALPHA);
    const alpha = await layer(options.alpha, [name], { coding, nclx: USUAL });
    references.push({ type: "auxl", from: items.length + 1, to: [1] });
    items.push(...alpha.items);
  }
  return heifFile(items, references, coding);
}

/** The first item is the picture. */
async function layer(
  picture: Rgb,
  properties: Buffer[],
  options: HeifOptions & { coding: "hvc1" | "av01"; nclx: Nclx },
): Promise<{ items: Item[]; references: Reference[] }> {
  const { coding, tile } = options;
  const { width, height } = picture;
  if (tile === undefined) {
    const { config, data } = await coded(picture, options);
    return {
      items: [{ type: coding, data, inFile: true, properties: [ispe(width, height), config, ...properties] }],
      references: [],
    };
  }
  const [columns, rows] = [Math.ceil(width / tile), Math.ceil(height / tile)];
  const grid = Buffer.concat([Buffer.from([0, 0, rows - 1, columns - 1]), u16(width, height)]);
  const items: Item[] = [{ type: "grid", data: grid, inFile: false, properties: [ispe(width, height), ...properties] }];
  for (let i = 0; i < columns * rows; i++) {
    const { config, data } = await coded(
      cut(picture, (i % columns) * tile, Math.floor(i / columns) * tile, tile),
      options,
    );
    items.push({ type: coding, data, inFile: true, properties: [ispe(tile, tile), config] });
  }
  return { items, references: [{ type: "dimg", from: 1, to: items.slice(1).map((_, i) => i + 2) }] };
}

/** Items are numbered from 1 on. */
export function heifFile(items: Item[], references: Reference[], coding: "hvc1" | "av01" = "hvc1"): Buffer {
  const brands = coding === "hvc1" ? "heicmif1heic" : "avifmif1avif";
  const ftyp = box("ftyp", brands.slice(0, 4), u32(0), brands.slice(4));
  const all = items.flatMap(({ properties }) => properties);
  const links = items.map(({ properties }, i) => {
    const indexes = properties.map((property) => all.indexOf(property) + 1 + 0x8000);
    return Buffer.concat([u16(i + 1), Buffer.from([indexes.length]), u16(...indexes)]);
  });
  const metaAt = (start: number): Buffer => {
    let [inFile, inMeta] = [start, 0];
    const places = items.map((item, i) => {
      const at = item.inFile ? inFile : inMeta;
      if (item.inFile) inFile += item.data.length;
      else inMeta += item.data.length;
      return Buffer.concat([u16(i + 1, item.inFile ? 0 : 1, 0, 1), u32(at, item.data.length)]);
    });
    return full(
      "meta",
      0,
      full("hdlr", 0, u32(0), "pict", Buffer.alloc(13)),
      full("pitm", 0, u16(1)),
      full("iinf", 0, u16(items.length), ...items.map(({ type }, i) => infe(i + 1, type))),
      full("iref", 0, ...references.map(({ type, from, to }) => box(type, u16(from, to.length, ...to)))),
      box("iprp", box("ipco", ...all), Buffer.concat([full("ipma", 0, u32(items.length), ...links)].map(wide))),
      full("iloc", 1, [0x44, 0], u16(items.length), ...places),
      box("idat", ...items.filter((item) => !item.inFile).map(({ data }) => data)),
    );
  };
  const start = ftyp.length + metaAt(0).length + 8;
  return Buffer.concat([
    ftyp,
    metaAt(start),
    box("mdat", ...items.filter((item) => item.inFile).map(({ data }) => data)),
  ]);
}

/** All but the first are hidden, as phones do it with tiles. */
function infe(id: number, type: string): Buffer {
  const entry = full("infe", 2, u16(id, 0), type, [0]);
  entry[11] = id === 1 ? 0 : 1;
  return entry;
}

/** Flag 1 of `ipma`: indexes of two bytes. */
function wide(ipma: Buffer): Buffer {
  ipma[11] = 1;
  return ipma;
}

/** A picture in one frame: the decoder's configuration as a box, and the data. */
async function coded(
  { data, width, height }: Rgb,
  { coding, deep, nclx }: { coding: "hvc1" | "av01"; deep?: boolean; nclx: Nclx },
): Promise<{ config: Buffer; data: Buffer }> {
  if (coding === "av01") {
    const options = { quality: 90, effort: 0, bitdepth: deep ? 10 : 8, chromaSubsampling: "4:2:0" } as const;
    return partsOf(
      await sharp(data, { raw: { width, height, channels: 3 } })
        .avif(options)
        .toBuffer(),
      "av1C",
    );
  }
  const dir = mkdtempSync(join(tmpdir(), "smileloop-heif-"));
  try {
    const path = join(dir, "still.mp4");
    await encodeHevc(path, [{ data, width, height }], { nclx, deep: deep === true });
    return partsOf(readFileSync(path), "hvcC");
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Of a file with one picture. */
function partsOf(file: Buffer, configType: string): { config: Buffer; data: Buffer } {
  const at = file.indexOf(configType) - 4;
  const mdat = file.indexOf("mdat");
  return {
    config: file.subarray(at, at + file.readUInt32BE(at)),
    data: file.subarray(mdat + 4, mdat - 4 + file.readUInt32BE(mdat - 4)),
  };
}

/** A square of a picture; beyond its edges, the edges go on. */
function cut({ data, width, height }: Rgb, left: number, top: number, side: number): Rgb {
  const out = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const from = (Math.min(height - 1, top + y) * width + Math.min(width - 1, left + x)) * 3;
      out.set(data.subarray(from, from + 3), (y * side + x) * 3);
    }
  }
  return { data: out, width: side, height: side };
}

const ispe = (width: number, height: number): Buffer => full("ispe", 0, u32(width, height));

type Part = Uint8Array | string | number[];

export function box(type: string, ...parts: Part[]): Buffer {
  const body = Buffer.concat(
    [type, ...parts].map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))),
  );
  return Buffer.concat([u32(body.length + 4), body]);
}

export function full(type: string, version: number, ...parts: Part[]): Buffer {
  return box(type, [version, 0, 0, 0], ...parts);
}

export function u16(...values: number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));
}

export function u32(...values: number[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    }),
  );
}
