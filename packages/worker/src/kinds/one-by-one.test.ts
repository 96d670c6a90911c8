import { AppError } from "@smileloop/core/errors.ts";
import { expect, test } from "vitest";
import { oneByOne } from "./one-by-one.ts";

const signal = new AbortController().signal;
type Hooks = { signal: AbortSignal; onOutput: (name: string) => void };

/** An engine that says these names and then ends, unless it was stopped. */
const saying =
  (...said: string[]) =>
  async ({ signal, onOutput }: Hooks) => {
    for (const name of said) {
      await new Promise((resolve) => setImmediate(resolve));
      if (signal.aborted) throw new AppError("canceled", "The job was canceled.");
      onOutput(name);
    }
    return "done" as const;
  };

test("delivers one at a time, in the order in which they are finished, and ends with the last", async () => {
  const log: string[] = [];
  const deliver = async (name: string) => {
    log.push(`> ${name}`);
    await new Promise((resolve) => setImmediate(resolve));
    log.push(`< ${name}`);
  };
  expect(await oneByOne({ names: ["a", "b"], signal, ask: saying("b", "a"), deliver })).toBe("done");
  expect(log).toEqual(["> b", "< b", "> a", "< a"]);
});

test("what goes wrong with one stops the engine, and is what is thrown", async () => {
  const delivered: string[] = [];
  const deliver = async (name: string) => {
    delivered.push(name);
    throw new AppError("storage_full", "There is no room.");
  };
  const work = oneByOne({ names: ["a", "b", "c"], signal, ask: saying("a", "b", "c"), deliver });
  await expect(work).rejects.toMatchObject({ code: "storage_full" });
  expect(delivered).toEqual(["a"]);
});

test.each([
  ["not asked for", ["a", "x"], /not asked for/],
  ["twice", ["a", "a"], /not asked for/],
  ["too few", ["a"], /did not make b/],
])("an engine that names an output %s has failed", async (_what, said, reason) => {
  const work = oneByOne({ names: ["a", "b"], signal, ask: saying(...said), deliver: async () => {} });
  await expect(work).rejects.toMatchObject({ code: "engine_failed", message: expect.stringMatching(reason) });
});

test("an engine that fails is waited for until what it had finished is delivered, and its error is thrown", async () => {
  let delivered = false;
  const ask = async ({ onOutput }: Hooks) => {
    onOutput("a");
    throw new AppError("engine_crashed", "The engine crashed.");
  };
  const deliver = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    delivered = true;
  };
  await expect(oneByOne({ names: ["a", "b"], signal, ask, deliver })).rejects.toMatchObject({ code: "engine_crashed" });
  expect(delivered).toBe(true);
});
