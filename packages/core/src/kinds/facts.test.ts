import { expect, test } from "vitest";
import { jpegBytes } from "../../../../test/support/api.ts";
import { mp3Bytes, wavBytes } from "../../../../test/support/silence.ts";
import { readFacts } from "./facts.ts";
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
