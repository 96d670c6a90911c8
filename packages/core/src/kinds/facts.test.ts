import { expect, test } from "vitest";
import { jpegBytes, pngBytes } from "../../../../test/support/api.ts";
import { mp3Bytes, wavBytes } from "../../../../test/support/silence.ts";
import { FIRST_BYTES, readFacts } from "./facts.ts";
import type { Slot } from "./inputs.ts";

const sound: Slot = { noun: "sound", media: ["audio"], maxBytes: 1e6, maxSeconds: 60, files: { min: 1, max: 1 } };
const table: Slot = { noun: "table", media: ["table"], maxBytes: 1e6, files: { min: 1, max: 1 } };
const either: Slot = {
  noun: "target",
  media: ["image", "video"],
  maxBytes: 1e6,
  maxSide: 1000,
  files: { min: 1, max: 1 },
};

const facts = (slot: Slot, bytes: Uint8Array) =>
  readFacts(slot, bytes.length, async (position, length) => bytes.subarray(position, position + length));

test("a slot takes what its media are, whatever that is called, and knows how much of it there is", async () => {
  expect(await facts(sound, wavBytes(3))).toEqual({ type: "audio/wav", bytes: 48_044, seconds: 3 });
  expect(await facts(sound, mp3Bytes(40))).toMatchObject({ type: "audio/mpeg" });
  expect(await facts(table, Buffer.from("name;city\nAda;London\n"))).toMatchObject({ type: "text/csv" });
  expect(await facts(either, jpegBytes(640, 480))).toMatchObject({ type: "image/jpeg", width: 640, height: 480 });
});

test.each<[string, Slot, Uint8Array, string, RegExp]>([
  ["a picture as a sound", sound, jpegBytes(), "unsupported_type", /^This is image\/jpeg\. Accepted .*audio\/wav/],
  ["a text as a sound", sound, Buffer.from("la la la"), "unsupported_type", /^This is text\/plain\./],
  [
    "bytes that nobody knows",
    sound,
    Buffer.from([1, 2, 0, 3]),
    "unsupported_type",
    /^This is not a sound that is known/,
  ],
  [
    "a sound of a minute and more",
    sound,
    wavBytes(62, 4000),
    "input_too_large",
    /^The sound is 62 s long; at most 60 s/,
  ],
  ["too large a file", sound, wavBytes(63), "too_large", /at most 1000000 are accepted/],
  ["too wide a picture", either, jpegBytes(1001, 10), "input_too_large", /1001×10 pixels/],
  ["nothing", sound, new Uint8Array(), "empty_file", /empty/],
])("%s is refused", async (_name, slot, bytes, code, message) => {
  await expect(facts(slot, bytes)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test("what is as large as it may be, and no larger, is taken", async () => {
  const wav = wavBytes(60, 4000);
  expect(await facts({ ...sound, maxBytes: wav.length }, wav)).toMatchObject({ bytes: wav.length, seconds: 60 });
  const square = { ...either, maxPixels: 1e6 };
  expect(await facts(square, pngBytes(1000, 1000))).toMatchObject({ width: 1000, height: 1000 });
  await expect(facts({ ...square, maxPixels: 999_999 }, pngBytes(1000, 1000))).rejects.toMatchObject({
    message: expect.stringMatching(
      /^Image too large \(1000×1000 pixels\)\. Make it smaller: at most 0\.999999 million/,
    ),
  });
  await expect(facts(either, pngBytes(10, 1001))).rejects.toMatchObject({ code: "input_too_large" });
});

test("a slot that sets no limits takes pictures and sounds of any size", async () => {
  const free: Slot = { noun: "file", media: ["image", "audio"], maxBytes: 1e6, files: { min: 1, max: 1 } };
  expect(await facts(free, pngBytes(30_000, 30_000))).toMatchObject({ width: 30_000 });
  expect(await facts(free, wavBytes(400, 1000))).toMatchObject({ seconds: 400 });
});

test("the size of a picture is found behind what a camera writes before it, reading no more than that", async () => {
  // three segments of 64 KiB, as of a large colour profile
  const segment = Buffer.concat([Buffer.from([0xff, 0xe2, 0xff, 0xff]), Buffer.alloc(0xfffd)]);
  const small = jpegBytes(640, 480);
  const jpeg = Buffer.concat([small.subarray(0, 20), segment, segment, segment, small.subarray(20), Buffer.alloc(5e5)]);
  const lengths: number[] = [];
  const found = await readFacts(either, jpeg.length, async (position, length) => {
    lengths.push(length);
    return jpeg.subarray(position, position + length);
  });
  expect(found).toMatchObject({ type: "image/jpeg", width: 640, height: 480 });
  expect(lengths[0]).toBe(FIRST_BYTES);
  expect(Math.max(...lengths)).toBeLessThan(jpeg.length / 2);
});

test.each<[string, Uint8Array]>([
  ["ends in its header", jpegBytes().subarray(0, 22)],
  ["is damaged in its header", Buffer.concat([jpegBytes().subarray(0, 20), Buffer.alloc(1e5)])],
  ["has no width", pngBytes(0, 480)],
])("a picture that %s is refused, with what would help", async (_, bytes) => {
  await expect(facts(either, bytes)).rejects.toMatchObject({
    code: "input_unreadable",
    message: "The picture is damaged: its header cannot be read. Save it again and try once more.",
  });
});

test("of tables, a slot may take those alone that begin with a certain line", async () => {
  const prices: Slot = { ...table, media: ["table", "text"], firstLine: { "text/csv": /^price,/ } };
  expect(await facts(prices, Buffer.from("price,name\n3,tea\n"))).toMatchObject({ type: "text/csv" });
  expect(await facts(prices, Buffer.from("Hello\n"))).toMatchObject({ type: "text/plain" });
  await expect(facts(prices, Buffer.from("name,price\ntea,3\n"))).rejects.toMatchObject({
    code: "unsupported_type",
    message: expect.stringMatching(/^This is not a table that is known here\. Accepted .*text\/csv/),
  });
});
