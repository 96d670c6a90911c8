/** Requests to the engine and the checker for jobs of the kind `speak`, and their results. */
import { z } from "zod";
import { warningsSchema } from "../../errors.ts";
import { audioSpecSchema, filePathSchema, provenanceSchema, runIdSchema, timingsSchema } from "../protocol.ts";
import { sayParamsSchema, sayResultSchema } from "../speech-services.ts";

/** `sound`: the audio of the ending that its path has. `spoken`: JSON with the times of words and phones. */
const outputs = z.strictObject({ sound: filePathSchema, spoken: filePathSchema });

const speakRunSchema = z.strictObject({
  type: z.literal("run"),
  run: runIdSchema,
  kind: z.literal("speak"),
  params: sayParamsSchema,
  outputs,
  provenance: provenanceSchema,
});
export type SpeakRun = z.infer<typeof speakRunSchema>;

export const speakRunResultSchema = sayResultSchema.omit({ spoken: true });
export type SpeakRunResult = z.infer<typeof speakRunResultSchema>;

/** Judges the finished sound by itself: that it decodes, and is not silent although there are words. */
const speakCheckSchema = z.strictObject({
  type: z.literal("check"),
  run: runIdSchema,
  kind: z.literal("speak"),
  files: outputs,
});
export type SpeakCheck = z.infer<typeof speakCheckSchema>;

export const speakCheckResultSchema = z.strictObject({
  audio: audioSpecSchema.extend({ duration: z.number(), bytes: z.int() }),
  spoken: z.strictObject({ bytes: z.int(), words: z.int() }),
  warnings: warningsSchema.default([]),
  timings: timingsSchema,
});
export type SpeakCheckResult = z.infer<typeof speakCheckResultSchema>;

export const speakTask = {
  run: speakRunSchema,
  result: speakRunResultSchema,
  check: speakCheckSchema,
  checkResult: speakCheckResultSchema,
};
