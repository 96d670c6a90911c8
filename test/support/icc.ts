/** Colour profiles for tests, made from their published numbers (ICC.1:2010, matrix profiles). */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Writes a profile with the primaries and the gamma of Adobe RGB (1998), adapted to D50; returns its path. */
export async function adobeRgbProfile(folder: string): Promise<string> {
  const path = join(folder, "adobe-rgb-like.icc");
  await writeFile(
    path,
    matrixProfile("Like Adobe RGB (1998)", 563 / 256, [
      [0.60974, 0.31111, 0.01947],
      [0.20528, 0.62567, 0.06087],
      [0.14919, 0.06322, 0.74457],
    ]),
  );
  return path;
}

/** `primaries`: XYZ of red, green and blue, adapted to D50. */
function matrixProfile(name: string, gamma: number, primaries: number[][]): Buffer {
  const curve = Buffer.alloc(16);
  curve.write("curv", 0, "latin1");
  curve.writeUInt32BE(1, 8);
  curve.writeUInt16BE(Math.round(gamma * 256), 12);
  const tags: [string, Buffer][] = [
    ["desc", description(name)],
    ["cprt", text("Public domain")],
    ["wtpt", xyz([0.9642, 1, 0.8249])],
    ["rXYZ", xyz(primaries[0]!)],
    ["gXYZ", xyz(primaries[1]!)],
    ["bXYZ", xyz(primaries[2]!)],
    ["rTRC", curve],
    ["gTRC", curve],
    ["bTRC", curve],
  ];
  return profile("mntrRGB XYZ ", tags);
}

/**
 * A profile of a press of our own: light = ((1 − ink)(1 − black))^`gamma` per colour, ink as stored in a JPEG. A decoder that
 * honours profiles shows exactly that, and one that does not shows something else.
 */
export function pressProfile(gamma: number): Buffer {
  const grid = 11;
  const table = Buffer.alloc(52 + 4 * 4 + grid ** 4 * 6 + 3 * 4);
  table.write("mft2", 0, "latin1");
  table.set([4, 3, grid], 8);
  for (const k of [0, 4, 8]) table.writeInt32BE(65536, 12 + k * 4);
  table.writeUInt16BE(2, 48);
  table.writeUInt16BE(2, 50);
  let at = 52;
  const ramps = (count: number) => {
    for (let i = 0; i < count; i++, at += 4) table.writeUInt16BE(65535, at + 2);
  };
  ramps(4);
  for (let i = 0; i < grid ** 4; i++) {
    const [c, m, y, k] = [grid ** 3, grid ** 2, grid, 1].map((step) => (Math.floor(i / step) % grid) / (grid - 1));
    const light = [c!, m!, y!].map((ink) => ((1 - ink) * (1 - k!)) ** gamma);
    const [l, a, b] = labD50(light);
    for (const value of [l * 652.8, (a + 128) * 256, (b + 128) * 256]) {
      table.writeUInt16BE(Math.max(0, Math.min(65535, Math.round(value))), at);
      at += 2;
    }
  }
  ramps(3);
  return profile("prtrCMYKLab ", [
    ["desc", description("Test press")],
    ["cprt", text("Public domain")],
    ["wtpt", xyz([0.9642, 1, 0.8249])],
    ["A2B0", table],
  ]);
}

/** Puts a profile into a JPEG that has none. */
export function withProfile(jpeg: Buffer, icc: Buffer): Buffer {
  const room = 65_000;
  const count = Math.ceil(icc.length / room);
  const segments = Array.from({ length: count }, (_, i) => {
    const part = icc.subarray(i * room, (i + 1) * room);
    const head = Buffer.from([0xff, 0xe2, 0, 0, ...Buffer.from("ICC_PROFILE\0", "latin1"), i + 1, count]);
    head.writeUInt16BE(part.length + 16, 2);
    return Buffer.concat([head, part]);
  });
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}

/** CIELAB (D50) of sRGB values 0–1, by the matrix of the sRGB profile. */
function labD50(rgb: number[]): [number, number, number] {
  const [r, g, b] = rgb.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ];
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116);
  const x = f((0.4360747 * r + 0.3850649 * g + 0.1430804 * b) / 0.96422);
  const y = f(0.2225045 * r + 0.7168786 * g + 0.0606169 * b);
  const z = f((0.0139322 * r + 0.0971045 * g + 0.7141733 * b) / 0.82521);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** `kind`: class, colour space and connection space, four letters each. */
function profile(kind: string, tags: [string, Buffer][]): Buffer {
  const table = Buffer.alloc(4 + tags.length * 12);
  table.writeUInt32BE(tags.length, 0);
  let at = 128 + table.length;
  tags.forEach(([tag, data], i) => {
    table.write(tag, 4 + i * 12, "latin1");
    table.writeUInt32BE(at, 8 + i * 12);
    table.writeUInt32BE(data.length, 12 + i * 12);
    at += data.length;
  });
  const header = Buffer.alloc(128);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x02100000, 8);
  header.write(kind, 12, "latin1");
  header.set([0x07, 0xea, 0, 1, 0, 1], 24);
  header.write("acsp", 36, "latin1");
  for (const [i, value] of [0.9642, 1, 0.8249].entries()) header.writeInt32BE(Math.round(value * 65536), 68 + i * 4);
  return Buffer.concat([header, table, ...tags.map(([, data]) => data)]);
}

function xyz(values: number[]): Buffer {
  const tag = Buffer.alloc(20);
  tag.write("XYZ ", 0, "latin1");
  for (const [i, value] of values.entries()) tag.writeInt32BE(Math.round(value * 65536), 8 + i * 4);
  return tag;
}

function text(value: string): Buffer {
  const tag = Buffer.alloc(8 + Math.ceil((value.length + 1) / 4) * 4);
  tag.write("text", 0, "latin1");
  tag.write(value, 8, "latin1");
  return tag;
}

function description(value: string): Buffer {
  const tag = Buffer.alloc(12 + Math.ceil((value.length + 1 + 78) / 4) * 4);
  tag.write("desc", 0, "latin1");
  tag.writeUInt32BE(value.length + 1, 8);
  tag.write(value, 12, "latin1");
  return tag;
}
