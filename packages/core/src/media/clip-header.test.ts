import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { reencoded, stillClip } from "../../../../test/support/clips.ts";
import { mp3Bytes, wavBytes } from "../../../../test/support/silence.ts";
import { readClipHeader } from "./clip-header.ts";
import { sniffType } from "./sniff.ts";

const PHOTO = fileURLToPath(new URL("../../../../test/fixtures/astronaut.jpg", import.meta.url));
/** What an MP4 begins with. */
const FTYP = Buffer.from("000000146674797069736f6d0000020069736f6d", "hex");
const still = () => stillClip(PHOTO, 50);

async function read(bytes: Buffer) {
  const asked: { position: number; length: number }[] = [];
  const type = await sniffType(bytes.subarray(0, 32 * 1024));
  const header = await readClipHeader(type ?? "", bytes.length, async (position, length) => {
    asked.push({ position, length });
    return bytes.subarray(position, position + length);
  });
  return { type, header, asked };
}

test.each<[string, () => Buffer | Promise<Buffer>, string, number]>([
  ["WAV", () => wavBytes(7), "audio/wav", 7],
  ["MP3 of a constant rate", () => mp3Bytes(400), "audio/mpeg", 10.45],
  ["MP4", still, "video/mp4", 2],
  ["MOV", async () => reencoded(await still(), { codec: "libx264", container: "mov" }), "video/quicktime", 2],
  ["WebM", async () => reencoded(await still(), { codec: "libvpx-vp9", container: "webm" }), "video/webm", 2],
  ["Matroska", async () => reencoded(await still(), { codec: "libx264", container: "mkv" }), "video/x-matroska", 2],
])("the header of a %s says how long it is", async (_name, make, type, seconds) => {
  const { type: found, header } = await read(await make());
  expect(found).toBe(type);
  expect(header.seconds).toBeCloseTo(seconds, 1);
  // of MOV only the length is read
  if (["video/mp4", "video/webm", "video/x-matroska"].includes(type))
    expect(header).toMatchObject({ width: 256, height: 256 });
});

test("of a long sound only the header is read", async () => {
  const { header, asked } = await read(wavBytes(600));
  expect(header.seconds).toBe(600);
  expect(asked.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(200_000);
});

test.each([
  ["a sound that ends in its header", () => wavBytes(1).subarray(0, 30)],
  [
    "a video whose boxes are lies",
    () => Buffer.concat([Buffer.from("0000001866747970", "hex"), Buffer.alloc(99, 255)]),
  ],
  ["nothing but zeros", () => Buffer.alloc(1000)],
])("%s says nothing, and is no error", async (_name, make) => {
  expect((await read(make())).header).toEqual({});
});

test("a video of a million empty boxes is given up before it is read through", async () => {
  const boxes = Buffer.alloc(8 * 400_000, Buffer.from("0000000866726565", "hex"));
  const bytes = Buffer.concat([FTYP, boxes]);
  const { header, asked } = await read(bytes);
  expect(header).toEqual({});
  expect(asked.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(bytes.length / 2);
});

test("what the storage throws is passed on", async () => {
  const gone = new Error("gone");
  const reading = readClipHeader("audio/wav", 1000, () => Promise.reject(gone));
  await expect(reading).rejects.toBe(gone);
});

test.each([
  ["boxes inside of each other", nested(50_000)],
  ["boxes of nothing, one after the other", Buffer.alloc(8 * 50_000, Buffer.from("0000000866726565", "hex"))],
])("a video of 50,000 %s leaves others their turn, and is given up soon", async (_name, boxes) => {
  const bytes = Buffer.concat([FTYP, boxes]);
  let turns = 0;
  const count = () => {
    turns += 1;
    turn = setImmediate(count);
  };
  let turn = setImmediate(count);
  let reads = 0;
  const header = await readClipHeader("video/mp4", bytes.length, async (position, length) => {
    reads += 1;
    return bytes.subarray(position, position + length);
  });
  clearImmediate(turn);
  expect(header).toEqual({});
  expect(turns).toBeGreaterThan(10);
  // 8 bytes a box: at most 3,000 of them were looked at
  expect(reads * 64 * 1024).toBeLessThan(200_000);
});

function nested(depth: number): Buffer {
  const boxes = Buffer.alloc(8 * depth);
  for (let at = 0; at < boxes.length; at += 8) {
    boxes.writeUInt32BE(boxes.length - at, at);
    boxes.write("moov", at + 4, "latin1");
  }
  return boxes;
}
