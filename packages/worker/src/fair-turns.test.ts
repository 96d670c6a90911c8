import { expect, test } from "vitest";
import { fairTurns } from "./fair-turns.ts";

const { signal } = new AbortController();

/** Calls that are let in one by one: `order` says whose turn it was. */
function queueOf(lanes: number) {
  const turns = fairTurns(lanes);
  const order: string[] = [];
  const open: (() => void)[] = [];
  const call = (owner: string, name = owner, until = signal) =>
    turns(owner, until, async () => {
      order.push(name);
      await new Promise<void>((resolve) => void open.push(resolve));
    });
  const settled = () => new Promise(setImmediate);
  const finish = async () => {
    await settled();
    open.shift()?.();
    await settled();
  };
  return { call, order, finish };
}

test("an owner with many calls does not keep others waiting", async () => {
  const { call, order, finish } = queueOf(1);
  const calls = ["ann", "ann", "ann", "ann", "bob", "cay", "bob"].map((owner) => call(owner));
  for (let done = 0; done < calls.length; done++) await finish();
  await Promise.all(calls);
  expect(order).toEqual(["ann", "bob", "cay", "ann", "bob", "ann", "ann"]);
});

test("callers that come anew again and again do not keep one waiting that has had a turn", async () => {
  const { call, order, finish } = queueOf(1);
  const calls = ["ann", "ann", "bob"].map((owner) => call(owner));
  for (const owner of ["cay", "dan", "eve"]) {
    await finish();
    calls.push(call(owner));
  }
  for (let done = 3; done < calls.length; done++) await finish();
  await Promise.all(calls);
  expect(order).toEqual(["ann", "bob", "ann", "cay", "dan", "eve"]);
});

test("as many work at a time as there are lanes, and one that failed makes room", async () => {
  const { call, order, finish } = queueOf(2);
  const calls = [call("ann", "a1"), call("ann", "a2"), call("bob", "b1")];
  await new Promise(setImmediate);
  expect(order).toEqual(["a1", "a2"]);
  await finish();
  expect(order).toEqual(["a1", "a2", "b1"]);
  await finish();
  await finish();
  await Promise.all(calls);
  const turns = fairTurns(1);
  await expect(turns("ann", signal, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await turns("ann", signal, async () => "yes")).toBe("yes");
});

test("a call that gives up leaves the queue with its reason", async () => {
  const { call, order, finish } = queueOf(1);
  const gone = new AbortController();
  const first = call("ann");
  const second = call("bob", "bob", gone.signal);
  const third = call("cay");
  gone.abort(new Error("gone"));
  await expect(second).rejects.toThrow("gone");
  await finish();
  await finish();
  await Promise.all([first, third]);
  expect(order).toEqual(["ann", "cay"]);
  await expect(call("ann", "ann", gone.signal)).rejects.toThrow("gone");
});
