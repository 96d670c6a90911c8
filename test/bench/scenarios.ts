/** What `npm run simulate` assumes, and what it makes of the outcome. */
import calls from "./aws-calls.json" with { type: "json" };
import type { SimulationOutcome, SimulationPlan } from "./simulation.ts";

/** US dollars, us-east-1. */
export const PRICES = {
  /** g6.xlarge (one L4) an hour. On-Demand: list price. Spot: $0.32 was seen in 2026; it changes by the hour. */
  machineHour: { spot: 0.32, on_demand: 0.805 },
  /** Per request, list prices. LIST costs as much as PUT. */
  s3Put: 0.005 / 1000,
  s3Get: 0.0004 / 1000,
  sqs: 0.4 / 1_000_000,
};

/** Assumed, not measured: a warm L4 takes 4 s for a clip on average, half of that to two times that. */
const WORK_SECONDS = 4;
const workSeconds = (random: () => number) => WORK_SECONDS * 2 ** (2 * random() - 1) * 0.924;
/** From the order to the first job: 4 to 8 minutes for a machine, an image of some 10 GB and the model. Assumed. */
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
    ...{ ...COMMON, seed, seconds: 16 * HOUR_S, maxWorkers, queue },
    spotLossesPerHour: 0,
    flows: [
      { name: "small", owners: 1, most: 0.05, perSecond: (atS) => (atS > HOUR_S && atS < 6 * HOUR_S ? 0.05 : 0) },
      ...(withFlood ? [{ name: "flood", owners: 1, most: perSecond, perSecond: during }] : []),
    ],
    spotIsOut: () => false,
  };
}

/** What the outcome costs. */
export function dollarsOf({ done, hours }: SimulationOutcome): { machines: number; calls: number; total: number } {
  const machines = hours.spot * PRICES.machineHour.spot + hours.on_demand * PRICES.machineHour.on_demand;
  const { s3, sqs } = calls.job;
  // one LIST for the lane
  const puts = s3.PutObject + s3.CopyObject + 1;
  const perJob =
    puts * PRICES.s3Put +
    s3.GetObject * PRICES.s3Get +
    (sqs.SendMessage + sqs.ReceiveMessage + sqs.DeleteMessage) * PRICES.sqs;
  return { machines, calls: perJob * done.length, total: machines + perJob * done.length };
}

/** The 50th, 95th and 99th of a hundred. */
export function quantiles(values: number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  return [0.5, 0.95, 0.99].map(
    (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN,
  );
}
