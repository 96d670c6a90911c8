import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { constants, getPriority, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { animateRunResultSchema } from "@smileloop/core/engine/tasks/animate.ts";
import { createLog } from "@smileloop/core/log.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isAlive, PATIENCE_MS, until } from "../../../../test/support/processes.ts";
import { provenance } from "../../../../test/support/provenance.ts";
import type { StubScript } from "../../../../test/support/stub-engine.ts";
import type { EngineLimits } from "./engine-life.ts";
import { createEngineProcess, type EngineProcess } from "./engine-process.ts";

const STUB = fileURLToPath(new URL("../../../../test/support/stub-engine.ts", import.meta.url));
const linux = process.platform === "linux";

let root: string;
let logged: string[];
const open: EngineProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "smileloop-engine-"));
  logged = [];
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.stop({ graceMs: 0 })));
  const left = readdirSync(root).filter((name) => name.startsWith("engine-"));
  rmSync(root, { recursive: true });
  expect(left).toEqual([]);
});

function start(limits: Partial<EngineLimits> = {}, args: string[] = []): EngineProcess {
  const log = createLog({ level: "debug", destination: { write: (line) => void logged.push(line) } });
  const engine = createEngineProcess({
    command: process.execPath,
    args: [STUB, ...args],
    name: "stub",
    workRoot: join(root),
    log,
    limits,
  });
  open.push(engine);
  return engine;
}

function taskOf(script: StubScript) {
  const path = join(root, "image.jpg");
  writeFileSync(path, JSON.stringify(script));
  return {
    type: "run" as const,
    kind: "animate" as const,
    inputs: { image: [{ path, type: "image/jpeg" }] },
    motion: { fps: 25, frames: 75, faces: [{ channels: { mouthSmileLeft: [0, 1] } }] },
    outputs: { video: join(root, "video.mp4") },
    provenance,
  };
}

const timeoutMs = PATIENCE_MS;
const result = animateRunResultSchema;
/** For requests of which only the end matters. */
const usual = { result, timeoutMs };

