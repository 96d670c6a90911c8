/** `smileloop convert`: a video becomes an MP4 that plays everywhere. */
import type { ConvertArgs } from "./convert-args.ts";
import { runLocalJob } from "./local-job.ts";

/** Resolves with the exit code. Throws UsageError. */
export function convert({ video, output, poster, ...args }: ConvertArgs): Promise<number> {
  return runLocalJob({
    ...args,
    kind: "convert",
    inputs: { video },
    targets: ({ files }) => ({ video: output ?? `${files.video!.title}-converted.mp4`, poster }),
    told: ({ outputs }) => {
      const { width, height, frames, fps, duration, bytes, audio } = outputs.video!;
      return { json: { poster, video: { width, height, frames, fps, duration, bytes, audio } }, lines: [] };
    },
  });
}
