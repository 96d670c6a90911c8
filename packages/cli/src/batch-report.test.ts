import { expect, test } from "vitest";
import { createBatchReport, estimator } from "./batch-report.ts";

test("the time left is told by the pace of recipients, not by what comes before them", () => {
  let now = 0;
  const left = estimator(100, () => now);
  now = 60_000;
  expect([left(0), left(1)]).toEqual([null, null]);
  now = 80_000;
  expect(left(11)).toBe(178);
  now = 100_000;
  expect(left(100)).toBeNull();
});

test("without a terminal a line at each quarter says how many there are, and how many have failed", async () => {
  let now = 0;
  const lines: string[] = [];
  const report = await createBatchReport({
    ...{ total: 400, quiet: false, bar: false, now: () => now },
    write: (text) => lines.push(text),
  });
  for (let done = 1; done <= 400; done++) {
    now += 3000;
    report.update(done, done > 150 ? 2 : 0);
  }
  report.stop();
  expect(lines).toEqual([
    "Recipients: 1 of 400\n",
    "Recipients: 100 of 400, about 15 min left\n",
    "Recipients: 200 of 400, 2 failed, about 10 min left\n",
    "Recipients: 300 of 400, 2 failed, about 5 min left\n",
    "Recipients: 400 of 400, 2 failed\n",
  ]);
});
