import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { awakeTimer } from "./awake-timer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("fires once, after its time", () => {
  const fired = vi.fn();
  awakeTimer(30_000, fired);
  vi.advanceTimersByTime(29_000);
  expect(fired).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(fired).toHaveBeenCalledOnce();
});

it("does not fire once it was ended", () => {
  const fired = vi.fn();
  awakeTimer(30_000, fired)();
  vi.advanceTimersByTime(60_000);
  expect(fired).not.toHaveBeenCalled();
});

it("does not count the time for which the process is frozen", async () => {
  vi.useRealTimers();
  const fired = vi.fn();
  const end = awakeTimer(600, fired);
  // as a process that thaws sees it: the clock has gone on, and no timer has fired
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  await new Promise((resolve) => setTimeout(resolve));
  expect(fired).not.toHaveBeenCalled();
  end();
});
