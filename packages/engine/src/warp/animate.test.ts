import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AnimateRun } from "@smileloop/core/engine/tasks/animate.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toldOf } from "../../../../test/support/asked.ts";
import { provenance } from "../../../../test/support/provenance.ts";
import { readVideo } from "../media/video-reader.ts";
import { animate } from "./animate.ts";
import { createLife } from "./life.ts";

const photo = (name: string): string => fileURLToPath(new URL(`../../../../test/fixtures/${name}`, import.meta.url));
const context = { signal: new AbortController().signal, progress: () => {} };
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "animate-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

function smile(peak: number, frames = 9): MotionFrames {
  const samples = Array.from({ length: frames }, (_, i) => peak * Math.sin((Math.PI * i) / frames));
  return { fps: 25, frames, faces: [{ channels: { mouthSmileLeft: samples, mouthSmileRight: samples } }] };
}

async function requestFor(image: string, motion: MotionFrames, seed = 1): Promise<AnimateRun> {
  const { run } = await toldOf({ image: photo(image), motion, seed });
  return {
    type: "run",
    run: "test",
    ...run,
    outputs: { video: join(dir, "video.mp4") },
    provenance,
  };
}

const digest = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

test("gives a video of the size, rate and number of frames that were asked", async () => {
  const request = await requestFor("astronaut.jpg", smile(0.6));
  const done: number[] = [];
  const result = await animate(request, { ...context, progress: (_, now, total) => done.push(now / total) });
  expect(await readVideo(request.outputs.video)).toMatchObject({ width: 256, height: 256, fps: 25, frames: 9 });
  expect(result.outputs.video).toEqual({ width: 256, height: 256, fps: 25, frames: 9 });
  expect(done.at(-1)).toBe(1);
});

test("the same seed gives the same bytes; another seed or intensity gives others", async () => {
  const bytes = async (motion: MotionFrames, seed: number): Promise<string> => {
    const request = await requestFor("grace_hopper.jpg", motion, seed);
    await animate(request, context);
    return digest(request.outputs.video);
  };
  const first = await bytes(smile(0.6), 1);
  expect(await bytes(smile(0.6), 1)).toBe(first);
  expect(await bytes(smile(0.6), 2)).not.toBe(first);
  expect(await bytes(smile(0.3), 1)).not.toBe(first);
});

test("names the channels that it cannot show", async () => {
  const motion = smile(0.5, 2);
  motion.faces[0]!.channels.jawForward = [0, 0.5];
  const { ignoredChannels } = await animate(await requestFor("astronaut.jpg", motion), context);
  expect(ignoredChannels).toEqual(["jawForward"]);
});

test("stops when it is told to, and leaves no file", async () => {
  const request = await requestFor("astronaut.jpg", smile(0.6, 500));
  request.outputs.video = join(dir, "stopped.mp4");
  const stop = new AbortController();
  const run = animate(request, {
    signal: stop.signal,
    progress: (_, done) => {
      if (done === 5) stop.abort(new Error("stopped"));
    },
  });
  await expect(run).rejects.toThrow("stopped");
  expect(existsSync(request.outputs.video)).toBe(false);
});

test("a motion in a file gives the same bytes as one in the request", async () => {
  const request = await requestFor("astronaut.jpg", smile(0.6));
  await animate(request, context);
  const inline = digest(request.outputs.video);
  const path = join(dir, "motion.json");
  writeFileSync(path, JSON.stringify(request.motion));
  await animate({ ...request, motion: { path } }, context);
  expect(digest(request.outputs.video)).toBe(inline);
  const missing = animate({ ...request, motion: { path: join(dir, "nothing.json") } }, context);
  await expect(missing).rejects.toMatchObject({ code: "invalid_request" });
});

test("the sway below a motion starts at rest, comes back to it, and is absent from a motion that stands still", () => {
  const life = createLife(smile(0.6, 75), 3);
  expect(Object.values(life(0)).every((value) => Math.abs(value) === 0)).toBe(true);
  for (const value of Object.values(life(75))) expect(value).toBeCloseTo(0, 9);
  expect(Math.abs(life(20).yaw) + Math.abs(life(20).pitch)).toBeGreaterThan(0.01);
  for (const value of Object.values(createLife(smile(0, 75), 3)(20))) expect(Math.abs(value)).toBe(0);
});
