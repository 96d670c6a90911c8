/** The calls of a job as figures, by step; they are written to `aws-calls.json` as well. */
import { readFileSync, writeFileSync } from "node:fs";
import { systemClock } from "@smileloop/core/clock.ts";
import { builtInSetup } from "../../functions/engines/index.ts";
import { ASTRONAUT } from "../../test/support/pictures.ts";
import { type Counts, countCalls, countsOf, oneJob, openAwsHome, type Steps, totalOf } from "./aws-calls.ts";
import type { Figure, Part } from "./measure.ts";

const MOST_S3 = 14;
const MOST_SQS = 4;

export const calls: Part = {
  name: "calls",
  figures: async () => {
    const counted = await countCalls();
    writeFileSync(new URL("aws-calls.json", import.meta.url), `${JSON.stringify(counted, null, 2)}\n`);
    const { steps, job, lambdaJob, idempotencyKey, poll, minuteOfWork, after, sweep } = counted;
    const real = await withWarp();
    return [
      ...stepRows(steps),
      figure("a job from upload to download: S3", totalOf(job.s3), MOST_S3),
      figure("  SQS", totalOf(job.sqs), MOST_SQS),
      figure("  SQS, on Lambda", totalOf(lambdaJob.sqs), MOST_SQS),
      { ...figure("  S3, with the real engine", totalOf(real.counts.s3), MOST_S3), note: real.note },
      figure("  SQS, with the real engine", totalOf(real.counts.sqs), MOST_SQS),
      figure("a poll: S3", totalOf(poll.s3), 1),
      told("with an Idempotency-Key, more", idempotencyKey),
      told("each further minute of work", minuteOfWork),
      told("what sweeps do about a job and its upload", after),
      told("a sweep of nothing, under its lease", sweep),
      told("a minute of a worker without work, both lanes", counted.idleMinute),
    ];
  },
};

/** One job with the built-in engine and a clock that runs: a look or a beat more where it takes longer than those. */
async function withWarp(): Promise<{ counts: Counts; note: string }> {
  const home = await openAwsHome({ engine: await builtInSetup(), clock: systemClock });
  try {
    const picture = readFileSync(ASTRONAUT);
    // starts its processes
    await oneJob(home, { picture });
    const before = performance.now();
    const { steps } = await oneJob(home, { picture });
    const seconds = ((performance.now() - before) / 1000).toFixed(1);
    return { counts: countsOf(steps), note: `in ${seconds} s` };
  } finally {
    await home.close();
  }
}

function stepRows(steps: Steps): Figure[] {
  return Object.entries(steps).flatMap(([step, named]) =>
    Object.entries(named).map(([name, count], n) => ({ ...figure(name, count), note: n === 0 ? step : "" })),
  );
}

function told(name: string, { s3, sqs }: Counts): Figure {
  const all = { ...s3, ...sqs };
  return {
    ...figure(name, totalOf(all)),
    note: Object.entries(all)
      .map(([call, count]) => `${count} ${call}`)
      .join(", "),
  };
}

function figure(name: string, value: number, target: number | null = null): Figure {
  return { name, unit: "calls", value, target };
}
