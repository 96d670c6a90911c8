/** `smileloop previews`: a photo becomes a small clip for each preset, in a folder. */
import { join } from "node:path";
import { runLocalJob } from "./local-job.ts";
import type { PreviewsArgs } from "./previews-args.ts";

/** Resolves with the exit code. Throws UsageError. */
export function previews({ photo, folder, ...args }: PreviewsArgs): Promise<number> {
  return runLocalJob({
    ...args,
    kind: "previews",
    inputs: { image: photo },
    options: { presets: "preset" },
    inFolder: true,
    targets: ({ params, files }) => {
      const place = folder ?? `${files.image!.title}-previews`;
      return Object.fromEntries((params.presets as string[]).map((name) => [name, join(place, `${name}.mp4`)]));
    },
    told: ({ params: { seed }, outputs }) => {
      const clips = Object.entries(outputs).map(([preset, { width, height, frames, fps, duration, bytes }]) => {
        return { preset, width, height, frames, fps, duration, bytes };
      });
      const lines = args.params.seed === undefined ? [`Seed ${seed}: --seed ${seed} makes the same clips again.`] : [];
      return { json: { seed, clips }, lines };
    },
  });
}
