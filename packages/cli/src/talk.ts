/** `smileloop talk`: a photo and a sound, or a text that a voice says, become a video of somebody who speaks. */
import { clipFormatOf } from "@smileloop/core/media/clip-formats.ts";
import type { TalkArgs } from "./clip-args.ts";
import { runLocalJob } from "./local-job.ts";

/** Resolves with the exit code. Throws UsageError. */
export function talk({ photo, sound, output, poster, ...args }: TalkArgs): Promise<number> {
  return runLocalJob({
    ...args,
    kind: "talk",
    inputs: { image: photo, audio: sound },
    options: sound === null ? {} : { text: "transcript" },
    targets: ({ params, files }) => {
      const { extension } = clipFormatOf(params.format as string);
      const named = files.audio?.title ?? "talk";
      return { video: output ?? `${files.image!.title}-${named}.${extension}`, poster };
    },
    told: ({ params: { seed }, outputs }) => {
      const { width, height, frames, fps, duration, bytes, audio } = outputs.video!;
      const video = { width, height, frames, fps, duration, bytes, audio };
      const lines = args.params.seed === undefined ? [`Seed ${seed}: --seed ${seed} makes the same video again.`] : [];
      return { json: { poster, seed, video }, lines };
    },
  });
}
