/** What `npm run simulate` shows, on a shorter day. */
import { describe, expect, test } from "vitest";
import { busyDay, dollarsOf, flood, quantiles, SMALL } from "./scenarios.ts";
import { type SimulationOutcome, simulate } from "./simulation.ts";

const resultS = ({ done }: SimulationOutcome, flow: number) =>
  quantiles(done.filter((job) => job.flow === flow).map(({ createdS, endedS }) => endedS - createdS));

describe("a morning", () => {
  const plan = busyDay(7, { jobs: 200_000, hours: 13, maxWorkers: 100 });
  const morning = simulate(plan);

  test("comes out the same from the same seed", () => {
    const short = { ...plan, seconds: 3600 };
    expect(simulate(short)).toEqual(simulate(short));
    expect(simulate({ ...short, seed: 8 }).done.length).not.toBe(simulate(short).done.length);
  });

  test("every job is done, also those that Spot took a worker from", () => {
    const { done, unfinished, lostToSpot, workedAgain } = morning;
    expect(done.length + unfinished).toBeGreaterThan(100_000);
    expect(unfinished).toBeLessThan(300);
    expect(new Set(done).size).toBe(done.length);
    expect(lostToSpot).toBeGreaterThan(0);
    expect(workedAgain).toBeGreaterThan(0);
  });

  test("jobs wait for less than the wait that is aimed at, before the peak and after it", () => {
    const waitS = (from: number, to: number) =>
      quantiles(
        morning.done
          .filter(({ createdS }) => createdS >= from * 3600 && createdS < to * 3600)
          .map(({ createdS, startedS }) => startedS - createdS),
      );
    expect(waitS(1, 6)[1]).toBeLessThan(120);
    expect(waitS(9, 13)[1]).toBeLessThan(120);
    expect(waitS(0, 13)[0]).toBeLessThan(plan.targetWaitSeconds);
  });

  test("while Spot has nothing, On-Demand serves; workers go when the peak is over", () => {
    expect(morning.launched.on_demand).toBeGreaterThan(0);
    const running = (hour: number) =>
      Math.max(...morning.samples.filter(({ atS }) => Math.floor(atS / 3600) === hour).map((sample) => sample.running));
    expect(running(9)).toBeGreaterThan(running(6) * 3);
    expect(running(12)).toBeLessThan(running(9) * 0.7);
    expect(Math.max(...morning.samples.map((sample) => sample.running + sample.starting))).toBeLessThanOrEqual(100);
  });

  test("most of what is paid for is work", () => {
    const workedH = morning.done.reduce((sum, { startedS, endedS }) => sum + endedS - startedS, 0) / 3600;
    expect(workedH / (morning.hours.spot + morning.hours.on_demand)).toBeGreaterThan(0.6);
    expect((1000 * dollarsOf(morning).total) / morning.done.length).toBeLessThan(1.5);
  });
});

describe("a flood", () => {
  const run = (queue: "one" | "lanes", withFlood: boolean) => simulate(flood(7, { maxWorkers: 4, queue, withFlood }));

  test("leaves a small client its time; without lanes it does not", () => {
    const alone = resultS(run("lanes", false), SMALL)[1]!;
    expect(resultS(run("lanes", true), SMALL)[1]! / alone).toBeLessThan(2);
    expect(resultS(run("one", true), SMALL)[1]! / alone).toBeGreaterThan(100);
  });

  test("is done about as soon as without lanes", () => {
    const endS = (outcome: SimulationOutcome) =>
      Math.max(...outcome.done.filter(({ flow }) => flow !== SMALL).map(({ endedS }) => endedS));
    const [one, lanes] = [run("one", true), run("lanes", true)];
    expect(lanes.done.filter(({ flow }) => flow !== SMALL).length).toBeGreaterThan(9000);
    expect(endS(lanes) - 7200).toBeLessThan(1.15 * (endS(one) - 7200));
  });
});
