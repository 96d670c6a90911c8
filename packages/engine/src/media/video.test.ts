import { existsSync, symlinkSync } from "node:fs";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@smileloop/core/errors.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { finish } from "../services/finish.ts";
import { readVideo } from "./video-reader.ts";
import { openVideoWriter } from "./video-writer.ts";

const provenance = { job: "0192f", engine: "warp", version: "1.2.3", mark: null };
let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "smileloop video "));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A soft blob that goes from left to right; sizes that are no multiple of 16 show padding mistakes. */
function scene(width: number, height: number, at: number): Uint8Array {
  const yuv = new Uint8Array((width * height * 3) / 2).fill(128, width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      yuv[y * width + x] = 40 + 150 * Math.exp(-((x - width * at) ** 2 + (y - height / 2) ** 2) / 200);
    }
  }
  for (let i = 0; i < (width * height) / 4; i++) yuv[width * height + i] = 90;
  return yuv;
}

async function write(name: string, { width = 90, height = 62, fps = 25, frames = 10 } = {}): Promise<string> {
  const path = join(dir, name);
  const writer = await openVideoWriter({ path, width, height, fps, provenance });
  const frame = new Uint8Array((width * height * 3) / 2);
  for (let i = 0; i < frames; i++) {
    frame.set(scene(width, height, i / frames));
    await writer.write(frame);
  }
  await writer.close();
  return path;
}

describe("a video that was written", () => {
  test("comes back frame by frame, in size, rate and colour", async () => {
    const path = await write("a.mp4");
    const errors: number[] = [];
    const info = await readVideo(path, {
      onFrame: ({ index, yuv }) => {
        const is = yuv();
        const was = scene(90, 62, index / 10);
        expect(is.length).toBe(was.length);
        errors.push(is.reduce((sum, value, i) => sum + Math.abs(value - was[i]!), 0) / is.length);
      },
    });
    expect(info).toMatchObject({ width: 90, height: 62, fps: 25, constantRate: true, frames: 10, duration: 0.4 });
    expect(info).toMatchObject({ codec: "h264", profile: 100, bt709: true, otherStreams: 0 });
    expect(errors).toHaveLength(10);
    expect(Math.max(...errors)).toBeLessThan(2);
  });

  test.each(["mp4", "webm"])("has frames at times of their own, each for as long as it lasts: %s", async (ending) => {
    const path = join(dir, `uneven.${ending}`);
    const times = [0, 0.04, 0.06, 0.2, 0.24, 0.5, 0.55, 0.7];
    const writer = await openVideoWriter({ path, width: 90, height: 62, fps: 25, times, provenance });
    for (let i = 0; i < 7; i++) await writer.write(scene(90, 62, i / 7));
    await writer.close();
    const info = await readVideo(path);
    expect(info.times).toEqual(times.slice(0, -1).map((at) => expect.closeTo(at, 3) as number));
    expect(info.duration).toBeCloseTo(0.7, 3);
  });

  test("says that a machine made it, which job and which engine", async () => {
    const { tags } = await readVideo(await write("tags.mp4"));
    expect(tags.comment).toBe("AI-generated (synthetic media) by SmileLoop; job=0192f; engine=warp 1.2.3");
    expect(tags.description).toContain("Made by a machine");
  });

  test("starts playing before it has arrived whole: moov stands before mdat", async () => {
    const bytes = await readFile(await write("fast.mp4"));
    expect(bytes.indexOf("moov")).toBeGreaterThan(0);
    expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));
  });

  test("is the same to the byte for the same frames", async () => {
    const size = { width: 256, height: 320 };
    const [a, b] = [await readFile(await write("1.mp4", size)), await readFile(await write("2.mp4", size))];
    expect(a.equals(b)).toBe(true);
  });

  test.each([
    [10, 10],
    [29.97, 30000 / 1001],
    [23.976, 24000 / 1001],
    [12.5, 12.5],
    [30, 30],
    [60, 60],
  ])("keeps a rate of %d frames a second", async (fps, exact) => {
    const info = await readVideo(await write("rate.mp4", { fps, width: 16, height: 16, frames: 31 }));
    expect(info.constantRate).toBe(true);
    expect(info.fps).toBeCloseTo(exact, 3);
    expect(info.duration).toBeCloseTo(31 / exact, 3);
  });

  test("of one frame is a video too", async () => {
    expect(await readVideo(await write("one.mp4", { frames: 1 }))).toMatchObject({ frames: 1, fps: 25 });
  });
});

