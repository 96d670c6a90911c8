/**
 * `npm run bench -- --only shares`: how long a job takes with the processors that Lambda gives for its memory, and what that costs: cast, clip
 * and check in warm processes, which have the memories' shares of this machine's processors in turn.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PRICES } from "../../scripts/prices.ts";
import { twelveMegapixels } from "../../test/support/pictures.ts";
import { inFolder, tellClip } from "./clip.ts";
import { type Figure, median, type Part } from "./measure.ts";
import { ONE_PROCESSOR_MB, shareOfProcessors } from "./processor-share.ts";
import { close, type Files, oneJob, startBoth } from "./ratios.ts";

const MEMORIES = [1024, ONE_PROCESSOR_MB, 2048, 3008];
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
      const share = MEMORIES.map((memory) => shareOfProcessors(memory / ONE_PROCESSOR_MB));
      const processes = [];
      for (const { prefix } of share) processes.push(await startBoth(prefix));
      const runs: number[][] = MEMORIES.map(() => []);
      try {
        for (let round = 0; round <= ROUNDS; round++) {
          for (const [nth, both] of processes.entries()) {
            const { cast, clip, check } = await oneJob(both, told, SIZE, files, `${round}`);
            // the first one compiles
            if (round > 0) runs[nth]!.push((cast.wall + clip.wall + check.wall) / 1000);
          }
        }
      } finally {
        for (const both of processes) await close(both);
        for (const { end } of share) await end();
      }
      return MEMORIES.map((memory, nth) => rowOf(memory, runs[nth]!));
    }),
};

function rowOf(memory: number, runs: number[]): Figure {
  const usd = (value: number): string => ((1000 * memory * value * PRICES.lambdaTime.usd) / 1024).toFixed(3);
  const [value, least] = [median(runs), Math.min(...runs)];
  return {
    ...{ name: `cast, clip of ${SECONDS} s at ${SIZE}² and check, ${memory} MB`, unit: "s", value, target: null, runs },
    note: `${(memory / ONE_PROCESSOR_MB).toFixed(2)} processors; $${usd(value)} per 1,000; least ${least.toFixed(2)} s, $${usd(least)}`,
  };
}
