/** Sounds as people have them become motions, and the sound of the clip; what is no sound is refused with its reason. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ListenResult, SPEECH_SERVICES } from "@smileloop/core/engine/speech-services.ts";
import { hasCode } from "@smileloop/core/errors.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clickTrack, encodedSound, type Samples, type SoundFormat, wavOf } from "../../../../test/support/sounds.ts";
import { BOBBY, soundOf, spokenOf } from "../../../../test/support/spoken.ts";
import { createMeter, integratedLoudness } from "../media/loudness.ts";
import { listen } from "./listen.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "smileloop listen "));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let made = 0;
type Asked = {
  fps?: number;
  seconds?: number;
  signal?: AbortSignal;
  told?: object;
  progress?: (share: number) => void;
};

async function heard(bytes: Uint8Array, type: string, asked: Asked = {}) {
  const { fps = 25, seconds = 60, signal = new AbortController().signal, told = {}, progress = () => {} } = asked;
  const path = join(dir, `${++made}`);
  writeFileSync(path, bytes);
  const outputs = { motion: `${path}.json`, sound: `${path}.wav` };
  const request = SPEECH_SERVICES.listen.request.parse({
    ...{ type: "listen", run: "r", inputs: { audio: [{ path, type }] }, limits: { seconds }, outputs },
    ...{ params: { fps, intensity: 1, seed: 1 }, ...told },
  });
  const result = await listen(request, {
    signal,
    progress: (stage, done, total) => progress(stage === "listen" ? done / total : -1),
  });
  SPEECH_SERVICES.listen.result.parse(result);
  return { ...result, frames: await unpackFrames(result.motion), sound: samplesIn(outputs.sound), path };
}

/** A WAV of 16 bits, as it was written. */
function samplesIn(path: string): { channels: number; rate: number; samples: Samples } {
  const file = readFileSync(path);
  const channels = file.readUInt16LE(22);
  expect([file.toString("latin1", 0, 4), file.readUInt32LE(4), file.readUInt16LE(34)]).toEqual([
    "RIFF",
    file.length - 8,
    16,
  ]);
  expect(file.readUInt32LE(40)).toBe(file.length - 44);
  const length = (file.length - 44) / 2 / channels;
  const samples = Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length }, (_, i) => file.readInt16LE(44 + 2 * (i * channels + channel)) / 32_768),
  );
  return { channels, rate: file.readUInt32LE(24), samples };
}

/** Where it is loudest, seconds. */
function loudest({ samples, rate }: ReturnType<typeof samplesIn>): number {
  const values = samples[0]!.map(Math.abs);
  return values.indexOf(values.reduce((most, value) => Math.max(most, value), 0)) / rate;
}

const bobby = spokenOf(BOBBY);
const voice = soundOf(bobby);
const click = (rate: number, channels = 1) => clickTrack({ seconds: 1.3, clicks: [0.5], rate, channels });
const encoded = (rate: number, codec: SoundFormat["codec"], container: string) =>
  encodedSound(click(rate), rate, { codec, container });

describe("a sound in any format", () => {
  test.each([
    ["WAV of 16 bits", "audio/wav", () => wavOf(click(44_100), 44_100)],
    ["WAV of 8 bits at 8 kHz", "audio/wav", () => wavOf(click(8000), 8000, 8)],
    ["WAV of 7.1 channels", "audio/wav", () => wavOf(click(48_000, 8), 48_000)],
    ["MP3", "audio/mpeg", () => encoded(44_100, "libmp3lame", "mp3")],
    ["M4A", "audio/mp4", () => encoded(44_100, "aac", "ipod")],
    ["AAC", "audio/aac", () => encoded(44_100, "aac", "adts")],
    ["Opus", "audio/ogg", () => encoded(48_000, "libopus", "ogg")],
    ["FLAC", "audio/flac", () => encoded(44_100, "flac", "flac")],
    ["WebM", "video/webm", () => encoded(48_000, "libopus", "webm")],
  ])("is written with its first sample at the first frame: %s", async (_, type, bytes) => {
    const { seconds, frames, sound } = await heard(await bytes(), type);
    expect(sound.rate).toBe(48_000);
    expect(Math.abs(loudest(sound) - 0.5)).toBeLessThan(0.002);
    expect(Math.abs(seconds - 1.3)).toBeLessThan(type === "audio/aac" ? 0.03 : 0.002);
    expect(sound.samples[0]!.length / 48_000).toBe(seconds);
    expect(frames.frames).toBe(Math.round(seconds * 25));
  });

  test.each([10, 25, 29.97, 30, 60])("has its frames at %f a second", async (fps) => {
    const { seconds, frames } = await heard(wavOf([voice], 16_000), "audio/wav", { fps });
    expect(frames.frames).toBe(Math.round(seconds * fps));
    expect(frames.fps).toBe(fps);
  });

  test.each([50, 700, 3000])("may be very short: %i samples", async (length) => {
    const { frames, seconds } = await heard(wavOf([new Float32Array(length).fill(0.1)], 16_000), "audio/wav");
    expect(seconds).toBeGreaterThan(0);
    expect(frames.frames).toBe(Math.max(1, Math.round(seconds * 25)));
  });
});