describe("a video that was not finished", () => {
  test("leaves no file when it is stopped half way, however often", async () => {
    const path = join(dir, "stopped.mp4");
    const writer = await openVideoWriter({ path, width: 64, height: 64, fps: 25, provenance });
    for (let i = 0; i < 20; i++) await writer.write(scene(64, 64, i / 20));
    await Promise.all([writer.abort(), writer.abort()]);
    expect(existsSync(path)).toBe(false);
    await expect(writer.write(scene(64, 64, 0))).rejects.toThrow("closed");
  });

  test("leaves no file when it is stopped while it is being finished", async () => {
    const path = join(dir, "closing.mp4");
    const writer = await openVideoWriter({ path, width: 64, height: 64, fps: 25, provenance });
    await writer.write(scene(64, 64, 0));
    const [closed] = await Promise.allSettled([writer.close(), writer.abort()]);
    expect(closed?.status).toBe("rejected");
    expect(existsSync(path)).toBe(false);
  });

  test("fails with a typed error where nothing can be written", async () => {
    const path = join(dir, "no such folder", "a.mp4");
    const error = await openVideoWriter({ path, width: 64, height: 64, fps: 25, provenance }).catch((e: unknown) => e);
    expect(hasCode(error, "engine_failed")).toBe(true);
  });

  // a link, because what is left of the file is removed
  test.skipIf(process.platform !== "linux")("says so where there is no room for it", async () => {
    const path = join(dir, "full.mp4");
    symlinkSync("/dev/full", path);
    const error = await openVideoWriter({ path, width: 64, height: 64, fps: 25, provenance }).catch((e: unknown) => e);
    expect(hasCode(error, "storage_full")).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  test("odd sizes and frames of another size are refused", async () => {
    const options = { path: join(dir, "odd.mp4"), width: 64, height: 64, fps: 25, provenance };
    await expect(openVideoWriter({ ...options, width: 63 })).rejects.toThrow("even");
    const writer = await openVideoWriter(options);
    await expect(writer.write(new Uint8Array(10))).rejects.toThrow("6144 bytes");
    await writer.abort();
  });
});

describe("a file that is no good video", () => {
  test("is refused: cut off, damaged, empty, or something else", async () => {
    const good = await readFile(await write("good.mp4"));
    const cut = join(dir, "cut.mp4");
    await writeFile(cut, good);
    await truncate(cut, good.length - 200);
    await expect(readVideo(cut)).rejects.toThrow();

    const damaged = join(dir, "damaged.mp4");
    const start = good.indexOf("mdat") + 700;
    await writeFile(damaged, Buffer.from(good).fill(0xff, start, start + 120));
    await expect(readVideo(damaged)).rejects.toThrow();

    for (const bytes of [Buffer.alloc(0), Buffer.from("#EXTM3U\nfile:///etc/passwd\n"), good.subarray(0, 100)]) {
      const path = join(dir, "other.mp4");
      await writeFile(path, bytes);
      await expect(readVideo(path)).rejects.toThrow();
    }
  });
});

describe("finish", () => {
  const context = () => ({ signal: new AbortController().signal, progress: () => {} });
  const spec = { width: 64, height: 48, fps: 29.97, frames: 6 };
  const request = (frames: string, video: string) => ({
    type: "finish" as const,
    run: "r",
    frames: { path: join(dir, frames), pixels: "yuv420p" as const },
    spec,
    outputs: { video: join(dir, video) },
    provenance,
  });
  const raw = () => Buffer.concat(Array.from({ length: 6 }, (_, i) => scene(64, 48, i / 6)));

  test("makes raw frames a video and says how far it is", async () => {
    await writeFile(join(dir, "frames.yuv"), raw());
    const seen: number[] = [];
    const progress = (_stage: string, done: number, total: number) => void seen.push(done / total);
    const result = await finish(request("frames.yuv", "finished.mp4"), { ...context(), progress });
    expect(result.video).toEqual(spec);
    expect(seen.at(-1)).toBe(1);
    expect(await readVideo(join(dir, "finished.mp4"))).toMatchObject({ width: 64, height: 48, frames: 6 });
  });

  test.each([
    ["too few bytes", raw().subarray(0, -1)],
    ["a frame too many", Buffer.concat([raw(), scene(64, 48, 0)])],
    ["nothing", Buffer.alloc(0)],
  ])("refuses %s, and leaves no file", async (_case, bytes) => {
    await writeFile(join(dir, "bad.yuv"), bytes);
    const error = await finish(request("bad.yuv", "bad.mp4"), context()).catch((e: unknown) => e);
    expect(hasCode(error, "engine_failed")).toBe(true);
    expect(existsSync(join(dir, "bad.mp4"))).toBe(false);
  });

  test("stops when told, and leaves no file", async () => {
    await writeFile(join(dir, "frames.yuv"), raw());
    const controller = new AbortController();
    const progress = () => controller.abort(new Error("stop"));
    const running = finish(request("frames.yuv", "canceled.mp4"), { signal: controller.signal, progress });
    await expect(running).rejects.toThrow("stop");
    expect(existsSync(join(dir, "canceled.mp4"))).toBe(false);
  });
});
