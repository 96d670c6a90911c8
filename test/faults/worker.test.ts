/** What can go wrong around a job: what it costs, how it ends, and that nothing is left behind. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "@smileloop/core/errors.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { outputKey } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import type { SlotFacts } from "@smileloop/core/kinds/kind.ts";
import type { Records } from "@smileloop/core/records.ts";
import type { RunHandler } from "@smileloop/worker/kinds/handler.ts";
import type { Worker, WorkerOptions } from "@smileloop/worker/worker.ts";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { cpuTicks, isAlive, until } from "../support/processes.ts";
import { openShop, type Shop } from "../support/worker.ts";

let shop: Shop;
const running: { worker: Worker; ended: Promise<void> }[] = [];

beforeEach(() => {
  shop = openShop();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ worker, ended }) => Promise.all([worker.stop({ graceMs: 0 }), ended])));
  const left = existsSync(shop.workRoot) ? readdirSync(shop.workRoot) : [];
  rmSync(shop.dir, { recursive: true });
  // whatever happened: no folder of a job or an engine is left
  expect(left).toEqual([]);
});

function start(options: Partial<WorkerOptions> = {}): Worker {
  return startToEnd(options).worker;
}

/** For one that ends by itself. */
function startToEnd(options: Partial<WorkerOptions>): (typeof running)[number] {
  const worker = shop.worker(options);
  const one = { worker, ended: worker.run() };
  running.push(one);
  return one;
}

/** Work that goes on until the test says that it may end. */
function gate() {
  const path = join(shop.dir, "gate");
  return { shut: `until:${path}`, open: () => writeFileSync(path, "") } as const;
}

describe("a job that goes well", () => {
  test("its record says what the check has found, not what the engine said", async () => {
    start();
    const { id } = await shop.job({}, { fps: 10, duration: 2 });
    const record = await shop.reaches(id, "succeeded");
    expect(record).toMatchObject({ attempt: 1, failures: 0, claim: null, engine: { name: "warp", version: "9.9.9" } });
    expect(record.progress).toMatchObject({ percent: 100 });
    expect(record.outputs.video).toMatchObject({ type: "video/mp4", width: 512, frames: 20, fps: 10, duration: 2 });
    expect(record.outputs.video?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(record.warnings).toEqual([{ code: "enlarged", detail: "The crop was enlarged." }]);
    expect(Object.keys(record.timings).sort()).toEqual(
      ["check", "detect", "download", "encode", "queued", "render", "upload"].sort(),
    );
    expect(await shop.stored()).toEqual(["in/image/0", "out/1/poster.jpg", "out/1/video.mp4"]);
    await until(async () => (await shop.queue.depth("warp")).held === 0);
    expect(await shop.queue.depth("warp")).toEqual({ waiting: 0, held: 0 });
    const [run, check] = shop.asked();
    expect(run?.pid).not.toBe(check?.pid);
    expect(run?.run.provenance).toMatchObject({ job: id, engine: "warp", version: "9.9.9" });
  });

  test("several slots work at a time", async () => {
    start({ slots: 2 });
    const { shut, open } = gate();
    const jobs = await Promise.all([1, 2].map(() => shop.job({ run: shut })));
    await until(() => shop.asked().length === 2);
    open();
    await Promise.all(jobs.map(({ id }) => shop.reaches(id, "succeeded")));
    expect(new Set(shop.asked().map(({ pid }) => pid)).size).toBe(3);
  });

  test("a short job does not wait for a long one that runs in the other slot", async () => {
    start({ slots: 2 });
    const { shut, open } = gate();
    const long = await shop.job({ run: shut });
    await shop.reaches(long.id, "running");
    const short = await shop.job();
    await shop.reaches(short.id, "succeeded");
    expect(await shop.read(long.id)).toMatchObject({ state: "running", attempt: 1 });
    open();
    await shop.reaches(long.id, "succeeded");
  });

  test("progress only rises", async () => {
    start();
    const { id } = await shop.job({ run: "backwards" });
    const seen: number[] = [];
    const watch = new AbortController();
    const watching = (async () => {
      while (!watch.signal.aborted) {
        const { rev, progress } = await shop.read(id);
        seen.push(progress?.percent ?? 0);
        await shop.records.changed("local", id, rev, watch.signal);
      }
    })();
    await shop.reaches(id, "succeeded");
    watch.abort();
    await watching;
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.length).toBeGreaterThan(2);
  });
});

