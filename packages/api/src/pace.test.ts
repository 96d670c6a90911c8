import { describe, expect, it } from "vitest";
import { newRecord } from "../../../test/conformance/records.ts";
import { createPace } from "./pace.ts";

const START_MS = Date.parse("2026-01-02T03:00:00Z");
/** A job that took so long, from so many seconds after the start on. */
const made = (fromSeconds: number, seconds: number, more: object = {}) => ({
  ...newRecord(START_MS, "ann"),
  ...{ kind: "animate", queue: "warp", state: "succeeded" as const, attempt: 1, estimate_s: 2 },
  ...{ started_at: START_MS + fromSeconds * 1000, ended_at: START_MS + (fromSeconds + seconds) * 1000 },
  ...more,
});
const work = { kind: "animate", queue: "warp", estimate_s: 4 };

describe("the pace", () => {
  it("is not known until some jobs were seen, and each counts once", () => {
    const pace = createPace();
    const first = made(0, 6);
    for (let n = 0; n < 5; n++) pace.saw(first);
    pace.saw(made(10, 6));
    expect([pace.secondsOf(work), pace.startsInSeconds("warp", 0)]).toEqual([null, null]);
    pace.saw(made(20, 6));
    // they took three times as long as was expected
    expect(pace.secondsOf(work)).toBe(12);
    // one is at work, on average half of it is left
    expect([0, 1, 2].map((position) => pace.startsInSeconds("warp", position))).toEqual([3, 9, 15]);
    expect(pace.secondsOf({ ...work, kind: "talk" })).toBeNull();
    expect(pace.startsInSeconds("other", 0)).toBeNull();
  });

  it("knows how many work at the same time", () => {
    const pace = createPace();
    for (let n = 0; n < 6; n++) pace.saw(made(n * 2, 6));
    expect(pace.startsInSeconds("warp", 0)).toBe(1);
  });

  it("follows the last jobs, and learns nothing from failures, later tries and work elsewhere", () => {
    const pace = createPace();
    for (let n = 0; n < 3; n++) {
      pace.saw(made(n * 10, 60, { state: "failed" }));
      pace.saw(made(n * 10, 60, { attempt: 2 }));
      pace.saw(made(n * 10, 60, { external: { provider: "p", id: "x" } }));
      pace.saw(made(n * 10, 60, { engine: null }));
    }
    expect(pace.secondsOf(work)).toBeNull();
    for (let n = 0; n < 30; n++) pace.saw(made(n * 10, 8));
    for (let n = 0; n < 20; n++) pace.saw(made(1000 + n * 10, 1));
    expect(pace.secondsOf(work)).toBe(2);
  });
});