/** Bytes in buffers that somebody still holds. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().arrayBuffers;
}

describe("an engine that works", () => {
  test("stays warm from one request to the next", async () => {
    const engine = start();
    expect(await engine.ready()).toMatchObject({ engine: "warp", version: "9.9.9", kinds: ["animate"] });
    const pid = engine.pid();
    const seen: number[] = [];
    const answer = await engine.request(taskOf({ run: "slow:50" }), {
      ...usual,
      onProgress: ({ done }) => seen.push(done),
    });
    expect(answer.outputs.video.fps).toBe(25);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await engine.request(taskOf({}), usual);
    expect(engine.pid()).toBe(pid);
  });

  test("takes requests in turn", async () => {
    const engine = start();
    const ends: string[] = [];
    await Promise.all([
      engine.request(taskOf({ run: "slow:100" }), usual).then(() => ends.push("first")),
      engine.request(taskOf({ run: "slow:100" }), usual).then(() => ends.push("second")),
    ]);
    expect(ends).toEqual(["first", "second"]);
  });

  test.skipIf(!linux)("has no environment, a folder of its own and a lower priority", async () => {
    const engine = start();
    await engine.ready();
    const pid = engine.pid();
    expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toBe("");
    expect(dirname(readlinkSync(`/proc/${pid}/cwd`))).toBe(root);
    expect(getPriority(pid)).toBeGreaterThanOrEqual(constants.priority.PRIORITY_BELOW_NORMAL);
  });

  test("passes on what it fails with, and goes on", async () => {
    const engine = start();
    await expect(engine.request(taskOf({ run: "fail:no_face" }), usual)).rejects.toMatchObject({
      code: "no_face",
      message: "It failed with no_face.",
    });
    const pid = engine.pid();
    await engine.request(taskOf({}), usual);
    expect(engine.pid()).toBe(pid);
  });
});

describe("an engine that misbehaves costs one request", () => {
  test.each(["crash", "abort"] as const)("%s", async (run) => {
    const engine = start();
    await expect(engine.request(taskOf({ run }), usual)).rejects.toMatchObject({ code: "engine_crashed" });
    await expect(engine.request(taskOf({}), usual)).resolves.toBeDefined();
  });

  test.each(["hang", "deaf"] as const)("%s: it is killed when its time is over", async (run) => {
    const engine = start();
    await engine.ready();
    const pid = engine.pid();
    const asked = engine.request(taskOf({ run }), { result, timeoutMs: 300 });
    await expect(asked).rejects.toMatchObject({ code: "engine_timeout" });
    expect(isAlive(pid)).toBe(false);
    await expect(engine.request(taskOf({}), usual)).resolves.toBeDefined();
  });

  test.skipIf(!linux)("what it started is killed with it", async () => {
    const engine = start({ cancelMs: 100 });
    let child = 0;
    const stop = new AbortController();
    const onProgress = ({ stage }: { stage: string }) => {
      child = Number(stage);
      stop.abort();
    };
    const asked = engine.request(taskOf({ run: "family" }), { ...usual, signal: stop.signal, onProgress });
    await expect(asked).rejects.toMatchObject({ code: "canceled" });
    expect(child).toBeGreaterThan(0);
    await until(() => !isAlive(child));
  });

  test.skipIf(process.platform === "win32")("too much memory", async () => {
    const engine = start({ rssBytes: 250 * 1024 * 1024, sampleMs: 50 });
    const asked = engine.request(taskOf({ run: "memory" }), usual);
    await expect(asked).rejects.toMatchObject({ code: "engine_out_of_memory" });
  });

  test("100 MB on stderr do no harm", async () => {
    const engine = start();
    await engine.ready();
    const before = heldBytes();
    await engine.request(taskOf({ run: "stderrFlood" }), usual);
    // what other tests have left is freed in its own time
    await until(() => heldBytes() - before < 8 * 1024 * 1024);
    expect(Math.max(...logged.map((line) => line.length))).toBeLessThan(70_000);
  });

  test("an answer that is too long fails at once, and the next request has a new process", async () => {
    const engine = start();
    await engine.ready();
    const before = engine.pid();
    const asked = engine.request(taskOf({ run: "overlong" }), { ...usual, timeoutMs: 600_000 });
    await expect(asked).rejects.toMatchObject({ code: "engine_failed", message: expect.stringContaining("too long") });
    await expect(engine.request(taskOf({}), usual)).resolves.toBeDefined();
    expect(engine.pid()).not.toBe(before);
    expect(Math.max(...logged.map((line) => line.length))).toBeLessThan(70_000);
  });

  test("a line that is not protocol is logged, and not without end", async () => {
    const engine = start();
    await expect(engine.request(taskOf({ run: "garbage" }), usual)).resolves.toBeDefined();
    expect(logged.filter((line) => line.includes("not protocol"))).toHaveLength(20);
  });

  test("an answer that breaks the protocol", async () => {
    const engine = start();
    await expect(engine.request(taskOf({ run: "nonsense" }), usual)).rejects.toMatchObject({
      code: "engine_failed",
    });
    await expect(engine.request(taskOf({}), usual)).resolves.toBeDefined();
  });

  test("of an answer with 400,000 faults the first is logged", async () => {
    const engine = start();
    await expect(engine.request(taskOf({ run: "faults" }), usual)).rejects.toMatchObject({ code: "engine_failed" });
    const [fault] = logged.filter((line) => line.includes("breaks the protocol"));
    expect(fault).toContain("outputs");
    expect(fault!.length).toBeLessThan(1000);
  });

  test("one that writes without end is killed", async () => {
    const engine = start();
    const asked = engine.request(taskOf({ run: "chatter" }), usual);
    await expect(asked).rejects.toMatchObject({ code: "engine_failed", message: expect.stringContaining("too much") });
    await expect(engine.request(taskOf({}), usual)).resolves.toBeDefined();
  });

  test.each(["unavailable", "storage_unavailable", "worker_lost"])("%s is not for an engine to say", async (code) => {
    const asked = start().request(taskOf({ run: `fail:${code}` }), usual);
    await expect(asked).rejects.toMatchObject({ code: "engine_failed", message: expect.stringContaining(code) });
  });

  test("one that could not read its request has failed; the request was right", async () => {
    await expect(start().request(taskOf({ run: "deafened" }), usual)).rejects.toMatchObject({ code: "engine_failed" });
  });

  test("a fault in what is done with its progress costs the request, and not the worker", async () => {
    const engine = start();
    const onProgress = () => {
      throw new Error("a bug");
    };
    const asked = engine.request(taskOf({ run: "slow:50" }), { ...usual, onProgress });
    await expect(asked).rejects.toMatchObject({ code: "internal" });
    await expect(engine.request(taskOf({}), usual)).resolves.toBeDefined();
  });

  test("one of another version of the protocol is told at once", async () => {
    const older = start({ startMs: 600_000 }, ["--start", "older"]).ready();
    await expect(older).rejects.toMatchObject({ message: "The engine speaks protocol 1; this version needs 2." });
  });

  test("one that can't be started, or never gets ready", async () => {
    await expect(start({}, ["--start", "broken"]).ready()).rejects.toMatchObject({ code: "engine_crashed" });
    await expect(start({ startMs: 200 }, ["--start", "silent"]).ready()).rejects.toMatchObject({
      code: "engine_timeout",
    });
  });
});

describe("cancel and stop", () => {
  test("one that listens is asked, and stays warm", async () => {
    const engine = start({ cancelMs: PATIENCE_MS });
    await engine.ready();
    const pid = engine.pid();
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    const asked = engine.request(taskOf({ run: "forever" }), { ...usual, signal: stop.signal, onProgress });
    await expect(asked).rejects.toMatchObject({ code: "canceled" });
    expect(engine.pid()).toBe(pid);
    expect(isAlive(pid)).toBe(true);
  });

  test("one that does not listen is killed", async () => {
    const engine = start({ cancelMs: 100 });
    await engine.ready();
    const pid = engine.pid();
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    const asked = engine.request(taskOf({ run: "hang" }), { ...usual, signal: stop.signal, onProgress });
    await expect(asked).rejects.toMatchObject({ code: "canceled" });
    expect(isAlive(pid)).toBe(false);
  });

  test("stop ends what is under way, and nothing is started again", async () => {
    const engine = start();
    await engine.ready();
    const pid = engine.pid();
    const asked = engine.request(taskOf({ run: "hang" }), {
      ...usual,
      onProgress: () => engine.stop({ graceMs: 50 }),
    });
    await expect(asked).rejects.toMatchObject({ code: "unavailable" });
    await expect(engine.ready()).rejects.toMatchObject({ code: "unavailable" });
    expect(isAlive(pid)).toBe(false);
  });
});
