/** `smileloop speak`: a voice says a text. */
import { text as readText } from "node:stream/consumers";
import { soundFormatOf } from "@smileloop/core/media/sound-formats.ts";
import { runLocalJob } from "./local-job.ts";
import type { SpeakArgs } from "./speak-args.ts";

/** Resolves with the exit code. Throws UsageError. */
export async function speak({ text, output, spoken, params, ...args }: SpeakArgs): Promise<number> {
  const said = text === "-" ? await readText(process.stdin) : text;
  return runLocalJob({
    ...args,
    kind: "speak",
    params: { ...params, text: said },
    inputs: {},
    targets: ({ params: { format } }) => ({
      audio: output ?? `speech.${soundFormatOf(format as string).extension}`,
      spoken,
    }),
    told: ({ outputs }) => {
      const { duration, bytes, audio } = outputs.audio!;
      return { json: { spoken, sound: { duration, bytes, ...audio } }, lines: [] };
    },
  });
}