describe("outputs of any name", () => {
  /** What a handler does that makes a text. */
  const textHandler = (then: (record: JobRecord) => Promise<void> = async () => {}): RunHandler => ({
    stages: () => ({ work: [0, 100] }),
    async run({ record }, io) {
      const path = join(io.dir, "words.txt");
      writeFileSync(path, "hello");
      const words = await io.store("words", path, { type: "text/plain" });
      await then(record);
      return { outputs: { words }, warnings: [] };
    },
  });

  test("a job whose output is not called video succeeds, keeps its file, and its message is done with", async () => {
    start({ handlers: { animate: textHandler() } });
    const { id } = await shop.job();
    const record = await shop.reaches(id, "succeeded");
    expect(record.outputs.words).toMatchObject({ type: "text/plain", bytes: 5, attempt: 1 });
    await until(async () => (await shop.queue.depth("warp")).held === 0);
    expect(await shop.queue.depth("warp")).toEqual({ waiting: 0, held: 0 });
    expect(await shop.stored()).toEqual(["in/image/0", "out/1/words.txt"]);
  });

  test("an attempt that another one has overtaken takes its own files away and leaves the winner's", async () => {
    const { records, files, clock } = shop;
    // nobody is told of the change, so that only the last write finds out
    const quiet = { ...records, changed: () => new Promise<void>(() => {}) };
    const overtaken = async ({ owner, id }: JobRecord) => {
      const other = { token: "other", worker: "other" };
      await updateJob(shop.store, owner, id, () => ({ by: "worker", do: "claim", ...other, leaseAlive: false }));
      const key = outputKey(owner, id, 2, "words.txt");
      const { sha256 } = await files.put(key, Readable.from([Buffer.from("hi")]), { type: "text/plain" });
      const words = { key, attempt: 2, type: "text/plain", bytes: 2, sha256 };
      const result = { outputs: { words }, engineVersion: "1", warnings: [], timings: {} };
      await updateJob(shop.store, owner, id, () => ({ by: "holder", token: "other", do: "succeed", ...result }));
    };
    const times = { beatMs: 60_000, lookMs: 60_000, progressMs: 60_000 };
    const worker = shop.worker({ records: quiet, clock, times, handlers: { animate: textHandler(overtaken) } });
    const { id } = await shop.job();
    expect(await worker.runOnce()).toMatchObject({ did: "lost" });
    await worker.stop({ graceMs: 0 });
    expect(await shop.read(id)).toMatchObject({ state: "succeeded", attempt: 2, outputs: { words: { attempt: 2 } } });
    expect(await shop.stored()).toEqual(["in/image/0", "out/2/words.txt"]);
  });
});

