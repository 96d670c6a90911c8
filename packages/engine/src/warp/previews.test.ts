import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PreviewsCheck, PreviewsRun } from "@smileloop/core/engine/tasks/previews.ts";
import { type MotionFrames, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { motionOfCast } from "@smileloop/core/motion/phases.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { provenance } from "../../../../test/support/provenance.ts";
import { checkPreview } from "../check/previews.ts";
import { readVideo } from "../media/video-reader.ts";
import { castPicture } from "../services/cast.ts";
import { animate } from "./animate.ts";
import { drawPreviews } from "./previews.ts";

const here = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const presets = loadPresets(here("presets"));
const context = { signal: new AbortController().signal, progress() {}, output() {} };
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "previews-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

function motionOf(name: string): MotionFrames {
  // short, and yet all of the motion
  const { duration } = presets.get(name)!;
  return sampleMotion(presetMotion(presets.get(name)!), { fps: 10, durationSeconds: duration, intensity: 1 });
}

/** The run of several presets on a photo of test/fixtures, and the check of each clip by its name. */
async function asked(photo: string, names: string[], size = 256) {
  const path = here(`test/fixtures/${photo}`);
  const { cast } = await castPicture(path, { size, face: 0 });
  const clips = names.map((name) => {
    const video = join(dir, `${photo}-${name}-${size}.mp4`);
    return { name, motion: motionOfCast(motionOf(name), cast.movers, 3), video };
  });
  const both = { run: "test", kind: "previews" as const, inputs: { image: [{ path, type: "image/jpeg" }] }, cast };
  const run: PreviewsRun = { type: "run", ...both, params: { seed: 3 }, clips, provenance };
  const checkOf = (name: string): PreviewsCheck => {
    return { type: "check", ...both, clip: clips.find((clip) => clip.name === name)! };
  };
  return { run, checkOf, both };
}

/** Mean square difference of two videos as peak signal-to-noise ratio, dB. */
async function likeness(a: string, b: string): Promise<number> {
  const [first, second] = await Promise.all(
    [a, b].map(async (path) => {
      const frames: Uint8Array[] = [];
      await readVideo(path, { onFrame: ({ yuv }) => frames.push(yuv()) });
      return Buffer.concat(frames);
    }),
  );
  expect(first!.length).toBe(second!.length);
  const squares = first!.reduce((sum, value, i) => sum + (value - second![i]!) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / first!.length + 1e-9));
}

test("each clip is that of a single job, whatever was drawn before it, and is told of once it is there", async () => {
  const names = ["laugh", "wink", "look_around"];
  const { run, both } = await asked("astronaut.jpg", names);
  const told: string[] = [];
  const shares: number[] = [];
  await drawPreviews(run, {
    ...context,
    progress: (_, done, total) => shares.push(done / total),
    output: (name) => {
      told.push(name);
      expect(existsSync(run.clips.find((clip) => clip.name === name)!.video)).toBe(true);
    },
  });
  expect(told).toEqual(names);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
  for (const { motion, video } of run.clips) {
    const single = join(dir, "single.mp4");
    const params = { intensity: 1, seed: 3 };
    const { kind: _, ...shared } = both;
    const request = { ...shared, type: "run", kind: "animate", params, motion, outputs: { video: single } } as const;
    await animate({ ...request, provenance }, context);
    expect(await likeness(single, video)).toBeGreaterThan(45);
  }
});

test("stops when it is told to; what it has told of stays, and nothing else", async () => {
  const { run } = await asked("astronaut.jpg", ["blink", "nod", "kiss"]);
  for (const { video } of run.clips) rmSync(video, { force: true });
  const stop = new AbortController();
  const told: string[] = [];
  const drawing = drawPreviews(run, {
    signal: stop.signal,
    progress: (_, done) => {
      if (done > 1.5) stop.abort(new Error("stopped"));
    },
    output: (name) => told.push(name),
  });
  await expect(drawing).rejects.toThrow("stopped");
  expect(told).toEqual(["blink"]);
  expect(run.clips.map(({ video }) => existsSync(video))).toEqual([true, false, false]);
});

describe("the check", () => {
  test.each([128, 256, 384])("agrees with every preset at %d²", async (size) => {
    const names = [...presets.keys()];
    const { run, checkOf } = await asked("grace_hopper.jpg", names, size);
    await drawPreviews(run, context);
    for (const name of names) {
      const { video } = await checkPreview(checkOf(name), context);
      expect(video).toMatchObject({ width: size, height: size, fps: 10, frames: motionOf(name).frames });
    }
  });

  test("refuses another length, another size, another face and a still", async () => {
    const { run, checkOf } = await asked("grace_hopper.jpg", ["nod", "kiss"]);
    await drawPreviews(run, context);
    const nod = checkOf("nod");
    const judged = (change: Partial<PreviewsCheck["clip"]>) =>
      checkPreview({ ...nod, clip: { ...nod.clip, ...change } }, context);
    expect(motionOf("kiss").frames).not.toBe(motionOf("nod").frames);
    await expect(judged({ motion: checkOf("kiss").clip.motion })).rejects.toMatchObject({ code: "check_wrong_shape" });

    const small = await asked("grace_hopper.jpg", ["nod"], 128);
    await drawPreviews(small.run, context);
    await expect(judged({ video: small.run.clips[0]!.video })).rejects.toMatchObject({ code: "check_wrong_shape" });

    const other = await asked("astronaut.jpg", ["nod"]);
    await drawPreviews(other.run, context);
    await expect(judged({ video: other.run.clips[0]!.video })).rejects.toMatchObject({ code: "check_other_face" });

    const rest = motionOfCast({ ...motionOf("nod"), faces: [{ channels: {} }] }, nod.cast.movers, 3);
    const still = { name: "still", motion: rest, video: join(dir, "still.mp4") };
    await drawPreviews({ ...run, clips: [still] }, context);
    await expect(judged({ video: still.video })).rejects.toMatchObject({ code: "check_still" });
    await expect(judged({ video: here("test/fixtures/cat.jpg") })).rejects.toMatchObject({ code: "check_unreadable" });
  });
});
