import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "@smileloop/core/clock.ts";
import { readEnv } from "@smileloop/core/env.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import { createLog } from "@smileloop/core/log.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../test/support/processes.ts";
import { openShop, type Shop, STUB } from "../../test/support/worker.ts";
import type { Engine, Finding } from "../engines/engine.ts";
import { ENGINES, findEngines } from "../engines/index.ts";
import type { Deps } from "./deps.ts";
import { startWork } from "./local-work.ts";

const ENV = readEnv({ WARP_PROCESSES: "1" });
const NO_WEBHOOKS = { webhooks: { missing: "nothing is signed here" } };
const stub = (...args: string[]) => ({ command: process.execPath, args: [STUB, ...args] });

let shop: Shop;
let work: ReturnType<typeof startWork> | null;
beforeEach(() => {
  shop = openShop();
  work = null;
});
afterEach(async () => {
  await work?.stop(0);
  rmSync(shop.dir, { recursive: true });
});

test("a card that was lost is tried again after a while, and its jobs are done then", async () => {
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
    source: "trainedAlgorithmicMedia" as const,
    engineCommand: stub("--engine", "liveportrait"),
    checkerCommand: stub("--kinds", ""),
    slots: 1,
  };
  const deps = {
    ...{ ...shop.store, ...NO_WEBHOOKS, clock, engines: ENGINES },
    ...{
      kinds: shop.kinds,
      presets: shop.presets,
      workRoot: shop.workRoot,
      signing: { file: join(shop.dir, "signing.pem") },
      marking: { file: join(shop.dir, "mark.key") },
    },
  };
  const log = createLog({ level: "error", destination: { write: (line) => void shop.logged.push(line) } });
  const findings = new Map([...(await findEngines(ENV)), ["liveportrait", { engine, trouble: null }] as const]);
  work = startWork(ENV, { ...deps, log } as unknown as Deps, findings);
  const { id } = await shop.job({ runs: ["deviceLost", "well"] }, {}, "liveportrait");
  expect(await shop.reaches(id, "succeeded")).toMatchObject({ attempt: 2, failures: 0 });
  expect(waits).toContain(60_000);
  expect(shop.logged.join("")).toContain("The graphics card is gone.");
  expect(work.ready().parts.liveportrait).toBe("ok");
});

test("a server that shares its storage leaves alone what others work on", async () => {
  const { id } = await shop.job();
  const claim = { by: "worker", do: "claim", token: "theirs", worker: "elsewhere", leaseAlive: false } as const;
  await updateJob(shop.store, "local", id, () => claim);
  shop.forward(1000);
  const log = createLog({ level: "info", destination: { write: (line) => void shop.logged.push(line) } });
  const deps = {
    ...{ ...shop.store, ...NO_WEBHOOKS, engines: ENGINES, log, exclusive: false },
    ...{
      kinds: shop.kinds,
      presets: shop.presets,
      workRoot: shop.workRoot,
      signing: { file: join(shop.dir, "signing.pem") },
      marking: { file: join(shop.dir, "mark.key") },
    },
  };
  work = startWork(ENV, deps as unknown as Deps, await findEngines(ENV));
  await until(() => shop.logged.join("").includes("looked at"));
  expect(await shop.read(id)).toMatchObject({ state: "running", attempt: 1, claim: { token: "theirs" } });
});

test("each engine of the list that is here has a worker; the built-in one is `engine` in what is told of them", async () => {
  const found = (queueName: string, ...args: string[]): Finding => ({
    engine: {
      queueName,
      source: "trainedAlgorithmicMedia",
      engineCommand: stub(...args),
      checkerCommand: stub("--kinds", ""),
      slots: 1,
    },
    trouble: null,
  });
  const engineOf = (name: string, finding: Finding, more: Partial<Engine> = {}): Engine => ({
    ...{ name, kinds: ["animate"], queues: [name], meanSeconds: 1, ...more },
    find: async () => finding,
  });
  const sentence = "It has no strings.";
  const engines = [
    engineOf("harp", { engine: null, trouble: sentence }),
    engineOf("drum", found("drum", "--engine", "drum")),
    engineOf("house", found("house", "--engine", "house"), { builtIn: true }),
    engineOf("flute", { engine: null, trouble: null }),
  ];
  const log = createLog({ level: "warn", destination: { write: (line) => void shop.logged.push(line) } });
  const animate = shop.kinds.get("animate")!;
  const deps = {
    ...{ ...shop.store, ...NO_WEBHOOKS, engines, log, exclusive: true },
    ...{
      presets: shop.presets,
      workRoot: shop.workRoot,
      signing: { file: join(shop.dir, "signing.pem") },
      marking: { file: join(shop.dir, "mark.key") },
    },
    kinds: new Map([
      ["animate", { ...animate, engines: ["drum", "house"] }],
      ["plan", { ...animate, engines: [] }],
    ]),
  };
  work = startWork(ENV, deps as unknown as Deps, await findEngines(ENV, engines));
  const { id } = await shop.job({ run: "well" }, {}, "drum");
  await shop.reaches(id, "succeeded");
  await until(() => work?.ready().parts.engine === "ok");
  expect(work.ready()).toEqual({ ok: true, parts: { engine: "ok", drum: "ok", harp: sentence } });
  expect(shop.logged.filter((line) => line.includes(sentence))).toHaveLength(1);
});
