/** Faces in videos: what our own engine rendered comes back as what was asked of it, however the file is made. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Channel, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Curves,
  drivingClip,
  type Format,
  hump,
  reencoded,
  stillClip,
  withCover,
} from "../../../../test/support/clips.ts";
import { COFFEE, GRACE_HOPPER } from "../../../../test/support/pictures.ts";
import { type Extracted, extractFile } from "./extract.ts";

const FRAMES = 40;
const asked: Curves = {
  mouthSmileLeft: hump(FRAMES, 0.9, 12, 38),
  mouthSmileRight: hump(FRAMES, 0.9, 12, 38),
  eyeBlinkLeft: hump(FRAMES, 1, 3, 11),
  eyeBlinkRight: hump(FRAMES, 1, 3, 11),
  headYaw: hump(FRAMES, 6, 12, 40),
};
let dir: string;
let files = 0;
let clip: Buffer;
/** The same in more pixels, for what another encoding takes away. */
let large: Buffer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "extract-"));
  clip = await drivingClip(GRACE_HOPPER, FRAMES, asked);
  large = await drivingClip(GRACE_HOPPER, FRAMES, asked, 512);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Each clip in its own file: a case that was given up may still be reading. */
function read(bytes: Uint8Array, seconds = 10, signal = new AbortController().signal): Promise<Extracted> {
  const path = join(dir, `driving-${++files}`);
  writeFileSync(path, bytes);
  return extractFile(path, seconds, { signal, progress: () => {} });
}

function curve({ motion }: Extracted, channel: Channel): number[] {
  const options = { fps: 25, durationSeconds: FRAMES / 25, intensity: 1, stretch: false };
  return sampleMotion(motion, options).faces[0]!.channels[channel] ?? Array(FRAMES).fill(0);
}
const both = (result: Extracted, name: "mouthSmile" | "eyeBlink"): number[] =>
  curve(result, `${name}Left`).map((value, i) => (value + curve(result, `${name}Right`)[i]!) / 2);