describe("more work than was expected", () => {
  const longer = (seconds: number): RunHandler => ({
    stages: () => ({ work: [0, 100] }),
    async run(_job, io) {
      io.expect({ image: [{ type: "image/jpeg", bytes: 1, seconds }] });
      const path = join(io.dir, "words.txt");
      writeFileSync(path, "hello");
      return { outputs: { words: await io.store("words", path, { type: "text/plain" }) }, warnings: [] };
    },
  });
  const kinds = () =>
    new Map([
      [
        "animate",
        {
          ...shop.kinds.get("animate")!,
          estimateSeconds: (_params: unknown, { image }: SlotFacts) => image?.[0]?.seconds ?? 1,
          alters: () => false,
          queueOf: (_engine: string | null, seconds: number) => (seconds > 120 ? "warp-long" : "warp"),
        },
      ],
    ]);
  const long = (seconds: number) => ({ kinds: kinds(), handlers: { animate: longer(seconds) } });

  test("the job moves to the longer queue, and that costs it no try", async () => {
    start(long(500));
    const { id, owner } = await shop.job();
    await until(async () => (await shop.read(id)).queue === "warp-long");
    await until(async () => (await shop.queue.depth("warp")).held === 0);
    expect(await shop.read(id)).toMatchObject({ state: "queued", failures: 0, moves: 1, estimate_s: 500, claim: null });
    expect(await shop.queue.depth("warp-long")).toMatchObject({ waiting: 1 });
    // a message that stayed behind in its old queue is done with
    await shop.queue.send({ queue: "warp", owner, id });
    await until(async () => (await shop.queue.depth("warp")).waiting === 0);
    expect(await shop.read(id)).toMatchObject({ state: "queued", attempt: 1 });
    start({ ...long(500), queueName: "warp-long", workRoot: join(shop.dir, "long") });
    expect(await shop.reaches(id, "succeeded")).toMatchObject({ attempt: 2, failures: 0, moves: 1 });
  });

  test("what its own queue serves is done there", async () => {
    start(long(100));
    const { id } = await shop.job();
    expect(await shop.reaches(id, "succeeded")).toMatchObject({ attempt: 1, queue: "warp" });
  });
});

describe("what fails costs an attempt", () => {
  test("a crash is forgiven", async () => {
    start();
    const { id } = await shop.job({ runs: ["crash", "well"] });
    const record = await shop.ended(id);
    expect(record).toMatchObject({ state: "succeeded", attempt: 2, failures: 1 });
    expect(record.attempts[0]?.error?.code).toBe("engine_crashed");
    expect(record.outputs.video?.attempt).toBe(2);
  });

  test.each([
    ["an engine that only says that it has worked", { run: "lie" }, "check_unreadable"],
    ["a picture that crashes every engine", { run: "abort" }, "engine_crashed"],
  ] as const)("%s ends the job at the third", async (_name, script, code) => {
    start();
    const { id } = await shop.job(script);
    const record = await shop.ended(id);
    expect(record).toMatchObject({ state: "failed", attempt: 3, failures: 3, error: { code } });
    expect(await shop.stored()).toEqual(["in/image/0"]);
  });

  test.each([
    ["an input", { run: "fail:no_face" }, "no_face"],
    ["a clip that the check refuses, and that would be the same again", { check: "fail:check_still" }, "check_still"],
    ["another motion", { check: "fail:check_other_motion" }, "check_other_motion"],
  ] as const)("what can't be mended ends it at once: %s", async (_name, script, code) => {
    start();
    const { id } = await shop.job(script);
    const record = await shop.ended(id);
    expect(record).toMatchObject({ state: "failed", attempt: 1, error: { code } });
  });

  test("params that are not valid here end it", async () => {
    start();
    const { id } = await shop.job({}, { preset: "dance" });
    expect(await shop.ended(id)).toMatchObject({ state: "failed", error: { code: "invalid_request" } });
  });

  test("ten claims, and none came to an end", async () => {
    const { id } = await shop.job();
    for (let n = 1; n <= 10; n++) {
      await updateJob(shop.store, "local", id, () => ({
        by: "worker",
        do: "claim",
        token: `t${n}`,
        worker: "gone",
        leaseAlive: false,
      }));
    }
    shop.forward(61_000);
    start();
    expect(await shop.ended(id)).toMatchObject({ state: "failed", attempt: 10, error: { code: "worker_lost" } });
  });
});

