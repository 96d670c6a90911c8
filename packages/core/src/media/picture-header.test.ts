/** Sizes by headers alone, and files that lie about them. */
import { beforeAll, describe, expect, test } from "vitest";
import { box, full, heif, heifFile, imir, irot, u16, u32 } from "../../../../test/support/heif.ts";
import { ASTRONAUT, mutations } from "../../../../test/support/pictures.ts";
import { rgbOf, type Sample, samples } from "../../../../test/support/stills.ts";
import { UNREAD } from "../../../../test/support/unread.ts";
import { AppError } from "../errors.ts";
import { readFacts } from "../kinds/facts.ts";
import type { Slot } from "../kinds/inputs.ts";
import { readHeif } from "./heif.ts";
import { PICTURE_LIMITS } from "./limits.ts";
import { readPictureSize } from "./picture-header.ts";
import { sniffType } from "./sniff.ts";
import { namedType, typesOfClasses } from "./types.ts";

const SLOT: Slot = {
  noun: "picture",
  help: "Export it as a JPEG or PNG.",
  media: ["image"],
  maxBytes: 20e6,
  ...PICTURE_LIMITS,
  files: { min: 1, max: 1 },
};

let all: Sample[];
beforeAll(async () => {
  all = await samples(ASTRONAUT);
});

type Reads = { calls: number; bytes: number };

function reader(bytes: Buffer, reads: Reads = { calls: 0, bytes: 0 }) {
  return async (position: number, length: number) => {
    reads.calls += 1;
    reads.bytes += length;
    return bytes.subarray(position, position + length);
  };
}

const facts = (bytes: Buffer) => readFacts(SLOT, bytes.length, reader(bytes));

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );
}

describe("what is read", () => {
  test("each type by its content, with its size", async () => {
    for (const { name, type, bytes, width, height } of all) {
      expect(await facts(bytes), name).toEqual({ type, bytes: bytes.length, width, height });
    }
    const untested = typesOfClasses(["image"]).filter((type) => !all.some((sample) => sample.type === type));
    expect(untested).toEqual(["image/jpeg", "image/png"]);
  });

  test("of a large file, few bytes: a HEIC's boxes and a TIFF's directory may lie at its end", async () => {
    const heic = all.find(({ name }) => name === "HEIC of tiles")!.bytes;
    const [ftyp, meta] = [heic.readUInt32BE(0), heic.readUInt32BE(heic.readUInt32BE(0))];
    const padding = box("free", Buffer.alloc(3_000_000));
    const late = Buffer.concat([heic.subarray(0, ftyp), padding, heic.subarray(ftyp, ftyp + meta), padding]);
    const tiff = all.find(({ name }) => name === "TIFF")!.bytes;
    const at = tiff.readUInt32LE(4);
    const far = Buffer.concat([tiff.subarray(0, at), Buffer.alloc(3_000_000), tiff.subarray(at)]);
    far.writeUInt32LE(at + 3_000_000, 4);
    for (const [type, bytes] of [
      ["image/heic", late],
      ["image/tiff", far],
    ] as const) {
      const reads: Reads = { calls: 0, bytes: 0 };
      const size = await readPictureSize(type, bytes.length, reader(bytes, reads)).catch(() => null);
      // the data of the tiles are no longer where they were
      if (type === "image/tiff") expect(size).toEqual({ width: 46, height: 30 });
      expect(reads.calls, type).toBeLessThan(10);
      expect(reads.bytes, type).toBeLessThan(20_000);
    }
  });

  test("by other names, and with other brands", async () => {
    for (const [given, type] of Object.entries({
      ...{ "image/heif": "image/heic", "image/heic-sequence": "image/heic", "image/x-ms-bmp": "image/bmp" },
      ...{ "image/tif": "image/tiff", "IMAGE/HEIC; x=y": "image/heic", "image/avif-sequence": "image/avif" },
    })) {
      expect(namedType(given)).toBe(type);
    }
    const brands = (...names: string[]) => sniffType(box("ftyp", names[0]!, u32(0), ...names.slice(1)));
    expect(await brands("mif1", "mif1", "heic")).toBe("image/heic");
    expect(await brands("mif1", "avif", "miaf")).toBe("image/avif");
    expect(await brands("msf1", "hevc")).toBe("image/heic");
    expect(await brands("isom", "iso2", "mp41")).toBe("video/mp4");
    expect(await sniffType(Buffer.from("BMW,Audi,Volvo\n1,2,3\n"))).toBe("text/csv");
  });

  test("HEIC as it is shown: cut, turned and mirrored in the order of its properties", async () => {
    const clap = box("clap", u32(40, 1, 20, 1, 0, 1, 0, 1));
    for (const [properties, orientation, width, height] of [
      [[], 1, 46, 30],
      [[irot(1)], 8, 30, 46],
      [[irot(2)], 3, 46, 30],
      [[irot(3)], 6, 30, 46],
      [[imir(0)], 4, 46, 30],
      [[imir(1)], 2, 46, 30],
      [[irot(1), imir(0)], 5, 30, 46],
      [[irot(1), imir(1)], 7, 30, 46],
      [[clap, irot(3)], 6, 20, 40],
    ] as const) {
      const coded = [full("ispe", 0, u32(46, 30)), box("hvcC", Buffer.alloc(23)), ...properties];
      const bytes = heifFile([{ type: "hvc1", data: Buffer.alloc(9), inFile: true, properties: coded }], []);
      const read = await readHeif(bytes.length, reader(bytes));
      expect(read).toMatchObject({ orientation, width, height });
    }
  });
});

