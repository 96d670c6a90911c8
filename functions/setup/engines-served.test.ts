import { readEnv } from "@smileloop/core/env.ts";
import { expect, test } from "vitest";
import type { Engine, Finding } from "../engines/engine.ts";
import { builtInSetup } from "../engines/index.ts";
import { checkOwnQueue, enginesServed } from "./engines-served.ts";

const NOT_FOUND: Finding = { engine: null, trouble: null };
const engineOf = (name: string, kinds: string[], more: Partial<Engine> = {}): Engine => ({
  ...{ name, kinds, queues: [name], meanSeconds: 1 },
  ...{ find: async () => NOT_FOUND, ...more },
});
const engines = [
  engineOf("house", ["paint"], { builtIn: true }),
  engineOf("card", ["paint", "sing"]),
  engineOf("choir", ["sing"]),
];
const known = { kinds: ["paint", "sing", "plan"], engines };
const FOUND: Finding = { engine: await builtInSetup(), trouble: null };
const findings = (...names: string[]) =>
  new Map(engines.map(({ name }) => [name, names.includes(name) ? FOUND : NOT_FOUND]));
const queues = (...names: string[]) => names.map((name) => `${name}=http://127.0.0.1:1/${name}`).join();

/** `findings`: null = this machine has not looked. */
const served = (variables: Record<string, string>, found: ReadonlyMap<string, Finding> | null) =>
  Object.fromEntries(enginesServed(readEnv(variables), known, found));

test("where nothing is said: what is built in, what was found, and what has a queue", () => {
  expect(served({}, null)).toEqual({ paint: ["house"], sing: [], plan: [] });
  expect(served({}, findings())).toEqual({ paint: ["house"], sing: [], plan: [] });
  expect(served({}, findings("card"))).toEqual({ paint: ["house", "card"], sing: ["card"], plan: [] });
  for (const found of [null, findings()]) {
    expect(served({ QUEUES: queues("house", "choir") }, found)).toMatchObject({ paint: ["house"], sing: ["choir"] });
  }
});

test("ENGINES says which is the default; a machine that has looked adds what is here, and leaves out what is not", () => {
  expect(served({ ENGINES: "paint=card+house" }, findings("card"))).toMatchObject({ paint: ["card", "house"] });
  expect(served({ ENGINES: "paint=card+card" }, findings("card"))).toMatchObject({ paint: ["card", "house"] });
  expect(served({ ENGINES: "paint=card,sing=choir+card" }, findings("choir"))).toMatchObject({
    paint: ["house"],
    sing: ["choir"],
  });
});

test("functions, which cannot look, take ENGINES at its word", () => {
  expect(served({ ENGINES: "paint=card+card", QUEUES: queues("choir") }, null)).toEqual({
    paint: ["card"],
    sing: ["choir"],
    plan: [],
  });
});

test.each([
  ["dance=house", "ENGINES: there is no kind `dance`. Choose from: paint, sing"],
  ["plan=house", "ENGINES: no engine runs `plan`. Choose from: paint, sing"],
  ["paint=house+magic", "ENGINES: there is no engine `magic`. Choose from: house, card"],
  ["sing=house", "ENGINES: the engine `house` cannot run `sing`. Choose from: card, choir"],
])("%s is refused", (ENGINES, sentence) => {
  expect(() => served({ ENGINES }, null)).toThrow(sentence);
  expect(() => served({ ENGINES }, findings("card"))).toThrow(sentence);
});

test("a server has a queue for its own worker", () => {
  checkOwnQueue(readEnv({}), engines);
  checkOwnQueue(readEnv({ QUEUES: queues("house", "card") }), engines);
  expect(() => checkOwnQueue(readEnv({ QUEUES: queues("card") }), engines)).toThrow("QUEUES: `house` is missing");
});
