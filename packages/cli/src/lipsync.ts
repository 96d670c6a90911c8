/** `smileloop lipsync`: the person in a video says something else: a sound, or a text by a voice. */
import { clipFormatOf } from "@smileloop/core/media/clip-formats.ts";
import type { LipsyncArgs } from "./clip-args.ts";
import { runLocalJob } from "./local-job.ts";

/** Resolves with the exit code. Throws UsageError. */
export function lipsync({ video, sound, output, poster, ...args }: LipsyncArgs): Promise<number> {
  return runLocalJob({
    ...args,
    kind: "lipsync",
    inputs: { video, audio: sound },
    options: sound === null ? {} : { text: "transcript" },
    targets: ({ params, files }) => {
      const { extension } = clipFormatOf(params.format as string);
      const named = files.audio?.title ?? "lipsync";
      return { video: output ?? `${files.video!.title}-${named}.${extension}`, poster };
    },
    told: ({ outputs }) => {
      const { width, height, frames, fps, duration, bytes, audio } = outputs.video!;
      return { json: { poster, video: { width, height, frames, fps, duration, bytes, audio } }, lines: [] };
    },
  });
}
