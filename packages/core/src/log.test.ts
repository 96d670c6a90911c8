import { expect, test } from "vitest";
import { createLog } from "./log.ts";

function collected(level = "info") {
  const lines: string[] = [];
  const log = createLog({ level, destination: { write: (line) => void lines.push(line) } });
  return { log, lines };
}

test("a line is JSON with its level, moment and event", () => {
  const { log, lines } = collected();
  log.info({ ms: 3 }, "job done");
  expect(lines[0]).toMatch(/\n$/);
  const line = JSON.parse(lines[0]!);
  expect(line).toEqual({ level: "info", time: line.time, ms: 3, event: "job done" });
  expect(new Date(line.time).toISOString()).toBe(line.time);
});

test("children carry their ids; what is below the level is left out", () => {
  const { log, lines } = collected("warn");
  const child = log.child({ jobId: "a" }).child({ requestId: "b" });
  child.info("not shown");
  child.warn("shown");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: "warn", jobId: "a", requestId: "b", event: "shown" }),
  ]);
});

test("no line grows with what is put into it", () => {
  const { log, lines } = collected();
  const cause = Object.assign(new Error("y".repeat(1e6)), {
    issues: Array.from({ length: 1e4 }, () => "z".repeat(100)),
  });
  log.error(
    { err: new TypeError("x".repeat(1e6), { cause }), line: "l".repeat(1e6), many: new Array(1e5).fill(1) },
    "bad",
  );
  log.error(cause, "bad");
  expect(lines.map((line) => line.length < 150_000)).toEqual([true, true]);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    event: "bad",
    err: { type: "TypeError", message: expect.stringMatching(/^x+/) },
  });
});
