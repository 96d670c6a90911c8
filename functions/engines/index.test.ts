import { tmpdir } from "node:os";
import { readEnv } from "@smileloop/core/env.ts";
import { expect, test } from "vitest";
import type { Engine } from "./engine.ts";
import { builtInEngine, builtInSetup, ENGINES, engineOfQueue, findEngines, meanSecondsOf, setupsFor } from "./index.ts";

const engineOf = (QUEUE: string, more: Record<string, string> = {}) =>
  engineOfQueue(readEnv({ QUEUE, WARP_PROCESSES: "3", ...more }));

test("a standalone worker gets the engine of its queue; by default, the built-in one", async () => {
  expect(await engineOfQueue(readEnv({ WARP_PROCESSES: "3" }))).toMatchObject({ queueName: "warp", slots: 3 });
  expect(await engineOf("warp-long")).toMatchObject({ queueName: "warp-long", slots: 3 });
  expect(await engineOf("warp")).not.toHaveProperty("maxFailedStarts");
});

test("the built-in engine knows of the environment where its libraries are, and nothing else", async () => {
  const { engineCommand, checkerCommand } = await engineOf("warp", { LD_LIBRARY_PATH: "/opt/lib" });
  for (const command of [engineCommand, checkerCommand]) expect(command?.env).toEqual({ LD_LIBRARY_PATH: "/opt/lib" });
  expect((await builtInSetup()).engineCommand.env).toEqual({});
});

test("whatever engine does the work, the process that checks it looks at files, and makes previews", async () => {
  const found = await findEngines(readEnv({ ENGINES: "lipsync=warp+syncso" }));
  const checkers = ["warp", "syncso"].map((name) => found.get(name)!.engine!.checkerCommand.args.join(" "));
  for (const args of checkers) expect(args).toMatch(/--services \S*review,print,preview/);
});

test("a standalone worker does not start without its engine, and says what is missing", async () => {
  await expect(engineOf("liveportrait")).rejects.toThrow("LIVEPORTRAIT_ROOT: the checkout of LivePortrait is missing");
  await expect(engineOf("liveportrait", { LIVEPORTRAIT_ROOT: tmpdir() })).rejects.toThrow("is not a checkout");
  const queues = [...ENGINES.flatMap((engine) => engine.queues), "plans"].join(", ");
  await expect(engineOf("dance")).rejects.toThrow(`QUEUE: no engine serves \`dance\`. Choose from: ${queues}`);
});

test("a worker for plans has no engine", async () => {
  const plans = await engineOf("plans");
  expect(plans).toMatchObject({ queueName: "plans" });
  expect(plans.engineCommand).toBeUndefined();
});

test("seconds per job are those of the engine that serves the queue", () => {
  const seconds = ["warp", "warp-long", "liveportrait", "unknown"].map((queue) => meanSecondsOf(queue));
  expect(seconds).toEqual([10, 240, 5, 10]);
});

test("names and queues of engines are unique, and one engine is built in", () => {
  for (const names of [ENGINES.map(({ name }) => name), ENGINES.flatMap(({ queues }) => queues)]) {
    expect(new Set(names).size).toBe(names.length);
  }
  expect(builtInEngine().name).toBe("warp");
});

test("a command has the engine that it names, those of ENGINES first, and the built-in one", async () => {
  const setup = await builtInSetup();
  const engineOf = (name: string, more: Partial<Engine> = {}): Engine => ({
    ...{ name, kinds: ["paint"], queues: [name], meanSeconds: 1 },
    find: async () => ({ engine: setup, trouble: null }),
    ...more,
  });
  const looked: string[] = [];
  const rare = engineOf("rare", {
    find: async () => {
      looked.push("rare");
      return { engine: setup, trouble: null };
    },
  });
  const away = engineOf("away", {
    find: async () => ({ engine: null, trouble: null }),
    unset: "AWAY_ROOT: it is missing",
  });
  const broken = engineOf("broken", { find: async () => ({ engine: null, trouble: "BROKEN_ROOT: it is broken" }) });
  const engines = [engineOf("own", { builtIn: true }), rare, away, broken, engineOf("other", { kinds: ["sing"] })];
  const names = async (named?: string, ENGINES = "") => [
    ...(await setupsFor({ kind: "paint", named }, readEnv({ ENGINES }), engines)).keys(),
  ];
  expect(await names()).toEqual(["own"]);
  expect(looked).toEqual([]);
  expect(await names("rare")).toEqual(["own", "rare"]);
  expect(await names(undefined, "paint=rare+own")).toEqual(["rare", "own"]);
  // the job says that it is not here
  expect(await names("away")).toEqual(["own"]);
  await expect(names(undefined, "paint=away")).rejects.toThrow("AWAY_ROOT: it is missing");
  await expect(names("broken")).rejects.toThrow("BROKEN_ROOT: it is broken");
  await expect(names(undefined, "paint=other")).rejects.toThrow(
    /no engine `other` runs `paint`. Choose from: own, rare/,
  );
});

test("another list counts where it is given", async () => {
  const setup = await builtInSetup();
  const echo: Engine = {
    ...{ name: "echo", kinds: ["echo"], queues: ["echo", "echo-long"], meanSeconds: { "echo-long": 99 } },
    find: async () => ({ engine: { ...setup, queueName: "echo" }, trouble: null }),
  };
  const engines = [...ENGINES, echo];
  const env = readEnv({ QUEUE: "echo-long" });
  expect(await engineOfQueue(env, engines)).toMatchObject({ queueName: "echo-long", maxFailedStarts: 3 });
  expect([meanSecondsOf("echo-long", engines), meanSecondsOf("echo", engines)]).toEqual([99, 10]);
  expect([...(await findEngines(env, engines)).keys()]).toEqual(engines.map(({ name }) => name));
  const broken = { ...echo, find: async () => ({ engine: null, trouble: null }) };
  await expect(engineOfQueue(env, [broken])).rejects.toThrow("QUEUE: the engine echo is not set up here");
});
