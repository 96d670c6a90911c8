/** What becomes of jobs when an engine on a graphics card fails, or the card itself. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import type { Clock } from "@smileloop/core/clock.ts";
import type { EngineCommand } from "@smileloop/worker/process/engine-life.ts";
import type { Worker, WorkerOptions } from "@smileloop/worker/worker.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { PYTHON, STAND_IN } from "../support/python.ts";
import type { StubScript } from "../support/stub-engine.ts";
import { openShop, type Shop, STUB } from "../support/worker.ts";

const stubOf = (...args: string[]): EngineCommand => ({ command: process.execPath, args: [STUB, ...args] });
const NODE = stubOf("--engine", "liveportrait", "--services", "");
const HELPER = { services: ["finish", "extract"], command: stubOf("--kinds", "", "--services", "finish,extract") };
/** In Python like the real one, where there is Python. */
const ENGINE: EngineCommand = PYTHON === null ? NODE : { command: PYTHON, args: [STAND_IN] };

let shop: Shop;
const running: { worker: Worker; ended: Promise<unknown> }[] = [];

beforeEach(() => {
  shop = openShop();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ worker, ended }) => Promise.all([worker.stop({ graceMs: 0 }), ended])));
  const left = existsSync(shop.workRoot) ? readdirSync(shop.workRoot) : [];
  rmSync(shop.dir, { recursive: true });
  expect(left).toEqual([]);
});

function start(engineCommand: EngineCommand, options: Partial<WorkerOptions> = {}) {
  const worker = shop.worker({ queueName: "liveportrait", engineCommand, helpers: [HELPER], ...options });
  const ended = worker.run().then(
    () => null,
    (error: unknown) => error,
  );
  running.push({ worker, ended });
  return { worker, ended };
}

const job = (script: StubScript) => shop.job(script, {}, "liveportrait");

describe("an engine on a graphics card", () => {
  test("leaves raw frames: another process makes the video of them", async () => {
    start(ENGINE);
    const { id } = await job({ run: "frames" });
    const record = await shop.reaches(id, "succeeded");
    expect(record.engine).toMatchObject({ name: "liveportrait" });
    expect(record.outputs.video).toMatchObject({ width: 512, frames: 25, fps: 25 });
    expect(record.timings.encode).toBeGreaterThanOrEqual(0);
    expect(await shop.stored()).toEqual(["in/image/0", "out/1/poster.jpg", "out/1/video.mp4"]);
  });

  test("is crashed by a picture: that job fails at the third, the next one works", async () => {
    start(ENGINE);
    const poisoned = await job({ run: "crash" });
    const record = await shop.ended(poisoned.id);
    expect(record).toMatchObject({ state: "failed", attempt: 3, failures: 3, error: { code: "engine_crashed" } });
    const next = await job({ run: "frames" });
    await shop.reaches(next.id, "succeeded");
  });

  test("has too little memory on the card: the job fails at once, the next one works", async () => {
    start(ENGINE);
    const { id } = await job({ runs: ["fail:engine_out_of_memory", "frames"] });
    expect(await shop.ended(id)).toMatchObject({
      state: "failed",
      attempt: 1,
      error: { code: "engine_out_of_memory" },
    });
    const next = await job({ run: "frames" });
    await shop.reaches(next.id, "succeeded");
  });

  test("loses its card: the job is handed back at once, and the worker ends", async () => {
    const lost = start(ENGINE);
    const { id } = await job({ runs: ["deviceLost", "frames"] });
    expect(await lost.ended).toMatchObject({ code: "device_lost" });
    expect(await shop.read(id)).toMatchObject({ state: "queued", attempt: 1, failures: 0, claim: null });
    expect(await shop.queue.depth("liveportrait")).toEqual({ waiting: 1, held: 0 });
    start(ENGINE);
    expect(await shop.reaches(id, "succeeded")).toMatchObject({ attempt: 2, failures: 0 });
  });

  test("is told to stop (SIGTERM, Spot): its job is handed back, no failure", async () => {
    const { worker, ended } = start(ENGINE);
    const { id } = await job({ run: "forever" });
    await until(() => shop.asked().length > 0);
    await worker.stop({ graceMs: 0 });
    expect(await ended).toBeNull();
    expect(await shop.read(id)).toMatchObject({ state: "queued", failures: 0, claim: null });
    expect(await shop.queue.depth("liveportrait")).toEqual({ waiting: 1, held: 0 });
  });

  test("does not start: the worker says why, and gives up where it may", async () => {
    const broken = { ...ENGINE, args: [...ENGINE.args, "--start", "PyTorch is missing. Run setup.sh."] };
    const patient = start(broken);
    await until(() => patient.worker.trouble() !== null);
    expect(patient.worker.trouble()).toBe("The engine does not start: PyTorch is missing. Run setup.sh.");
    expect(patient.worker.ready()).toBe(false);
    const { ended } = start(broken, { maxFailedStarts: 1, workRoot: `${shop.workRoot}-2` });
    expect(await ended).toMatchObject({ code: "engine_crashed" });
    const clock: Clock = { ...shop.clock, sleep: (ms, signal) => shop.clock.sleep(Math.min(ms, 50), signal) };
    const idle = start(broken, { idleExitMs: 100, workRoot: `${shop.workRoot}-3`, clock });
    expect(await idle.ended).toMatchObject({ code: "engine_crashed" });
  });
});

test("an engine that takes longer to start than it may be idle gets its work all the same", async () => {
  const { ended } = start(stubOf("--engine", "liveportrait", "--start", "late"), { idleExitMs: 300 });
  const { id } = await job({});
  await shop.reaches(id, "succeeded");
  expect(await ended).toBeNull();
});

test("frames that lie elsewhere are not taken", async () => {
  start(NODE);
  const { id } = await job({ run: "strayFrames" });
  expect(await shop.ended(id)).toMatchObject({ state: "failed", error: { code: "engine_failed" } });
  rmSync(`${shop.workRoot}/frames.yuv`);
});

test("an engine's environment is what its command names, and nothing else", async () => {
  const { worker } = start({ ...NODE, env: { PYTHONPATH: "/some where", HOME: "/nowhere" } });
  await until(() => worker.ready());
  const { id } = await job({ run: "environment" });
  const record = await shop.ended(id);
  expect(JSON.parse(record.error?.detail ?? "")).toEqual({ PYTHONPATH: "/some where", HOME: "/nowhere" });
});