describe("what is refused", () => {
  test.each(UNREAD)("%s is named, with what would help", async (type, bytes) => {
    const message = new RegExp(`^This is ${type.replace("+", "\\+")}\\. Export it as a JPEG or PNG\\. Accepted`);
    await expect(facts(bytes)).rejects.toMatchObject({
      code: "unsupported_type",
      message: expect.stringMatching(message),
    });
  });

  test("raw data of a camera in a TIFF, and HEIF of other codecs", async () => {
    const dng = Buffer.from("49492a000800000002000001030001000000100000000101030001000000100000", "hex");
    const tagged = (tag: number) => {
      const bytes = Buffer.concat([dng.subarray(0, 10), dng.subarray(10), Buffer.alloc(20)]);
      bytes.writeUInt16LE(3, 8);
      bytes.writeUInt16LE(tag, 34);
      bytes.writeUInt16LE(3, 36);
      bytes.writeUInt16LE(32_803, 42);
      return bytes;
    };
    expect(await codeOf(readPictureSize("image/tiff", 54, reader(tagged(50_706))))).toBe("unsupported_type");
    expect(await codeOf(readPictureSize("image/tiff", 54, reader(tagged(262))))).toBe("unsupported_type");
    const ispe = full("ispe", 0, u32(64, 64));
    const vvc = heifFile([{ type: "vvc1", data: Buffer.alloc(9), inFile: true, properties: [ispe] }], []);
    await expect(facts(vvc)).rejects.toMatchObject({
      code: "unsupported_type",
      message: expect.stringMatching(/'vvc1'.*Export it as a JPEG/),
    });
    const sequence = Buffer.concat([box("ftyp", "hevc", u32(0), "hevc"), box("moov", Buffer.alloc(40))]);
    await expect(facts(sequence)).rejects.toMatchObject({
      code: "unsupported_type",
      message: expect.stringMatching(/without a still/),
    });
  });

  test("a side or a number of pixels that is too large", async () => {
    const webp = Buffer.alloc(30);
    webp.write("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0", "latin1");
    webp.writeUIntLE(16_384, 24, 3);
    const gif = Buffer.concat([Buffer.from("GIF89a"), Buffer.from([255, 255, 255, 255, 0, 0, 0])]);
    const bitmap = Buffer.alloc(60);
    bitmap.write("BM");
    bitmap.writeInt32LE(40, 14);
    bitmap.writeInt32LE(12_000, 18);
    bitmap.writeInt32LE(-9000, 22);
    const heic = await heif(await rgbOf(ASTRONAUT, 46, 30));
    heic.writeUInt32BE(2_000_000_000, heic.indexOf("ispe") + 8);
    for (const bytes of [webp, gif, bitmap, heic]) expect(await codeOf(facts(bytes))).toBe("input_too_large");
  });
});

