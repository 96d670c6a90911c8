import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConvertRun } from "@smileloop/core/engine/tasks/convert.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { reencoded } from "../../../../test/support/clips.ts";
import { cutout, writeFilm } from "../../../../test/support/films.ts";
import { ASTRONAUT } from "../../../../test/support/pictures.ts";
import { wavBytes } from "../../../../test/support/silence.ts";
import { checkConverted } from "../check/convert.ts";
import { openFilmSound } from "../media/film-sound.ts";
import { readVideo } from "../media/video-reader.ts";
import { film } from "../services/film.ts";
import { convert } from "./convert.ts";

const SIDE = 128;
const FRAMES = 20;
const dir = mkdtempSync(join(tmpdir(), "smileloop-convert-"));
const signal = new AbortController().signal;
let given: Buffer;
let silent: Buffer;
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeAll(async () => {
  const picture = await cutout(ASTRONAUT, 64, 64);
  const sound = join(dir, "sound.wav");
  writeFileSync(sound, hiss(wavBytes(FRAMES / 25, 48_000)));
  const shape = { width: SIDE, height: SIDE, frames: FRAMES, show: (n: number) => [{ picture, x: 2 * n, y: 4 }] };
  const paths = ["given.mp4", "silent.mp4"].map((name) => join(dir, name));
  await writeFilm({ ...shape, path: paths[0]!, sound });
  await writeFilm({ ...shape, path: paths[1]! });
  [given, silent] = paths.map((path) => readFileSync(path)) as [Buffer, Buffer];
});

/** The same WAV with noise in it, the same each time. */
function hiss(wav: Buffer): Buffer {
  let state = 1;
  for (let at = 44; at + 1 < wav.length; at += 2) {
    state = (state * 48_271) % 2_147_483_647;
    wav.writeInt16LE((state % 16_000) - 8000, at);
  }
  return wav;
}

/** What becomes of a video, told as the worker does; the check has seen it. */
async function converted(file: Buffer, ending = "mp4", more: Partial<ConvertRun["params"]> = {}) {
  const [path, out] = [join(dir, `in.${ending}`), join(dir, "out.mp4")];
  writeFileSync(path, file);
  const video = [{ path, type: "video/mp4" }];
  const found = await film({ type: "film", run: "r", inputs: { video }, limits: { seconds: 60 } }, { signal });
  const { width, height, fps, frames, even, seconds } = found;
  const shape = { spec: { width, height, fps, frames }, even };
  const outputs = { video: out, poster: { path: join(dir, "poster.jpg"), frame: Math.floor(frames / 2) } };
  const asked = { kind: "convert" as const, inputs: { video }, run: "r" };
  const params = { ...shape, crf: 20, preset: "veryfast" as const, soundBitRate: 128_000, ...more };
  const provenance = { job: "j".repeat(32), engine: "warp", version: "1", mark: null };
  const made = await convert({ type: "run", ...asked, params, outputs, provenance }, { signal, progress: () => {} });
  const check = { type: "check" as const, ...asked, params: { ...shape, seconds }, files: outputs };
  return { made, out, check, checked: await checkConverted(check, { signal }) };
}

/** Mean brightness of the four quarters of each frame. */
async function quarters(path: string): Promise<number[][]> {
  const frames: number[][] = [];
  await readVideo(path, {
    onFrame: ({ width, height, yuv }) => {
      const luma = yuv();
      const sums = [0, 0, 0, 0];
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          sums[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)]! += luma[y * width + x]!;
        }
      }
      frames.push(sums.map((sum) => sum / ((width * height) / 4)));
    },
  });
  return frames;
}

/** Muxers that are not told how long the last frame lasts end with its beginning, so that it may not be shown. */
function requireAlike(found: number[][], wanted: number[][]): void {
  expect(found.length).toBeGreaterThanOrEqual(wanted.length - 1);
  for (const [n, frame] of wanted.slice(0, found.length).entries()) {
    for (const [at, level] of frame.entries()) expect(Math.abs(found[n]![at]! - level)).toBeLessThan(4);
  }
}

