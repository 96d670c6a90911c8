/** Every format of clips: written, read again by this reader and by other decoders, and marked. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@smileloop/core/errors.ts";
import { CLIP_FORMATS, type ClipFormat } from "@smileloop/core/media/clip-formats.ts";
import { sniffType } from "@smileloop/core/media/sniff.ts";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readVideo } from "./video-reader.ts";
import { openVideoWriter } from "./video-writer.ts";

const provenance = { job: "0192f", engine: "warp", version: "1.2.3", mark: null };
const MARK = "AI-generated (synthetic media) by SmileLoop; job=0192f; engine=warp 1.2.3";
const [WIDTH, HEIGHT] = [96, 62];
let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "smileloop formats "));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A soft bright blob on warm grey, further to the right from frame to frame. */
function scene(at: number): Uint8Array {
  const yuv = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(120, WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      yuv[y * WIDTH + x] = 60 + 130 * Math.exp(-((x - 10 - 70 * at) ** 2 + (y - HEIGHT / 2) ** 2) / 200);
    }
  }
  yuv.fill(140, (WIDTH * HEIGHT * 5) / 4);
  return yuv;
}

type Wanted = { fps?: number; frames?: number; still?: boolean; poster?: { path: string; frame: number } };

async function write(name: string, { fps = 25, frames = 12, still = false, poster }: Wanted = {}): Promise<string> {
  const path = join(dir, name);
  const writer = await openVideoWriter({ path, width: WIDTH, height: HEIGHT, fps, provenance, poster });
  for (let i = 0; i < frames; i++) await writer.write(scene(still ? 0 : i / frames));
  await writer.close();
  return path;
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

describe.each(CLIP_FORMATS.map((format) => [format.name, format] as const))("%s", (name, format: ClipFormat) => {
  test("comes back frame by frame, in size, colour and time", async () => {
    const errors: number[] = [];
    const info = await readVideo(await write(`a.${format.extension}`), {
      fps: 25,
      onFrame: ({ index, yuv }) => void errors.push(meanDifference(yuv(), scene(index / 12))),
    });
    expect(info).toMatchObject({
      width: WIDTH,
      height: HEIGHT,
      fps: 25,
      constantRate: true,
      frames: 12,
      otherStreams: 0,
    });
    expect(info.duration).toBeCloseTo(0.48, 6);
    expect(errors).toHaveLength(12);
    expect(Math.max(...errors)).toBeLessThan(4);
  });

  test("is what its type says", async () => {
    expect(await sniffType(readFileSync(await write(`type.${format.extension}`)))).toBe(format.contentType);
  });

  test.each([10, 12.5, 24, 29.97, 30, 60])("keeps the time of %d frames a second", async (asked) => {
    const fps = format.rateFor(asked);
    const info = await readVideo(await write(`rate.${format.extension}`, { fps, frames: 31 }), { fps });
    expect([info.frames, info.constantRate]).toEqual([31, true]);
    expect(info.fps).toBeCloseTo(fps, 2);
    expect(info.duration).toBeCloseTo(31 / fps, 2);
  });

  test("of frames that look the same has all of them", async () => {
    const info = await readVideo(await write(`still.${format.extension}`, { still: true }), { fps: 25 });
    expect(info).toMatchObject({ fps: 25, constantRate: true, frames: 12 });
    expect(info.duration).toBeCloseTo(0.48, 6);
  });

  test("says that a machine made it, which job and which engine", async () => {
    const { tags } = await readVideo(await write(`tags.${format.extension}`));
    expect(Object.values(tags).join()).toContain(MARK);
    expect(Object.values(tags).join()).toContain("Made by a machine");
  });

  test("leaves nothing when it is stopped, whether half way or at its end", async () => {
    const before = readdirSync(dir).sort();
    const path = join(dir, `stopped.${format.extension}`);
    const poster = { path: join(dir, "stopped.jpg"), frame: 2 };
    for (const closing of [false, true]) {
      const writer = await openVideoWriter({ path, width: WIDTH, height: HEIGHT, fps: 25, provenance, poster });
      for (let i = 0; i < 6; i++) await writer.write(scene(i / 6));
      const [closed] = await Promise.allSettled([closing ? writer.close() : null, writer.abort()]);
      expect(closed?.status).toBe(closing ? "rejected" : "fulfilled");
      expect(readdirSync(dir).sort()).toEqual(before);
    }
  });

  test("has a poster of the frame that was asked for, with no word of a camera", async () => {
    const poster = { path: join(dir, `poster-${name}.jpg`), frame: 9 };
    await write(`poster.${format.extension}`, { poster });
    const { data } = await sharp(poster.path).greyscale().raw().toBuffer({ resolveWithObject: true });
    // where the blob is: the brightest column of the middle row
    const middle = [...data.subarray((HEIGHT / 2) * WIDTH, (HEIGHT / 2 + 1) * WIDTH)];
    expect(Math.abs(middle.indexOf(Math.max(...middle)) - (10 + (70 * 9) / 12))).toBeLessThan(3);
    const { exif, icc, iptc, xmp, ...rest } = await sharp(poster.path).metadata();
    expect(rest).toMatchObject({ format: "jpeg", width: WIDTH, height: HEIGHT });
    expect([exif, icc, iptc]).toEqual([undefined, undefined, undefined]);
    expect(xmp?.toString()).toContain(MARK);
  });
});

/** The chunks of a WebP, by the letter of RFC 9649. */
function chunksOf(file: Buffer): { name: string; data: Buffer }[] {
  expect(file.toString("latin1", 8, 12)).toBe("WEBP");
  expect(file.readUInt32LE(4) + 8).toBe(file.length);
  const chunks: { name: string; data: Buffer }[] = [];
  for (let at = 12; at < file.length; ) {
    const bytes = file.readUInt32LE(at + 4);
    chunks.push({ name: file.toString("latin1", at, at + 4), data: file.subarray(at + 8, at + 8 + bytes) });
    at += 8 + bytes + (bytes % 2);
  }
  return chunks;
}

test("a WebP repeats for ever, has the time of each frame and XMP; also where nothing moves", async () => {
  for (const still of [false, true]) {
    const chunks = chunksOf(readFileSync(await write("chunks.webp", { still })));
    expect([chunks[0]?.name, chunks[1]?.name, chunks.at(-1)?.name]).toEqual(["VP8X", "ANIM", "XMP "]);
    // that there is an animation, and XMP
    expect(chunks[0]!.data[0]! & 0x06).toBe(0x06);
    expect(chunks[1]!.data.readUInt16LE(4)).toBe(0);
    const durations = chunks.filter(({ name }) => name === "ANMF").map(({ data }) => data.readUIntLE(12, 3));
    expect(durations).toEqual(still ? [480] : Array(12).fill(40));
    expect(chunks.at(-1)!.data.toString()).toContain("digitalsourcetype/compositeWithTrainedAlgorithmicMedia");
  }
});

test("a GIF repeats for ever and has the time of each frame", async () => {
  const file = readFileSync(await write("other.gif"));
  const loop = file.indexOf("NETSCAPE2.0");
  expect([...file.subarray(loop + 11, loop + 16)]).toEqual([3, 1, 0, 0, 0]);
  // graphic control extensions: a delay in hundredths of a second
  const control = Buffer.of(0x21, 0xf9, 4);
  const delays: number[] = [];
  for (let at = file.indexOf(control); at !== -1; at = file.indexOf(control, at + 1)) {
    // its end, and the picture that follows
    if (file[at + 7] === 0 && file[at + 8] === 0x2c) delays.push(file.readUInt16LE(at + 4));
  }
  expect(delays).toEqual(Array(12).fill(4));
});

test("a name of another kind, and a poster of a frame that does not come, are refused", async () => {
  const size = { width: WIDTH, height: HEIGHT, fps: 25, provenance };
  const error = await openVideoWriter({ ...size, path: join(dir, "a.avi") }).catch((fault: unknown) => fault);
  expect(hasCode(error, "invalid_request")).toBe(true);
  expect(String(error)).toContain(".mp4, .gif, .webp, .webm");
  const poster = { path: join(dir, "late.jpg"), frame: 12 };
  await expect(write("late.mp4", { poster })).rejects.toMatchObject({ code: "engine_failed" });
  expect(existsSync(join(dir, "late.mp4"))).toBe(false);
});
