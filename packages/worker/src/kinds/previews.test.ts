/** What becomes of the clips of one face when one is refused, and when the engine ends before it has made all of them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cast } from "@smileloop/core/engine/services.ts";
import type { PreviewsCheck, PreviewsRun } from "@smileloop/core/engine/tasks/previews.ts";
import { AppError, type ErrorCode } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { previews } from "@smileloop/core/kinds/previews.ts";
import { afterAll, beforeEach, expect, test } from "vitest";
import { PRESETS } from "../../../../test/support/presets.ts";
import type { JobIo } from "../job-io.ts";
import { previewsHandler } from "./previews.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-previews-"));
afterAll(() => rmSync(dir, { recursive: true }));

const NAMES = ["nod", "wink", "laugh", "blink"];
const CAST: Cast = {
  ...{ picture: { width: 512, height: 512 }, faces: 1 },
  frame: { crop: { x: 0, y: 0, width: 512, height: 512 }, width: 256, height: 256, enlarged: 1 },
  movers: [
    {
      ...{ index: 0, crop: { x: 256, y: 256, size: 90, angle: 0 }, score: 0.9 },
      points: Array.from({ length: 5 }, (): [number, number] => [256, 250]),
      ease: { all: 1, eyes: 1, head: 1 },
    },
  ],
};
const VIDEO = { width: 256, height: 256, fps: 25, frames: 50, duration: 2, bytes: 3 };

/** What the check of a clip fails with, by its name. */
let faults: Record<string, ErrorCode> = {};
/** What the engine does before the clip of that number; by default it makes it. */
let before: (nth: number) => void | Promise<void> = () => {};
let published: string[] = [];
let checked: string[] = [];
let canceling = new AbortController();
beforeEach(() => {
  faults = {};
  before = () => {};
  [published, checked] = [[], []];
  canceling = new AbortController();
});

type Hooks = { signal: AbortSignal; onOutput: (name: string) => void };

const engine = {
  async request({ clips }: PreviewsRun, { signal, onOutput }: Hooks) {
    for (const [nth, { name }] of clips.entries()) {
      await before(nth);
      if (signal.aborted) throw new AppError("canceled", "The job was canceled.");
      onOutput(name);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { warnings: [], ignoredChannels: [], timings: {} };
  },
};
const checker = {
  async request(request: PreviewsCheck | { type: "cast" }) {
    if (request.type === "cast") return { cast: CAST, warnings: [], timings: {} };
    const { name } = request.clip;
    checked.push(name);
    const fault = faults[name];
    if (fault) throw new AppError(fault, `It was ${fault}.`);
    return { video: VIDEO, timings: {} };
  },
};

function run() {
  const io = {
    ...{ dir, engine, checker, timings: {}, provenance: {}, signal: canceling.signal },
    input: async () => [{ path: join(dir, "photo.jpg"), type: "image/jpeg", bytes: 1 }],
    timed: (_: string, work: () => unknown) => work(),
    options: () => ({ timeoutMs: 1, signal: canceling.signal }),
    store: async (name: string, _: string, facts: object) => ({ key: name, ...facts }),
    publish: async (outputs: object) => void published.push(...Object.keys(outputs)),
  } as unknown as JobIo;
  const handler = previewsHandler({ presets: PRESETS, maxVideoSeconds: 300 });
  return handler.run({ record: {} as JobRecord, params: { presets: NAMES, size: 256, face: 0, seed: 1 } }, io);
}

test("a clip that its check refuses is left out and told; the others are there, in their order", async () => {
  faults = { wink: "check_still" };
  const { outputs, warnings } = await run();
  expect(Object.keys(outputs)).toEqual(["nod", "laugh", "blink"]);
  expect(published).toEqual(["nod", "laugh", "blink"]);
  expect(warnings).toEqual([{ code: "clip_left_out", detail: "There is no clip of wink: It was check_still." }]);
});

test("where every clip is refused the job fails with what the last was refused for", async () => {
  faults = Object.fromEntries(NAMES.map((name) => [name, "check_no_face"]));
  await expect(run()).rejects.toMatchObject({ code: "check_no_face" });
  expect(published).toEqual([]);
});

test("a check that did not take place is not a refusal: the job fails, so that it is tried again", async () => {
  faults = { wink: "engine_crashed" };
  await expect(run()).rejects.toMatchObject({ code: "engine_crashed" });
  expect(published).toEqual(["nod"]);
});

test("an engine that crashes half-way: what it had finished is checked and shown before the job fails", async () => {
  before = (nth) => {
    if (nth === 2) throw new AppError("engine_crashed", "The engine crashed.");
  };
  await expect(run()).rejects.toMatchObject({ code: "engine_crashed" });
  expect(published).toEqual(["nod", "wink"]);
});

test("a cancel stops the engine: the clips that were there are shown, and none is made after it", async () => {
  before = (nth) => {
    if (nth === 1) canceling.abort();
  };
  await expect(run()).rejects.toMatchObject({ code: "canceled" });
  expect([published, checked]).toEqual([["nod"], ["nod"]]);
});

/** As a worker has it: 30 s, and three times what is expected. */
const limitSeconds = (expected: number) => 30 + 3 * expected;
/** Seconds that all presets took at 256 pixels on 2 idle cores (`npm run bench -- --only previews`). */
const TOOK = 6.5;

test("a machine five times as slow stays within the time limit", () => {
  const { estimateSeconds } = previews.define({ presets: PRESETS, engines: ["warp"], maxVideoSeconds: 300 });
  const expected = estimateSeconds({ presets: [...PRESETS.keys()], size: 256 }, {});
  expect(limitSeconds(expected)).toBeGreaterThan(1.5 * 5 * TOOK);
});
