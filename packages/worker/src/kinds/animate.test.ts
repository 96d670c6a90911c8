/** What the engine is told is what the check demands: who moves, when and in which crop is decided once. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AnimateCheck, AnimateRun } from "@smileloop/core/engine/tasks/animate.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { loadPresets } from "@smileloop/core/motion/preset.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openShop, type Shop, STUB } from "../../../../test/support/worker.ts";
import type { Worker } from "../worker.ts";

const presets = loadPresets(fileURLToPath(new URL("../../../../presets", import.meta.url)));
let shop: Shop;
let worker: Worker;
let ended: Promise<void>;

beforeAll(() => {
  shop = openShop({ presets });
  worker = shop.worker();
  ended = worker.run();
});
afterAll(async () => {
  await Promise.all([worker.stop({ graceMs: 0 }), ended]);
  expect(existsSync(shop.workRoot) ? readdirSync(shop.workRoot) : []).toEqual([]);
  rmSync(shop.dir, { recursive: true });
});

/** The run and the check of a job, as the engine and the checker were asked. */
async function askedOf(params: Record<string, unknown>, movers: number) {
  const before = shop.asked().length;
  const { id } = await shop.job({ movers }, params);
  expect(await shop.ended(id)).toMatchObject({ state: "succeeded" });
  const [run, check] = shop.asked().slice(before);
  expect([run?.type, check?.type]).toEqual(["run", "check"]);
  expect(run!.pid).not.toBe(check!.pid);
  return { run: run!.run as unknown as AnimateRun, check: check!.run as unknown as AnimateCheck };
}

const SEEDS = Array.from({ length: 12 }, (_, i) => (i * 2_654_435_761) % 4_294_967_296);

test.each(["flirt", "wink", "look_around"])(
  "%s: two faces, told the same in the run and in the check",
  async (preset) => {
    for (const seed of SEEDS) {
      const { run, check } = await askedOf({ preset, faces: "all", seed, fps: 10 }, 2);
      expect(check.motion).toEqual(run.motion);
      expect(check.cast).toEqual(run.cast);
      expect(check.inputs).toEqual(run.inputs);
      const { faces } = run.motion as MotionFrames;
      expect(faces).toHaveLength(2);
      // each in its own time: were it worked out a second time, as it once was, both ways of doing so would have to agree
      expect(faces[1]).not.toEqual(faces[0]);
    }
  },
);

test("the cast is asked with the job's params, and its faces are the motion's", async () => {
  const { run } = await askedOf({ preset: "blink", faces: "all", seed: 3 }, 3);
  expect(run.cast.movers).toHaveLength(3);
  expect((run.motion as MotionFrames).faces).toHaveLength(3);
  expect(run.params).toEqual({ intensity: 1, seed: 3 });
});

test("curves that are too long for a line go by a file of the job, which is gone with it", async () => {
  const { run, check } = await askedOf({ preset: "alive", faces: "all", seed: 1, fps: 60, duration: 10 }, 12);
  expect(run.motion).toEqual({ path: expect.stringMatching(/motion\.json$/) });
  expect(check.motion).toEqual(run.motion);
  expect(() => readFileSync((run.motion as { path: string }).path)).toThrow("ENOENT");
});

test("what the check warns of is a warning of the job", async () => {
  const { id } = await shop.job({ weak: "The lips purse less than asked: 0.12 of 0.70 at 1.4 s." }, { preset: "kiss" });
  const { state, warnings } = await shop.ended(id);
  expect(state).toBe("succeeded");
  expect(warnings.at(-1)).toEqual({ code: "motion_weak", detail: expect.stringContaining("0.12 of 0.70 at 1.4 s") });
});

test("the format of the job is that of its file, its rate one that it can show, and a poster stands beside it", async () => {
  const { run, check } = await askedOf({ preset: "big_smile", format: "gif", fps: 30, seed: 0 }, 1);
  expect(run.outputs.video).toMatch(/video\.gif$/);
  expect(run.outputs.poster).toMatchObject({ path: expect.stringMatching(/poster\.jpg$/) });
  expect(run.outputs.poster!.frame).toBeGreaterThan(10);
  expect(check.files).toEqual(run.outputs);
  expect((run.motion as MotionFrames).fps).toBe(25);
  expect(run.params).not.toHaveProperty("format");
  const { id } = await shop.job({}, { preset: "big_smile", format: "gif", fps: 30 });
  const { outputs, warnings } = await shop.ended(id);
  expect(Object.keys(outputs)).toEqual(["video", "poster"]);
  expect(outputs.video).toMatchObject({ type: "image/gif", key: expect.stringMatching(/video\.gif$/), fps: 25 });
  expect(outputs.poster).toMatchObject({ type: "image/jpeg", width: 512, height: 512 });
  expect(warnings).toContainEqual({
    code: "fps_adjusted",
    detail: expect.stringContaining("25 frames a second, not 30"),
  });
});

test("what the cast refuses ends the job without asking the engine", async () => {
  const before = shop.asked().length;
  const { id } = await shop.job({ cast: "fail:no_face" }, { preset: "blink" });
  expect(await shop.ended(id)).toMatchObject({ state: "failed", attempt: 1, error: { code: "no_face" } });
  expect(shop.asked()).toHaveLength(before);
});

test("a job whose result nobody here can check is left to others", async () => {
  const other = openShop({ presets });
  const checkerCommand = { command: process.execPath, args: [STUB, "--kinds", "", "--checks", "dance"] };
  const unchecked = other.worker({ checkerCommand });
  const { id } = await other.job({}, { preset: "blink" });
  expect(await unchecked.runOnce()).toMatchObject({ did: "not_for_us" });
  expect(await other.read(id)).toMatchObject({ state: "queued", attempt: 0 });
  await unchecked.stop({ graceMs: 0 });
  rmSync(other.dir, { recursive: true });
});
