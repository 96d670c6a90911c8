import { rmSync } from "node:fs";
import { type Clock, systemClock } from "@smileloop/core/clock.ts";
import { readEnv } from "@smileloop/core/env.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import { createLog } from "@smileloop/core/log.ts";
import { expect, test } from "vitest";
import { openShop, STUB } from "../../test/support/worker.ts";
import type { Deps } from "./deps.ts";
import { startWork } from "./local-work.ts";

const stub = (...args: string[]) => ({ command: process.execPath, args: [STUB, ...args] });

test("a card that was lost is tried again after a while, and its jobs are done then", async () => {
  const shop = openShop();
  const waits: number[] = [];
  /** Its waits are short. */
  const clock: Clock = {
    now: shop.clock.now,
    sleep: (ms, signal) => {
      waits.push(ms);
      return systemClock.sleep(Math.min(ms, 50), signal);
    },
  };
  const engine = {
    queueName: "liveportrait",
    engineCommand: stub("--engine", "liveportrait"),
    checkerCommand: stub("--kinds", ""),
    slots: 1,
  };
  const deps = {
    ...shop.store,
    clock,
    kinds: shop.kinds,
    handlers: shop.handlers,
    presets: shop.presets,
    workRoot: shop.workRoot,
  };
  const log = createLog({ level: "error", destination: { write: (line) => void shop.logged.push(line) } });
  const work = startWork(readEnv({ WARP_PROCESSES: "1" }), { ...deps, log } as unknown as Deps, {
    engine,
    trouble: null,
  });
  const { id } = await shop.job({ runs: ["deviceLost", "well"] }, {}, "liveportrait");
  expect(await shop.reaches(id, "succeeded", 15_000)).toMatchObject({ attempt: 2, failures: 0 });
  expect(waits).toContain(60_000);
  expect(shop.logged.join("")).toContain("The graphics card is gone.");
  expect(work.ready().parts.liveportrait).toBe("ok");
  await work.stop(0);
  rmSync(shop.dir, { recursive: true });
});

test("a server that shares its storage leaves alone what others work on", async () => {
  const shop = openShop();
  const { id } = await shop.job();
  const claim = { by: "worker", do: "claim", token: "theirs", worker: "elsewhere", leaseAlive: false } as const;
  await updateJob(shop.store, "local", id, () => claim);
  shop.forward(1000);
  const log = createLog({ level: "info", destination: { write: (line) => void shop.logged.push(line) } });
  const deps = {
    ...shop.store,
    kinds: shop.kinds,
    handlers: shop.handlers,
    presets: shop.presets,
    workRoot: shop.workRoot,
    log,
    alone: false,
  };
  const work = startWork(readEnv({ WARP_PROCESSES: "1" }), deps as unknown as Deps, { engine: null, trouble: null });
  while (!shop.logged.join("").includes("looked at")) await systemClock.sleep(10);
  expect(await shop.read(id)).toMatchObject({ state: "running", attempt: 1, claim: { token: "theirs" } });
  await work.stop(0);
  rmSync(shop.dir, { recursive: true });
});
