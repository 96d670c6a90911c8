/**
 * `npm run bench -- --only shares`: how long a job takes with the processors that Lambda gives for its memory, and what that costs. With one
 * processor it is measured (`taskset`), with less and with a part of the second it follows from that and from the time of both.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PRICES } from "../../scripts/prices.ts";
import { twelveMegapixels } from "../../test/support/pictures.ts";
import { inFolder, tellClip } from "./clip.ts";
import { type Figure, median, type Part } from "./measure.ts";
import { close, type Files, type Job, oneJob, type Processes, startBoth } from "./ratios.ts";

/** Memory, MB, that comes with one whole processor (docs.aws.amazon.com/lambda, "Configure Lambda function memory"). */
const ONE_PROCESSOR = 1769;
const MEMORIES = [1024, ONE_PROCESSOR, 2048, 3008];
const ROUNDS = 7;
const SIZE = 512;
/** The clip that `npm run costs` counts. */
const SECONDS = 4;

export const shares: Part = {
  name: "shares",
  onRequest: true,
  figures: () =>
    inFolder(async (dir) => {
      const image = join(dir, "portrait.jpg");
      writeFileSync(image, await twelveMegapixels());
      const told = await tellClip(image, "gentle_smile", SIZE, SECONDS);
      const files: Files = { image, video: join(dir, "clip.mp4"), poster: join(dir, "poster.jpg") };
      const [one, two] = [await startBoth(["taskset", "-c", "0"]), await startBoth()];
      const [alone, both]: [Job[], Job[]] = [[], []];
      try {
        const job = (processes: Processes, run: string) => oneJob(processes, told, SIZE, files, run);
        for (const processes of [one, two]) await job(processes, "warm-up");
        for (let round = 0; round < ROUNDS; round++) {
          alone.push(await job(one, `${round}`));
          both.push(await job(two, `${round}`));
        }
      } finally {
        await Promise.all([close(one), close(two)]);
      }
      return curve(alone, both);
    }),
};

function curve(alone: Job[], both: Job[]): Figure[] {
  const seconds = (jobs: Job[], least: (values: number[]) => number): number =>
    least(jobs.map(({ cast, clip, check }) => cast.wall + clip.wall + check.wall)) / 1000;
  return MEMORIES.map((memory) => {
    const processors = memory / ONE_PROCESSOR;
    const takes = (least: (values: number[]) => number): number => {
      const one = seconds(alone, least);
      return processors <= 1 ? one / processors : Math.max(seconds(both, least), one / processors);
    };
    const usd = (value: number): string => ((1000 * memory * value * PRICES.lambdaTime.usd) / 1024).toFixed(3);
    const [value, least] = [takes(median), takes((values) => Math.min(...values))];
    return {
      ...{ name: `cast, clip of ${SECONDS} s at ${SIZE}² and check, ${memory} MB`, unit: "s", value, target: null },
      note: `${processors.toFixed(2)} processors; $${usd(value)} per 1,000; least ${least.toFixed(2)} s, $${usd(least)}`,
    };
  });
}