describe("cancel and delete", () => {
  test.each(["forever", "hang"] as const)("a running job (%s): its engine stands still", async (run) => {
    start();
    const { id } = await shop.job({ run });
    await shop.reaches(id, "running");
    await until(() => shop.asked().length > 0);
    const { pid } = shop.asked()[0]!;
    const ticks = cpuTicks(pid) ?? 0;
    await until(() => (cpuTicks(pid) ?? 0) > ticks + 5);
    const { stored } = await updateJob(shop.store, "local", id, () => ({ by: "api", do: "cancel" }));
    expect(stored?.record.state).toBe("canceling");
    await shop.reaches(id, "canceled");
    await until(async () => {
      const before = cpuTicks(pid) ?? 0;
      await delay(300);
      return (cpuTicks(pid) ?? 0) - before <= 1;
    });
    expect(await shop.stored()).toEqual(["in/image/0"]);
  });

  test("a queued job is not started", async () => {
    const { id } = await shop.job();
    await updateJob(shop.store, "local", id, () => ({ by: "api", do: "cancel" }));
    const worker = shop.worker();
    expect(await worker.runOnce()).toEqual({ did: "ended", againMs: null });
    await worker.stop();
    expect(await shop.queue.depth("warp")).toEqual({ waiting: 0, held: 0 });
  });

  test("a running job that is deleted leaves nothing", async () => {
    start();
    const { id } = await shop.job({ run: "forever" });
    await shop.reaches(id, "running");
    await deleteJob(shop.store, "local", id);
    await until(async () => (await shop.queue.depth("warp")).held === 0);
    expect(await shop.stored()).toEqual([]);
    expect((await shop.read(id)).state).toBe("deleted");
  });

  test("one whose worker is gone is closed by the next", async () => {
    const { id } = await shop.job();
    await updateJob(shop.store, "local", id, () => claimOf("gone"));
    await updateJob(shop.store, "local", id, () => ({ by: "api", do: "cancel" }));
    shop.forward(61_000);
    start();
    await shop.reaches(id, "canceled");
  });
});

describe("who holds the job", () => {
  test("the work of one that lost its claim is thrown away", async () => {
    start();
    const { shut, open } = gate();
    const { id } = await shop.job({ check: shut });
    await until(async () => (await shop.read(id)).attempt === 1);
    await updateJob(shop.store, "local", id, () => claimOf("another"));
    await shop.files.put(outputKey("local", id, 2, "video.mp4"), Readable.from([Buffer.from("another's")]), {
      type: "video/mp4",
    });
    open();
    await until(() => shop.logged.some((line) => line.includes('"did":"lost"')));
    const record = await shop.read(id);
    expect(record).toMatchObject({ state: "running", attempt: 2, claim: { worker: "another" }, outputs: {} });
    expect(await shop.stored()).toEqual(["in/image/0", "out/2/video.mp4"]);
  });

  test("a job of a worker that died is done again once its lease is over", async () => {
    const { id } = await shop.job();
    await updateJob(shop.store, "local", id, () => claimOf("gone"));
    const worker = shop.worker();
    expect(await worker.runOnce()).toMatchObject({ did: "busy" });
    shop.forward(63_000);
    expect(await worker.runOnce()).toMatchObject({ did: "succeeded" });
    await worker.stop();
    expect((await shop.read(id)).attempts[0]?.error?.code).toBe("worker_lost");
  });

  test("the reply to the last write is lost: it has succeeded once", async () => {
    start({ records: losingReplies(shop.records, (state) => state === "succeeded") });
    const { id } = await shop.job();
    const record = await shop.reaches(id, "succeeded");
    await until(() => shop.logged.some((line) => line.includes('"did":"succeeded"')));
    expect(record.attempt).toBe(1);
    expect(await shop.stored()).toEqual(["in/image/0", "out/1/poster.jpg", "out/1/video.mp4"]);
  });

  test("an engine that is not here leaves the job to others", async () => {
    const { id } = await shop.job();
    const worker = shop.worker({ engineCommand: { command: process.execPath, args: [...stubWithout("animate")] } });
    expect(await worker.runOnce()).toMatchObject({ did: "not_for_us" });
    await worker.stop();
    expect(await shop.read(id)).toMatchObject({ state: "queued", attempt: 0 });
  });
});