describe("the sound of the clip", () => {
  const loudnessOf = (samples: Samples) => {
    const meters = samples.map((channel) => {
      const meter = createMeter();
      meter.add(channel);
      return meter;
    });
    return integratedLoudness(meters)!;
  };

  test.each([0.06, 0.2, 0.9])("has one loudness, whatever came: %f", async (level) => {
    const { sound, loudness } = await heard(wavOf([soundOf(bobby, level)], 16_000), "audio/wav");
    expect(loudnessOf(sound.samples)).toBeGreaterThan(-16.6);
    expect(loudnessOf(sound.samples)).toBeLessThan(-15.8);
    expect(loudness! - 20 * Math.log10(level)).toBeCloseTo(-11.8, 0);
  });

  test("of silence is silence, and it is said so", async () => {
    const { sound, loudness, speechShare, warnings } = await heard(
      wavOf([new Float32Array(16_000)], 16_000),
      "audio/wav",
    );
    expect([Math.max(...sound.samples[0]!), loudness, speechShare]).toEqual([0, null, 0]);
    expect(warnings).toMatchObject([{ code: "no_speech" }]);
  });

  test("stays stereo, but not where a mono player would lose the voice", async () => {
    const none = new Float32Array(voice.length);
    const turned = voice.map((value) => -value);
    const cases: [Samples, number][] = [
      [[voice, voice], 2],
      [[voice, none], 1],
      [[none, voice], 1],
      [[voice, turned], 1],
    ];
    const jaws: (number[] | undefined)[] = [];
    for (const [samples, channels] of cases) {
      const { sound, frames } = await heard(wavOf(samples, 16_000), "audio/wav");
      expect(sound.channels).toBe(channels);
      jaws.push(frames.faces[0]!.channels.jawOpen);
    }
    expect(jaws[1]).toEqual(jaws[2]);
    for (const jaw of jaws) expect(jaw!.length).toBeGreaterThan(50);
  });
});

describe("what is known beside the sound", () => {
  const opens = ({ faces }: MotionFrames, seconds: number) =>
    faces[0]!.channels.jawOpen?.[Math.floor(seconds * 25)] ?? 0;

  test("times of its phones are followed", async () => {
    const { words, phones } = bobby;
    const { frames, aligned } = await heard(wavOf([voice], 16_000), "audio/wav", {
      told: { spoken: { words, phones } },
    });
    expect(aligned).toBe(true);
    for (const { phone, start, end } of phones) {
      if (phone === "m") expect(opens(frames, (start + end) / 2)).toBeLessThan(0.03);
      if (phone === "a") expect(opens(frames, (start + end) / 2)).toBeGreaterThan(0.2);
    }
  });

  test("another voice's sound and times are read, from a file as well", async () => {
    const reference = join(dir, "reference.wav");
    writeFileSync(reference, wavOf([voice], 16_000));
    const spoken = join(dir, "reference.json");
    writeFileSync(spoken, JSON.stringify({ words: [], phones: bobby.phones }));
    const told = { reference: { sound: { path: reference, type: "audio/wav" }, spoken: { path: spoken } } };
    const { aligned, warnings } = await heard(wavOf([voice], 16_000), "audio/wav", { told });
    expect(aligned).toBe(true);
    expect(warnings.map(({ code }) => code)).not.toContain("text_not_found");
  });

  test("the same request gives the same motion and the same bytes", async () => {
    const bytes = await encodedSound([voice], 16_000, { codec: "libmp3lame", container: "mp3" });
    const [one, two] = [await heard(bytes, "audio/mpeg"), await heard(bytes, "audio/mpeg")];
    expect(two.frames).toEqual(one.frames);
    expect(two.sound).toEqual(one.sound);
  });

  test("the progress is told, and never falls back", async () => {
    const shares: number[] = [];
    await heard(wavOf([voice], 16_000), "audio/wav", { progress: (share) => shares.push(share) });
    expect(shares.at(-1)).toBe(1);
    expect(shares.length).toBeGreaterThan(4);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });

  test("long curves go by file", async () => {
    const long = new Float32Array(50 * 16_000);
    for (let at = 0; at + voice.length < long.length; at += voice.length) long.set(voice, at);
    const { motion, frames } = await heard(wavOf([long], 16_000), "audio/wav", { fps: 60 });
    expect(motion).toMatchObject({ path: expect.stringMatching(/\.json$/) });
    expect(frames.frames).toBe(3000);
  });
});

