import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnv } from "@smileloop/core/env.ts";
import { expect, test } from "vitest";
import { until } from "../../test/support/processes.ts";
import { STUB } from "../../test/support/worker.ts";
import type { Engine } from "../engines/engine.ts";
import { startLocalServer } from "./local-server.ts";

const stub = (...args: string[]) => ({ command: process.execPath, args: [STUB, ...args] });

/** An engine whose processes are stubs. */
function engineOf(name: string, more: Partial<Engine> = {}): Engine {
  const commands = { engineCommand: stub("--engine", name), checkerCommand: stub("--kinds", "") };
  return {
    ...{ name, kinds: ["animate"], queues: [name], meanSeconds: 1 },
    find: async () => ({
      engine: { queueName: name, source: "trainedAlgorithmicMedia", ...commands, slots: 1 },
      trouble: null,
    }),
    ...more,
  };
}

test("a server goes by the list of engines that it is given", async () => {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-test-"));
  const missing = async () => ({ engine: null, trouble: "It has no strings." });
  const engines = [engineOf("house", { builtIn: true }), engineOf("drum"), engineOf("harp", { find: missing })];
  const env = { HOST: "127.0.0.1", PORT: "0", DATA_DIR: dir, ENGINES: "animate=drum+harp", LOG_LEVEL: "silent" };
  const server = await startLocalServer(readEnv(env), { engines });
  const ask = async (path: string) => (await fetch(server.url + path)).json() as Promise<unknown>;
  const ready = () => ask("/ready") as Promise<{ ready: boolean; parts: Record<string, string> }>;
  try {
    expect(await ask("/health")).toMatchObject({ engines: ["drum", "house"], queue: { drum: {}, house: {} } });
    expect(await ask("/v1/kinds")).toMatchObject({
      kinds: expect.arrayContaining([expect.objectContaining({ name: "animate", engines: ["drum", "house"] })]),
    });
    await until(async () => (await ready()).parts.engine === "ok" && (await ready()).ready);
    const parts = { engine: "ok", drum: "ok", harp: "It has no strings." };
    expect(await ready()).toMatchObject({ ready: true, parts });
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true });
  }
});
