import { expect, test } from "vitest";
import { manualClock } from "../../../../test/support/manual-clock.ts";
import { memoryNotes } from "../records/memory.ts";
import { nextSurplus, noteSurplus, requestExit } from "./surplus.ts";

const MINUTE_MS = 60_000;
const free = { waiting: 0, onDemand: 0 };

test("some of many half-idle workers may go, a tenth at a time, and the last may not", () => {
  expect(nextSurplus(null, { running: 100, held: 40, ...free }, 0)).toEqual({
    load: 40,
    permits: 10,
    of: null,
    atMs: 0,
  });
  expect(nextSurplus(null, { running: 52, held: 40, ...free }, 0).permits).toBe(2);
  expect(nextSurplus(null, { running: 50, held: 40, ...free }, 0).permits).toBe(0);
  expect(nextSurplus(null, { running: 2, held: 0, ...free }, 0).permits).toBe(1);
  expect(nextSurplus(null, { running: 1, held: 0, ...free }, 0).permits).toBe(0);
});

test("nobody goes while jobs wait, or in a lull", () => {
  expect(nextSurplus(null, { running: 100, held: 40, onDemand: 0, waiting: 1 }, 0).permits).toBe(0);
  const busy = { load: 90, permits: 0, of: null, atMs: 0 };
  const lull = nextSurplus(busy, { running: 100, held: 40, ...free }, MINUTE_MS);
  expect(lull.load).toBeCloseTo(40 + 50 * Math.exp(-1 / 5));
  expect(lull.permits).toBe(0);
  expect(nextSurplus(busy, { running: 100, held: 40, ...free }, 10 * MINUTE_MS).permits).toBe(10);
  expect(nextSurplus(lull, { running: 100, held: 95, ...free }, 2 * MINUTE_MS).load).toBe(95);
});

test("no more workers go than are noted, whoever asks first", async () => {
  const clock = manualClock();
  const notes = memoryNotes(clock);
  const leave = () => requestExit(notes, "gpu", "spot");
  expect(await leave()).toBe(false);
  await noteSurplus(notes, "gpu", { running: 20, held: 2, ...free }, clock.now());
  const first = await Promise.all([leave(), leave(), leave(), leave()]);
  expect(first.filter((may) => may).length).toBe(1);
  expect([await leave(), await leave(), await leave()]).toEqual([true, false, false]);

  await noteSurplus(notes, "gpu", { running: 20, held: 2, ...free }, clock.now());
  expect(await leave()).toBe(false); // once a minute
  await clock.advance(MINUTE_MS);
  await noteSurplus(notes, "gpu", { running: 18, held: 2, ...free }, clock.now());
  await clock.advance(2 * MINUTE_MS + 1);
  expect(await leave()).toBe(false); // whoever counts them is gone
});

test("workers on On-Demand machines go first", async () => {
  expect(nextSurplus(null, { running: 100, onDemand: 3, held: 40, waiting: 0 }, 0)).toMatchObject({
    ...{ permits: 3, of: "on_demand" },
  });
  const clock = manualClock();
  const notes = memoryNotes(clock);
  await noteSurplus(notes, "gpu", { running: 4, onDemand: 1, held: 0, waiting: 0 }, clock.now());
  expect(await requestExit(notes, "gpu", "spot")).toBe(false);
  expect(await requestExit(notes, "gpu", "on_demand")).toBe(true);
});

test("a damaged note permits nothing, and is replaced", async () => {
  const clock = manualClock();
  const notes = memoryNotes(clock);
  await notes.put("surplus-gpu", '{"load":', null);
  expect(await requestExit(notes, "gpu", "spot")).toBe(false);
  await noteSurplus(notes, "gpu", { running: 20, held: 2, ...free }, clock.now());
  expect(await requestExit(notes, "gpu", "spot")).toBe(true);
});