describe("hostile headers", () => {
  const ispe = full("ispe", 0, u32(1024, 1024));
  const hvcC = box("hvcC", Buffer.alloc(23));
  const tile = { type: "hvc1", data: Buffer.alloc(9), inFile: true, properties: [ispe, hvcC] };
  const gridOf = (rows: number, columns: number, tiles: number, side = 1024) =>
    heifFile(
      [
        {
          type: "grid",
          data: Buffer.concat([Buffer.from([0, 0, rows - 1, columns - 1]), u16(side, side)]),
          inFile: false,
          properties: [full("ispe", 0, u32(side, side))],
        },
        ...Array.from({ length: tiles }, () => tile),
      ],
      [{ type: "dimg", from: 1, to: Array.from({ length: tiles }, (_, i) => i + 2) }],
    );

  test("grids that need more tiles than there are, tiles beyond the picture, and one tile as thousands", async () => {
    const one = gridOf(256, 256, 1);
    const same = heifFile(
      [
        {
          type: "grid",
          data: Buffer.concat([Buffer.from([0, 0, 15, 15]), u16(16_384, 16_384)]),
          inFile: false,
          properties: [full("ispe", 0, u32(16_384, 16_384))],
        },
        tile,
      ],
      [{ type: "dimg", from: 1, to: Array(256).fill(2) }],
    );
    for (const bytes of [one, same, gridOf(2, 2, 4), gridOf(1, 2, 2, 1000), gridOf(1, 1, 1, 2000)]) {
      expect(await codeOf(facts(bytes))).toBe("input_unreadable");
    }
  });

  test("boxes of size 0, 1 and 2⁶³, and boxes that end beyond the file", async () => {
    const heic = all.find(({ name }) => name === "HEIC")!.bytes;
    const long = Buffer.concat([
      heic.subarray(0, heic.readUInt32BE(0)),
      u32(1),
      Buffer.from("meta"),
      u32(0x80000000, 0),
    ]);
    expect(await codeOf(facts(long))).toBe("input_unreadable");
    for (const size of [0, 1, 7, 0x7fffffff, 0xffffffff]) {
      for (const type of ["meta", "iinf", "iloc", "iprp", "ipco", "ispe", "hvcC", "pitm"]) {
        const bytes = Buffer.from(heic);
        bytes.writeUInt32BE(size, bytes.indexOf(type) - 4);
        // a box without a size goes on to the end, and `ispe` may be the last that is needed
        expect(["input_unreadable", "unsupported_type", "none"], `${type} ${size}`).toContain(
          await codeOf(facts(bytes)),
        );
      }
    }
  });

  test("tables that promise more than they hold end soon", async () => {
    // 65,535 extents of no bytes for each of many items
    const greedy = Buffer.concat(Array.from({ length: 20_000 }, () => u16(1, 0, 0, 65_535)));
    const meta = full(
      "meta",
      0,
      full("pitm", 0, u16(1)),
      full("iinf", 0, u16(1), full("infe", 2, u16(1, 0), "hvc1", [0])),
      full("iloc", 1, [0, 0], u16(20_000), greedy),
      box("iprp", box("ipco")),
    );
    const started = performance.now();
    expect(await codeOf(facts(Buffer.concat([box("ftyp", "heic", u32(0), "heic"), meta])))).toBe("input_unreadable");
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test("a TIFF whose directory is itself, lies nowhere, or has 65,535 entries", async () => {
    for (const hex of [
      "49492a0000000000",
      "49492a00ffffffff",
      "49492a0008000000ffff",
      "49492b000800000008000000000000f0",
      "49492a00",
    ]) {
      const bytes = Buffer.concat([Buffer.from(hex, "hex"), Buffer.alloc(hex.length > 8 ? 200 : 0)]);
      expect(await codeOf(readPictureSize("image/tiff", bytes.length, reader(bytes))), hex).toBe("input_unreadable");
    }
  });

  test("damaged and cut-off files of every type: a size, or an error that says so", async () => {
    const seen = new Set<string>();
    for (const { type, bytes } of all) {
      const head = bytes.subarray(0, Math.min(bytes.length, 1500));
      const cut = Array.from({ length: 60 }, (_, i) => bytes.subarray(0, Math.floor((i / 60) ** 2 * bytes.length)));
      const tails = [...mutations(head, 300, 7)].map((start) => Buffer.concat([start, bytes.subarray(head.length)]));
      for (const file of [...cut, ...tails]) {
        if (file.length > 0) seen.add(await codeOf(facts(file)));
        seen.add(await codeOf(readPictureSize(type, file.length, reader(file))));
      }
    }
    const usual = ["none", "input_unreadable", "unsupported_type", "input_too_large"];
    expect([...seen].filter((code) => !usual.includes(code))).toEqual([]);
  });
});

describe("a JPEG", () => {
  const start = Buffer.from([0xff, 0xd8]);
  const frame = Buffer.from([0xff, 0xc0, 0, 11, 8, 0, 48, 0, 64, 1, 1, 0x11, 0]);
  const segment = Buffer.concat([Buffer.from([0xff, 0xe1, 0xff, 0xff]), Buffer.alloc(0xfffd)]);
  const sizeOf = (bytes: Buffer, reads: Reads) => readPictureSize("image/jpeg", bytes.length, reader(bytes, reads));

  test("with megabytes before its frame's header, such as a depth map, is read once from its start", async () => {
    const reads = { calls: 0, bytes: 0 };
    const bytes = Buffer.concat([start, ...Array.from({ length: 100 }, () => segment), frame, Buffer.alloc(1e6)]);
    expect(await sizeOf(bytes, reads)).toEqual({ width: 64, height: 48 });
    expect(reads.bytes).toBeLessThan(8e6);
    expect(reads.calls).toBeLessThan(40);
  });

  test.each([
    ["nothing but filling", Buffer.concat([start, Buffer.alloc(20e6, 0xff)])],
    ["restart markers without end", Buffer.concat([start, Buffer.alloc(20e6, Buffer.from([0xff, 0xd0]))])],
    ["empty segments without end", Buffer.concat([start, Buffer.alloc(20e6, Buffer.from([0xff, 0xe0, 0, 2]))])],
    ["full segments without end", Buffer.concat([start, ...Array.from({ length: 305 }, () => segment)])],
  ])("of %s is given up before it is read whole", async (_, bytes) => {
    const reads = { calls: 0, bytes: 0 };
    expect(await codeOf(sizeOf(bytes, reads))).toBe("input_unreadable");
    expect(reads.bytes).toBeLessThan(17e6);
  });
});