describe("a sound that can't be used", () => {
  const wav = wavOf([voice], 16_000);
  const tenHours = (() => {
    const bytes = Buffer.from(wav);
    bytes.writeUInt32LE(0x7fff_ff00, 4);
    bytes.writeUInt32LE(0x7fff_f000, 40);
    return bytes;
  })();
  const fails = async (bytes: Uint8Array, type: string, asked: Asked = {}): Promise<unknown> =>
    heard(bytes, type, asked).then(
      ({ seconds }: Pick<ListenResult, "seconds">) => `heard ${seconds} s`,
      (error: unknown) => error,
    );

  test.each<[what: string, bytes: () => Uint8Array, type: string, code: Parameters<typeof hasCode>[1], is: RegExp]>([
    ["an empty file", () => Buffer.alloc(0), "audio/wav", "empty_file", /empty: it has 0 bytes/],
    ["a head alone", () => wav.subarray(0, 44), "audio/wav", "input_unreadable", /cut off, damaged or empty/],
    ["half a head", () => wav.subarray(0, 20), "audio/wav", "input_unreadable", /cut off/],
    ["a text", () => Buffer.from("hello".repeat(99)), "audio/mpeg", "input_unreadable", /cut off/],
    ["another format than it says", () => wav, "audio/flac", "input_unreadable", /cannot be read/],
    ["a picture's type", () => wav, "image/png", "unsupported_type", /image\/png/],
  ])("%s", async (_, bytes, type, code, is) => {
    const error = await fails(bytes(), type);
    expect(hasCode(error, code), String(error)).toBe(true);
    expect(error).toMatchObject({ input: "audio", message: expect.stringMatching(is) });
    expect(readdirSync(dir).filter((file) => file === `${made}.wav` || file === `${made}.json`)).toEqual([]);
  });

  test("a sound that is too long is refused while it is read, with both figures, whatever its head says", async () => {
    const long = wavOf([new Float32Array(8 * 8000)], 8000);
    const error = await fails(long, "audio/wav", { seconds: 5 });
    expect(error).toMatchObject({
      code: "input_too_large",
      input: "audio",
      message: expect.stringMatching(/8\.0 s long; at most 5 s/),
    });
    expect(readdirSync(dir)).not.toContain(`${made}.wav`);
  });

  test("a head of ten hours before three seconds is not believed", async () => {
    const { seconds } = await heard(tenHours, "audio/wav", { seconds: 10 });
    expect(seconds).toBeCloseTo(bobby.seconds, 2);
  });

  test("a sound that breaks off is used as far as it goes", async () => {
    const { seconds } = await heard(wav.subarray(0, 44 + 32_000), "audio/wav");
    expect(seconds).toBeCloseTo(1, 2);
  });

  test("floats that are not numbers are silence", async () => {
    const { frames } = await heard(
      floatWav([0.1, Number.NaN, Infinity, -Infinity, 1e30, ...voice.subarray(0, 20_000)]),
      "audio/wav",
    );
    for (const values of Object.values(frames.faces[0]!.channels)) {
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });

  test("a cancel stops it, and leaves nothing", async () => {
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(heard(wav, "audio/wav", { signal })).rejects.toThrow("stopped");
    expect(readdirSync(dir)).not.toContain(`${made}.wav`);
  });
});

/** WAV of 32-bit floats at 16 kHz. */
function floatWav(values: number[]): Buffer {
  const head = Buffer.from(wavOf([new Float32Array(1)], 16_000).subarray(0, 44));
  head.writeUInt16LE(3, 20);
  head.writeUInt32LE(64_000, 28);
  head.writeUInt16LE(4, 32);
  head.writeUInt16LE(32, 34);
  head.writeUInt32LE(values.length * 4, 40);
  const data = Buffer.alloc(values.length * 4);
  for (const [nth, value] of values.entries()) data.writeFloatLE(value, nth * 4);
  return Buffer.concat([head, data]);
}