function correlation(a: number[], b: number[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [p, q] = [mean(a), mean(b)];
  const sum = (of: (i: number) => number) => a.reduce((total, _, i) => total + of(i), 0);
  const size = Math.sqrt(sum((i) => (a[i]! - p) ** 2) * sum((i) => (b[i]! - q) ** 2));
  return sum((i) => (a[i]! - p) * (b[i]! - q)) / (size || 1);
}

/** Follows what was asked in time and in size. */
function expectAsked(result: Extracted): void {
  for (const [name, values] of [
    ["mouthSmile", both(result, "mouthSmile")],
    ["eyeBlink", both(result, "eyeBlink")],
  ] as const) {
    const wanted = asked[`${name}Left`]!;
    expect(correlation(values, wanted), name).toBeGreaterThan(0.93);
    const size = Math.max(...values) / Math.max(...wanted);
    expect(size, name).toBeGreaterThan(0.75);
    expect(size, name).toBeLessThan(1.25);
  }
  const yaw = curve(result, "headYaw");
  expect(correlation(yaw, asked.headYaw!)).toBeGreaterThan(0.93);
  expect(Math.max(...yaw) / 6).toBeGreaterThan(0.6);
  expect(Math.max(...yaw) / 6).toBeLessThan(1.3);
}

test("a clip that we rendered comes back as the curves that were asked, at rest at its start", async () => {
  const result = await read(clip);
  expectAsked(result);
  expect((await read(clip)).motion).toEqual(result.motion);
  expect(result.source).toEqual({
    ...{ kind: "video", seconds: 1.6, frames: 40, fps: 25, width: 256, height: 256, faces: 1 },
  });
  expect(result.warnings).toEqual([]);
  for (const track of Object.values(result.motion.faces[0]!.channels)) {
    expect("samples" in track && track.samples[0]).toBe(0);
  }
});

describe("formats that phones and browsers write", () => {
  test.each<[what: string, format: Format]>([
    ["a MOV of a phone held upright", { codec: "libx264", container: "mov", turns: 1 }],
    ["HEVC in MP4, upside down", { codec: "libx265", container: "mp4", turns: 2 }],
    ["a MOV stored with its lowest row first", { codec: "libx264", container: "mov", flipped: true }],
    ["H.264 in Matroska, as browsers record it", { codec: "libx264", container: "mkv" }],
    ["VP9 in WebM", { codec: "libvpx-vp9", container: "webm" }],
  ])("%s", async (_, format) => {
    expectAsked(await read(await reencoded(large, format)));
  });

  test("a cover before the video is passed by; a cover alone is no clip", async () => {
    const covered = withCover(clip, readFileSync(COFFEE));
    expect((await read(covered)).motion).toEqual((await read(clip)).motion);
    await expect(read(asSound(covered))).rejects.toMatchObject({
      code: "input_unreadable",
      message: expect.stringMatching(/only picture is a still one/),
    });
  });

  test("frames at a varying rate keep their time", async () => {
    // every third frame is late
    const times = Array.from({ length: FRAMES }, (_, i) => i * 40 + (i % 3 === 1 ? 15 : 0));
    expectAsked(await read(await reencoded(clip, { codec: "libx264", container: "mp4", times })));
  });
});

describe("clips that begin otherwise than at rest", () => {
  test("a smile that is there from the start eases in, and what comes after is rest", async () => {
    const smile = Array.from(
      { length: 30 },
      (_, i) => 0.45 * (1 + Math.cos(Math.PI * Math.min(1, Math.max(0, (i - 10) / 8)))),
    );
    const result = await read(await drivingClip(GRACE_HOPPER, 30, { mouthSmileLeft: smile, mouthSmileRight: smile }));
    const seen = both(result, "mouthSmile");
    expect(seen[0]).toBe(0);
    expect(Math.max(...seen)).toBeGreaterThan(0.6);
    expect(Math.max(...seen.slice(22))).toBeLessThan(0.2);
  });
});

describe("what can't be used is refused with its reason", () => {
  test.each<[what: string, bytes: () => Buffer | Promise<Buffer>, code: string, is: RegExp]>([
    ["not a video", () => Buffer.from([0, 1, 2, 3, ...Array(200).fill(7)]), "input_unreadable", /cannot be read/],
    ["a video that is cut off before its index", () => clip.subarray(0, 300), "input_unreadable", /cut off or damaged/],
    [
      "a video without a frame",
      () => Buffer.concat([clip.subarray(0, clip.indexOf("mdat") - 4)]),
      "input_unreadable",
      /not a single frame|cut off/,
    ],
    [
      "a picture",
      () => readFileSync(COFFEE),
      "unsupported_type",
      /^The driving clip is image\/jpeg, in which no face moves\. Use/,
    ],
    ["sound alone", () => asSound(clip), "input_unreadable", /sound but no picture/],
    ["no face", () => stillClip(COFFEE, 15), "no_face", /driving clip/],
  ])("%s", async (_, bytes, code, is) => {
    await expect(read(await bytes())).rejects.toMatchObject({ code, message: expect.stringMatching(is) });
  });

  test("a clip that breaks off is used as far as it goes, with a warning", async () => {
    const { warnings, source } = await read(clip.subarray(0, Math.round(clip.length * 0.9)));
    expect(warnings).toMatchObject([{ code: "driving_damaged" }]);
    expect(source.frames).toBeLessThan(FRAMES);
    expect(source.frames).toBeGreaterThan(10);
  });

  test("a face that comes late is used from there on, with a warning that says when; one that comes too late is not", async () => {
    const { warnings } = await read(await stillClip(GRACE_HOPPER, 30, { grey: 12 }));
    expect(warnings).toMatchObject([{ code: "driving_face_late", detail: expect.stringContaining("0.5 s after") }]);
    const late = read(await stillClip(GRACE_HOPPER, 90, { grey: 60 }));
    await expect(late).rejects.toMatchObject({ code: "no_face" });
  });

  test("what is too long is cut, and the rest is not even read", async () => {
    const times = Array.from({ length: FRAMES }, (_, i) => i * 1500);
    const { motion, warnings, source } = await read(
      await reencoded(clip, { codec: "libx264", container: "mp4", times }),
      10,
    );
    expect(motion.duration).toBeLessThanOrEqual(10);
    expect(source.frames).toBeLessThan(9);
    expect(warnings).toMatchObject([{ code: "driving_cut" }]);
  });

  test("a cancel stops it", async () => {
    await expect(read(clip, 10, AbortSignal.abort(new Error("stopped")))).rejects.toThrow("stopped");
  });
});

/** The track says that it is sound. */
function asSound(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  copy.write("soun", copy.indexOf("vide", copy.indexOf("hdlr")));
  return copy;
}