describe("a worker that ends by itself", () => {
  test("ends when there was no work for so long, and not while a job is under way", async () => {
    const { worker, ended } = startToEnd({ idleExitMs: 300 });
    const { id } = await shop.job({ run: "slow:700" });
    await shop.reaches(id, "succeeded");
    const endedMs = Date.now();
    await ended;
    expect(Date.now() - endedMs).toBeGreaterThanOrEqual(250);
    expect(worker.ready()).toBe(false);
    expect(await shop.queue.depth("warp")).toEqual({ waiting: 0, held: 0 });
  });

  test("goes when there are too many, asked once a minute, and not before its job is done", async () => {
    let asked = 0;
    const mayExit = async () => ++asked === 2;
    const { worker, ended } = startToEnd({ idleExitMs: 3_600_000, mayExit });
    await until(() => worker.ready());
    shop.forward(60_000);
    await shop.reaches((await shop.job()).id, "succeeded");
    await until(() => asked === 1);
    shop.forward(60_000);
    const { id } = await shop.job({ run: "slow:300" });
    await ended;
    expect(await shop.read(id)).toMatchObject({ state: "succeeded", attempt: 1 });
    expect(asked).toBe(2);
  });

  test("messages that come to nothing do not keep it", async () => {
    const { ended } = startToEnd({ idleExitMs: 200 });
    const busy = setInterval(() => void shop.queue.send({ queue: "warp", owner: "local", id: newId(Date.now()) }), 50);
    onTestFinished(() => clearInterval(busy));
    await ended;
  });
});

describe("stop", () => {
  test("a job under way is finished when there is time", async () => {
    const worker = start();
    const { shut, open } = gate();
    const { id } = await shop.job({ run: shut });
    await shop.reaches(id, "running");
    const other = await shop.job();
    const stopped = worker.stop({ graceMs: 600_000 });
    open();
    await stopped;
    expect((await shop.read(id)).state).toBe("succeeded");
    expect(await shop.read(other.id)).toMatchObject({ state: "queued", attempt: 0 });
  });

  test("else it is handed back, and that is no failure", async () => {
    const worker = start();
    const { id } = await shop.job({ runs: ["hang", "well"] });
    await shop.reaches(id, "running");
    await until(() => shop.asked().length > 0);
    const { pid } = shop.asked()[0]!;
    await worker.stop({ graceMs: 100 });
    expect(isAlive(pid)).toBe(false);
    expect(await shop.read(id)).toMatchObject({ state: "queued", attempt: 1, failures: 0 });
    start();
    expect(await shop.reaches(id, "succeeded")).toMatchObject({ attempt: 2 });
  });

  test("asked twice, it does not wait", async () => {
    const worker = start();
    const { id } = await shop.job({ run: "hang" });
    await shop.reaches(id, "running");
    await until(() => shop.asked().length > 0);
    // longer than this test may take
    const first = worker.stop({ graceMs: 3_600_000 });
    await worker.stop();
    await first;
    expect((await shop.read(id)).state).toBe("queued");
  });

  test("what a worker that died has left is removed at the start", async () => {
    mkdirSync(join(shop.workRoot, "job-abcdef"), { recursive: true });
    writeFileSync(join(shop.workRoot, "job-abcdef", "image.jpg"), "x");
    const worker = start();
    await until(() => worker.ready());
    expect(readdirSync(shop.workRoot).filter((name) => name.startsWith("job-"))).toEqual([]);
  });
});

function claimOf(worker: string) {
  return { by: "worker", do: "claim", token: worker, worker, leaseAlive: false } as const;
}

function stubWithout(kind: string): string[] {
  const stub = join(import.meta.dirname, "../support/stub-engine.ts");
  return [stub, "--kinds", ["animate", "talk"].filter((name) => name !== kind).join()];
}

/** Writes arrive, but for some the writer is told that the storage did not answer. */
function losingReplies(records: Records, lost: (state: string) => boolean): Records {
  return {
    ...records,
    async replace(record, etag) {
      const stored = await records.replace(record, etag);
      if (lost(record.state)) throw new AppError("storage_unavailable", "The storage does not answer.");
      return stored;
    },
  };
}
