import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { eachAtOnce, takingTurns } from "./concurrent.ts";

const never = () => false;

/** As a storage lists them: a page takes its time. */
async function* listed(count: number) {
  for (let n = 0; n < count; n++) {
    yield n;
    await setImmediate();
  }
}

test("an error that comes while the next item is still awaited is the error of the whole, and nothing is begun after it", async () => {
  const begun: number[] = [];
  const lost = new Error("lost");
  const all = eachAtOnce(listed(5), never, async (n) => {
    begun.push(n);
    if (n === 1) throw lost;
  });
  await expect(all).rejects.toBe(lost);
  expect(begun).toEqual([0, 1]);
});

test("of several errors the first is told, when all that were begun have ended", async () => {
  const slow = Promise.withResolvers<void>();
  const ended: number[] = [];
  const all = eachAtOnce([0, 1, 2], never, async (n) => {
    if (n > 0) throw new Error(`number ${n}`);
    await slow.promise;
    ended.push(n);
  });
  await setImmediate();
  slow.resolve();
  await expect(all).rejects.toThrow("number 1");
  expect(ended).toEqual([0]);
});

test("an error of the list itself is told after what was begun", async () => {
  const ended: number[] = [];
  async function* broken() {
    yield 0;
    throw new Error("the list broke off");
  }
  const all = eachAtOnce(broken(), never, async (n) => {
    await setImmediate();
    ended.push(n);
  });
  await expect(all).rejects.toThrow("the list broke off");
  expect(ended).toEqual([0]);
});

test("at most 32 run at a time, and none is begun once it is over", async () => {
  let [running, most, begun] = [0, 0, 0];
  const run = async () => {
    begun++;
    most = Math.max(most, ++running);
    await setImmediate();
    running--;
  };
  await eachAtOnce(Array(100), never, run);
  expect([begun, most]).toEqual([100, 32]);
  begun = 0;
  await eachAtOnce(listed(100), () => begun === 3, run);
  expect(begun).toBe(3);
});

test("takes turns: never more than so many at once, in the order in which they came, whatever fails", async () => {
  const inTurn = takingTurns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const results = [1, 2, 3, 4].map((n) =>
    inTurn(async () => {
      begun.push(n);
      await new Promise<void>((end) => ends.push(end));
      if (n === 1) throw new Error("no");
      return n;
    }),
  );
  const settled = Promise.allSettled(results);
  await setImmediate();
  expect(begun).toEqual([1, 2]);
  ends[0]!();
  await setImmediate();
  expect(begun).toEqual([1, 2, 3]);
  for (let n = 1; n < 4; n++) {
    ends[n]!();
    await setImmediate();
  }
  expect((await settled).map((one) => (one.status === "fulfilled" ? one.value : "failed"))).toEqual([
    "failed",
    2,
    3,
    4,
  ]);
  expect(await inTurn(async () => 5)).toBe(5);
});