test("a WebM becomes an MP4 with the same pictures, whose index comes first", async () => {
  const { out, checked, made } = await converted(
    await reencoded(silent, { codec: "libvpx-vp9", container: "webm" }),
    "webm",
  );
  requireAlike(await quarters(out), await quarters(join(dir, "silent.mp4")));
  const info = await readVideo(out, { onFrame: () => {} });
  expect(info).toMatchObject({ codec: "h264", profile: 100, bt709: true, frames: FRAMES, constantRate: true });
  const bytes = readFileSync(out);
  expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));
  expect(checked.video).toMatchObject({ width: SIDE, height: SIDE, fps: 25, frames: FRAMES });
  expect([checked.video.audio, made.warnings]).toEqual([undefined, []]);
});

test.each([1, 2, 3] as const)(
  "a phone's video that is stored with %i quarter turns comes out upright",
  async (turns) => {
    const turned = await reencoded(silent, { codec: "libx264", container: "mov", turns });
    const { out } = await converted(turned, "mov");
    requireAlike(await quarters(out), await quarters(join(dir, "silent.mp4")));
    expect(readFileSync(out).includes("rotate")).toBe(false);
  },
);

test("frames that are not evenly apart keep their times", async () => {
  let at = 0;
  const times = Array.from({ length: FRAMES }, (_, n) => {
    at += n === 0 ? 0 : [20, 60, 33, 90][n % 4]!;
    return at;
  });
  const uneven = await reencoded(silent, { codec: "libx264", container: "mp4", times });
  const { out } = await converted(uneven);
  const info = await readVideo(out, { onFrame: () => {} });
  expect(info.frames).toBeGreaterThanOrEqual(FRAMES - 1);
  for (const [n, time] of info.times.entries()) expect(time).toBeCloseTo(times[n]! / 1000, 3);
});

test("the sound stays in its place, at the rate that was asked for", async () => {
  const { out, checked } = await converted(given, "mp4", { soundBitRate: 64_000 });
  expect(checked.video.audio).toEqual({ codec: "aac", channels: 1, sample_rate: 48_000 });
  const sound = await openFilmSound({ path: out, type: "video/mp4" });
  expect(sound).not.toBeNull();
  const small = statSync(out).size;
  await converted(given, "mp4", { soundBitRate: 256_000 });
  expect(statSync(out).size).toBeGreaterThan(small);
});

test("crf and preset are x264's: less is larger", async () => {
  const sizes: number[] = [];
  for (const crf of [10, 40]) {
    const { out } = await converted(silent, "mp4", { crf });
    sizes.push(statSync(out).size);
  }
  expect(sizes[0]!).toBeGreaterThan(1.5 * sizes[1]!);
});

test("a file says of a machine what the given one said, and nothing that it did not", async () => {
  const ours = await converted(silent);
  const tagsOf = async (path: string) => (await readVideo(path, { onFrame: () => {} })).tags;
  expect((await tagsOf(ours.out)).comment).toMatch(/^AI-generated .*job=film.*; Converted by SmileLoop; job=j+;/);
  const camera = await converted(await reencoded(silent, { codec: "libx264", container: "mp4" }));
  const { comment, description } = await tagsOf(camera.out);
  expect(comment).toMatch(/^Converted by SmileLoop/);
  expect(description).not.toContain("synthetic");
  expect(readFileSync(join(dir, "poster.jpg")).includes("DigitalSourceType")).toBe(false);
});

test("a file whose pictures cannot be decoded is refused, and leaves nothing", async () => {
  const broken = Buffer.from(silent);
  const data = broken.indexOf("mdat") + 4;
  broken.fill(0xff, data, broken.length);
  rmSync(join(dir, "out.mp4"), { force: true });
  await expect(converted(broken)).rejects.toMatchObject({ code: "input_unreadable", input: "video" });
  expect(statSync(join(dir, "out.mp4"), { throwIfNoEntry: false })).toBeUndefined();
});

test("the check refuses another duration, another size, and a sound that is missing", async () => {
  const { check } = await converted(given);
  const longer = { ...check.params, even: false, seconds: 5 };
  await expect(checkConverted({ ...check, params: longer }, { signal })).rejects.toMatchObject({
    code: "check_wrong_shape",
  });
  const spec = { ...check.params.spec, width: SIDE * 2 };
  const wider = { ...check, params: { ...check.params, spec } };
  await expect(checkConverted(wider, { signal })).rejects.toMatchObject({ code: "check_wrong_shape" });
  const mute = { ...check, files: { video: join(dir, "silent.mp4") } };
  await expect(checkConverted(mute, { signal })).rejects.toMatchObject({ code: "check_out_of_sync" });
});
