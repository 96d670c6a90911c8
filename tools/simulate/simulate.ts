/**
 * `npm run simulate [-- --seed 1]`: a day at a million jobs on GPU workers, and a small client beside one that floods, in fast
 * motion (`simulation.ts`). Nothing is measured here: what comes out is what the rules of the product make of the assumptions
 * below.
 */
import { parseArgs } from "node:util";
import { busyDay, dollarsOf, flood, quantiles, SMALL } from "./scenarios.ts";
import { type SimulationOutcome, simulate } from "./simulation.ts";

const { values } = parseArgs({ options: { seed: { type: "string", default: "1" } } });
const seed = Number(values.seed);
const startedMs = performance.now();

console.log("A day at a million jobs: morning peak, Spot losses, no new Spot machines from 7:45 to 8:30");
const day = simulate(busyDay(seed));
row("jobs done, left", day.done.length, day.unfinished);
row(
  "from arrival to work, s: p50 p95 p99",
  ...quantiles(day.done.map(({ createdS, startedS }) => startedS - createdS)),
);
row("from arrival to result, s: p50 p95 p99", ...quantiles(day.done.map(({ createdS, endedS }) => endedS - createdS)));
row("workers launched on Spot, On-Demand", day.launched.spot, day.launched.on_demand);
row("workers lost to Spot, jobs done again", day.lostToSpot, day.workedAgain);
row("machine hours on Spot, On-Demand", day.hours.spot, day.hours.on_demand);
const { machines, rest, total } = dollarsOf(day);
row("dollars: machines, the rest, together", machines, rest, total);
row("dollars per 1,000 clips", (1000 * total) / day.done.length);
const working = day.done.reduce((sum, { startedS, endedS }) => sum + endedS - startedS, 0) / 3600;
row("of the machine hours, at work, %", (100 * working) / (day.hours.spot + day.hours.on_demand));
console.log("\n  hour   jobs/s  running  starting  waiting   p50 s   p95 s");
for (let hour = 0; hour < 24; hour++) console.log(hourOf(day, hour));

console.log("\nA small client (3 jobs a minute) beside one that sends 10,000 in 20 minutes: seconds to the result");
console.log("  workers  rule    alone p50, p95    beside p50, p95    times p95   the flood is done after, min");
for (const maxWorkers of [1, 2, 4, 16]) {
  for (const queue of ["one", "lanes"] as const) {
    const alone = simulate(flood(seed, { maxWorkers, queue, withFlood: false }));
    const beside = simulate(flood(seed, { maxWorkers, queue, withFlood: true }));
    console.log(floodRow(maxWorkers, queue, alone, beside));
  }
}
console.log(`\n${((performance.now() - startedMs) / 1000).toFixed(1)} s, seed ${seed}`);

function floodRow(maxWorkers: number, queue: string, alone: SimulationOutcome, beside: SimulationOutcome): string {
  const small = ({ done }: SimulationOutcome) =>
    quantiles(done.filter(({ flow }) => flow === SMALL).map(({ createdS, endedS }) => endedS - createdS));
  const [p50, p95] = small(alone);
  const [besideP50, besideP95] = small(beside);
  const flooded = beside.done.filter(({ flow }) => flow !== SMALL);
  const minutes = (Math.max(...flooded.map(({ endedS }) => endedS)) - flooded[0]!.createdS) / 60;
  const cells = [maxWorkers, queue, `${fixed(p50)}, ${fixed(p95)}`, `${fixed(besideP50)}, ${fixed(besideP95)}`];
  return `  ${String(cells[0]).padEnd(9)}${String(cells[1]).padEnd(8)}${String(cells[2]).padEnd(18)}${String(cells[3]).padEnd(19)}${fixed(besideP95! / p95!).padEnd(12)}${fixed(minutes)}`;
}

function hourOf({ done, samples }: SimulationOutcome, hour: number): string {
  const within = (atS: number) => Math.floor(atS / 3600) === hour;
  const mean = (pick: (sample: (typeof samples)[number]) => number) => {
    const those = samples.filter(({ atS }) => within(atS));
    return those.reduce((sum, sample) => sum + pick(sample), 0) / those.length;
  };
  const jobs = done.filter(({ createdS }) => within(createdS));
  const [p50, p95] = quantiles(jobs.map(({ createdS, endedS }) => endedS - createdS));
  const cells = [
    jobs.length / 3600,
    ...[mean(({ running }) => running), mean(({ starting }) => starting), mean(({ waiting }) => waiting)],
    ...[p50!, p95!],
  ];
  return `  ${String(hour).padStart(4)}${cells.map((cell) => fixed(cell).padStart(9)).join("")}`;
}

function row(name: string, ...cells: number[]): void {
  console.log(`  ${name.padEnd(44)}${cells.map(fixed).join("  ")}`);
}

function fixed(value: number | undefined): string {
  if (value === undefined) return "-";
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 2 : 1, minimumFractionDigits: 1 });
}
