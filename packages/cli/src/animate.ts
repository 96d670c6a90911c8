/** `smileloop animate`: a photo and a preset, or a driving clip, become a clip. */
import { clipFormatOf } from "@smileloop/core/media/clip-formats.ts";
import type { AnimateArgs } from "./clip-args.ts";
import { runLocalJob } from "./local-job.ts";

/** Resolves with the exit code. Throws UsageError. */
export function animate({ photo, driving, output, poster, ...args }: AnimateArgs): Promise<number> {
  return runLocalJob({
    ...args,
    kind: "animate",
    inputs: { image: photo, driving },
    targets: ({ params, files }) => {
      const { extension } = clipFormatOf(params.format as string);
      const named = files.driving?.title ?? params.preset;
      return { video: output ?? `${files.image!.title}-${named}.${extension}`, poster };
    },
    told: ({ params: { preset, seed }, outputs }) => {
      const { width, height, frames, fps, duration, bytes } = outputs.video!;
      const video = { width, height, frames, fps, duration, bytes };
      // a driving clip leaves nothing to chance
      const drawn = preset !== undefined && args.params.seed === undefined;
      const lines = drawn ? [`Seed ${seed}: --seed ${seed} makes the same clip again.`] : [];
      return { json: { poster, preset: preset ?? null, seed, video }, lines };
    },
  });
}
