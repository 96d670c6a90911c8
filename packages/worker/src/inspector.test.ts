import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@smileloop/core/clock.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import type { Inspector, StoredPicture } from "@smileloop/core/inspector.ts";
import { createLog } from "@smileloop/core/log.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { jpegBytes, NO_FACES } from "../../../test/support/api.ts";
import { PATIENCE_MS } from "../../../test/support/processes.ts";
import type { StubScript } from "../../../test/support/stub-engine.ts";
import { STUB } from "../../../test/support/worker.ts";
import { boundedInspector, createInspector } from "./inspector.ts";
import { createEngineProcess, type EngineProcess } from "./process/engine-process.ts";

const log = createLog({ level: "silent" });
const files = memoryFiles({ clock: systemClock, links: createLocalLinks(new Uint8Array(32)) });
const mine = { owner: "me", signal: new AbortController().signal };
const root = mkdtempSync(join(tmpdir(), "smileloop-inspector-"));
let engine: EngineProcess;
let pictures = 0;

function start(args: string[] = []): EngineProcess {
  const command = { command: process.execPath, args: [STUB, ...args] };
  return createEngineProcess({ ...command, name: "stub", workRoot: root, log });
}

beforeAll(() => {
  engine = start();
});
afterEach(() => {
  // of pictures nothing stays
  expect(readdirSync(root).filter((name) => name.startsWith("job-"))).toEqual([]);
});
afterAll(async () => {
  await engine.stop({ graceMs: 0 });
  rmSync(root, { recursive: true });
});

function inspector(timeLimitMs = PATIENCE_MS): Inspector {
  return createInspector({ engine, files, workRoot: root, log, timeLimitMs });
}

/** A stored picture that tells the stub what to do. */
async function stored(script: StubScript = {}): Promise<StoredPicture> {
  async function* body() {
    yield Buffer.concat([jpegBytes(), Buffer.from(`\n${JSON.stringify(script)}`)]);
  }
  const type = "image/jpeg";
  const { key, etag, bytes } = await files.put(`uploads/${++pictures}`, body(), { type });
  return { key, etag, type, bytes };
}

describe("a picture", () => {
  it("is shown to the process, which stays warm", async () => {
    const [first, second] = [await stored(), await stored()];
    const { width, timings } = await inspector().inspect(first, mine);
    expect(width).toBe(640);
    expect((await inspector().inspect(second, mine)).timings).toEqual(timings);
  });

  it("that the process does not survive cannot be read, it says, and the next one is looked at", async () => {
    await expect(inspector().inspect(await stored({ inspect: "abort" }), mine)).rejects.toMatchObject({
      code: "input_unreadable",
      message: expect.stringContaining("stopped twice"),
    });
    expect(await inspector().inspect(await stored(), mine)).toMatchObject({ width: 640 });
  });

  it("that takes too long cannot be read, either", async () => {
    const asked = inspector(300).inspect(await stored({ inspect: "hang" }), mine);
    await expect(asked).rejects.toMatchObject({ code: "input_unreadable", message: expect.stringContaining("long") });
    expect(await inspector().inspect(await stored(), mine)).toMatchObject({ width: 640 });
  });

  it.each(["unsupported_type", "input_too_large"])("is refused with %s where the process says so", async (code) => {
    const asked = inspector().inspect(await stored({ inspect: `fail:${code}` }), mine);
    await expect(asked).rejects.toMatchObject({ code });
  });

  it.each(["engine_failed", "unauthorized", "device_lost"])("that fails with %s cannot be read", async (code) => {
    const asked = inspector().inspect(await stored({ inspect: `fail:${code}` as const }), mine);
    await expect(asked).rejects.toMatchObject({ code: "input_unreadable" });
  });

  it("that is gone, or was replaced after the check of its header, is not shown", async () => {
    const picture = await stored();
    await expect(inspector().inspect({ ...picture, etag: "other" }, mine)).rejects.toMatchObject({
      code: "precondition_failed",
    });
    await files.purge(picture.key);
    await expect(inspector().inspect(picture, mine)).rejects.toMatchObject({ code: "not_found" });
  });

  it("is given up when the client leaves", async () => {
    const gone = new AbortController();
    const asked = inspector().inspect(await stored({ inspect: "forever" }), { owner: "me", signal: gone.signal });
    setTimeout(() => gone.abort(), 100);
    await expect(asked).rejects.toThrow();
  });
});

it("an engine that does not start is not a fault of the picture", async () => {
  const broken = start(["--start", "broken"]);
  const asked = createInspector({ engine: broken, files, workRoot: root, log }).inspect(await stored(), mine);
  await expect(asked).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 30 });
  await broken.stop();
});

describe("bounds", () => {
  it("hold for one owner and for all, and free what is done", async () => {
    const done: (() => void)[] = [];
    const slow: Inspector = {
      inspect: () => new Promise((resolve) => done.push(() => resolve(NO_FACES))),
    };
    const bounded = boundedInspector(slow, { perOwner: 2, total: 3 });
    const picture = await stored();
    const ask = (owner: string) => bounded.inspect(picture, { ...mine, owner });
    const under = [ask("a"), ask("a")];
    await expect(ask("a")).rejects.toMatchObject({ code: "too_many_requests", retryAfterSeconds: 1 });
    under.push(ask("b"));
    await expect(ask("c")).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 5 });
    for (const end of done) end();
    await Promise.all(under);
    const again = [ask("a"), ask("c")];
    for (const end of done) end();
    await expect(Promise.all(again)).resolves.toHaveLength(2);
  });
});
