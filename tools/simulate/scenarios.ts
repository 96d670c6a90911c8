/** What `npm run simulate` assumes, and what it makes of the outcome. */
import { costs, gpuHourUsd, readBatchCalls, readCalls, readClip } from "../../scripts/costs.ts";
import { ASSUMED, PRICES } from "../../scripts/prices.ts";
import type { SimulationOutcome, SimulationPlan } from "./simulation.ts";

/** On average as long as costs are computed with, from half of that to two times that. */
const workSeconds = (random: () => number) => ASSUMED.gpuSeconds.value * 2 ** (2 * random() - 1) * 0.924;
/** From the order to the first job: a machine, an image of some 10 GB and the model. Assumed. */
const coldSeconds = (random: () => number) => 240 + 240 * random();

const HOUR_S = 3600;
const COMMON = {
  ...{ queue: "lanes" as const, workSeconds, coldSeconds, targetWaitSeconds: 60, idleExitSeconds: 300 },
  /** Of each machine; assumed. */
  spotLossesPerHour: 0.05,
};

/** `jobs` in a day, three times as many at nine in the morning as on average. `hours`: how much of the day is played. */
export function busyDay(
  seed: number,
  options: { jobs?: number; hours?: number; maxWorkers?: number } = {},
): SimulationPlan {
  const { jobs = 1_000_000, hours = 24, maxWorkers = 300 } = options;
  const shape = (atS: number) => {
    const hour = atS / HOUR_S;
    const daylight = Math.max(0, Math.sin(((hour - 6) / 16) * Math.PI));
    return 0.25 + 0.75 * daylight + 2 * Math.exp(-(((hour - 9) / 0.8) ** 2));
  };
  let sum = 0;
  let highest = 0;
  for (let minute = 0; minute < 1440; minute++) {
    sum += shape(minute * 60) * 60;
    highest = Math.max(highest, shape(minute * 60));
  }
  const perSecond = (atS: number) => (shape(atS) * jobs) / sum;
  return {
    ...{ ...COMMON, seed, seconds: hours * HOUR_S, maxWorkers },
    flows: [{ name: "client", owners: 200_000, most: (highest * 1.01 * jobs) / sum, perSecond }],
    spotIsOut: (atS) => atS >= 7.75 * HOUR_S && atS < 8.5 * HOUR_S,
  };
}

/** Which of the flows of `flood` is the small client. */
export const SMALL = 0;

/** A small client for six hours; after two hours another sends 10,000 jobs within 20 minutes. */
export function flood(
  seed: number,
  options: { maxWorkers: number; queue: SimulationPlan["queue"]; withFlood: boolean },
): SimulationPlan {
  const { maxWorkers, queue, withFlood } = options;
  const perSecond = 10_000 / 1200;
  const during = (atS: number) => (atS >= 2 * HOUR_S && atS < 2 * HOUR_S + 1200 ? perSecond : 0);
  return {
    ...{ ...COMMON, seed, seconds: 20 * HOUR_S, maxWorkers, queue },
    spotLossesPerHour: 0,
    flows: [
      { name: "small", owners: 1, most: 0.05, perSecond: (atS) => (atS > HOUR_S && atS < 6 * HOUR_S ? 0.05 : 0) },
      ...(withFlood ? [{ name: "flood", owners: 1, most: perSecond, perSecond: during }] : []),
    ],
    spotIsOut: () => false,
  };
}

/** What the outcome costs: machines, and what each clip costs besides (calls, API, downloads, logs). */
export function dollarsOf({ done, hours }: SimulationOutcome): { machines: number; rest: number; total: number } {
  const machines = hours.spot * gpuHourUsd(PRICES.g6Spot) + hours.on_demand * gpuHourUsd(PRICES.g6OnDemand);
  const besides = costs(readCalls(), readBatchCalls(), readClip()).gpu.filter(
    ({ what }) => !what.startsWith("rendering"),
  );
  const rest = (besides.reduce((sum, { usd }) => sum + usd, 0) / 1000) * done.length;
  return { machines, rest, total: machines + rest };
}

/** The 50th, 95th and 99th of a hundred. */
export function quantiles(values: number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  return [0.5, 0.95, 0.99].map(
    (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN,
  );
}
