import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { encodedSound, type SoundFormat, wavOf } from "../../../../test/support/sounds.ts";
import { BOBBY, soundOf, spokenOf } from "../../../../test/support/spoken.ts";
import { readVoice } from "./voice-sound.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-damage-"));
afterAll(() => rmSync(dir, { recursive: true }));

const RATE = 16_000;
const once = soundOf(spokenOf(BOBBY));
/** Somebody who says a sentence three times, 10.8 s. */
const voice = Float32Array.from({ length: 3 * once.length }, (_, i) => once[i % once.length]!);
const encoded = (rate: number, codec: SoundFormat["codec"], container: string) =>
  encodedSound([rate === RATE ? voice : voice.subarray(0, once.length)], rate, { codec, container });

async function warningsOf(bytes: Uint8Array, type: string) {
  const path = join(dir, "sound");
  writeFileSync(path, bytes);
  const signal = new AbortController().signal;
  const { warnings } = await readVoice({ file: { path, type }, maxSeconds: 60, signal, progress() {} });
  return warnings;
}

/** The first 60 % of a file; and a file whose sixth tenth is lost. */
const cutOff = (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length * 0.6));
const holed = (bytes: Buffer) =>
  Buffer.from(bytes).fill(0, Math.floor(bytes.length * 0.5), Math.floor(bytes.length * 0.7));

const wav = async () => wavOf([voice], RATE);
const mp3 = () => encoded(RATE, "libmp3lame", "mp3");
const FILES: [what: string, type: string, whole: () => Promise<Buffer>][] = [
  ["WAV", "audio/wav", wav],
  ["MP3", "audio/mpeg", mp3],
  ["M4A", "audio/mp4", () => encoded(RATE, "aac", "ipod")],
  ["AAC", "audio/aac", () => encoded(RATE, "aac", "adts")],
  ["Opus", "audio/ogg", () => encoded(48_000, "libopus", "ogg")],
  ["FLAC", "audio/flac", () => encoded(RATE, "flac", "flac")],
  ["WebM", "video/webm", () => encoded(48_000, "libopus", "webm")],
];

test.each(FILES)("of a whole %s nothing is said", async (_, type, whole) => {
  expect(await warningsOf(await whole(), type)).toEqual([]);
});

test.each(FILES.filter(([what]) => ["WAV", "MP3", "FLAC"].includes(what)))(
  "a %s that is cut off is told with both lengths",
  async (_, type, whole) => {
    const detail = expect.stringMatching(/cut off: it should last 10\.8 s, and [56]\.\d s of it can be read\.$/);
    expect(await warningsOf(cutOff(await whole()), type)).toEqual([{ code: "sound_damaged", detail }]);
  },
);

test.each<[what: string, detail: RegExp]>([
  ["MP3", /it should last 10\.8 s, and 8\.\d s of it/],
  ["M4A", /[23]\.\d s are missing in one place and are silent/],
  ["AAC", /parts cannot be decoded/],
  ["FLAC", /[12]\.\d s are missing in one place/],
])("a hole in a %s is told with its figures", async (what, detail) => {
  const [, type, whole] = FILES.find(([name]) => name === what)!;
  const found = await warningsOf(holed(await whole()), type);
  expect(found).toEqual([{ code: "sound_damaged", detail: expect.stringMatching(detail) }]);
});

test("lengths that are only estimated, or those of a stream, are not held against a file", async () => {
  const stream = await wav();
  stream.writeUInt32LE(0xffff_ffff, 4);
  expect(await warningsOf(stream, "audio/wav")).toEqual([]);
  const unnamed = await mp3();
  for (const tag of ["Xing", "Info"]) {
    const at = unnamed.indexOf(tag);
    if (at > 0) unnamed.write("none", at, "latin1");
  }
  expect(await warningsOf(cutOff(unnamed), "audio/mpeg")).toEqual([]);
});

/** 32-bit floats. */
function floats(valueAt: (sample: number) => number): Buffer {
  const data = Buffer.alloc(4 * RATE);
  for (let i = 0; i < RATE; i++) data.writeFloatLE(valueAt(i), 4 * i);
  const head = wavOf([new Float32Array(2 * RATE)], RATE).subarray(0, 44);
  head.writeUInt16LE(3, 20);
  head.writeUInt32LE(4 * RATE, 28);
  head.writeUInt16LE(4, 32);
  head.writeUInt16LE(32, 34);
  return Buffer.concat([head, data]);
}

test.each([Number.NaN, Number.POSITIVE_INFINITY])(
  "a WAV of nothing but %f is refused, not taken for silence",
  async (value) => {
    await expect(
      warningsOf(
        floats(() => value),
        "audio/wav",
      ),
    ).rejects.toMatchObject({
      code: "input_unreadable",
      message: expect.stringMatching(/100 % of its samples are not numbers.*16 bits/),
    });
  },
);

test("a WAV with some samples that are not numbers is used, and that is told", async () => {
  const found = await warningsOf(
    floats((i) => (i < RATE / 10 ? Number.NaN : 0.3 * Math.sin(i / 9))),
    "audio/wav",
  );
  expect(found).toEqual([{ code: "sound_damaged", detail: expect.stringMatching(/1[01] % of its samples are not/) }]);
  expect(
    await warningsOf(
      floats((i) => 0.3 * Math.sin(i / 9)),
      "audio/wav",
    ),
  ).toEqual([]);
});
