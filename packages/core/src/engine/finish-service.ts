/** The service `finish`, by which engines in other languages have their frames made into a file. */
import { z } from "zod";
import {
  audioSpecSchema,
  clipOutputsSchema,
  fileSchema,
  provenanceSchema,
  rawFramesSchema,
  runIdSchema,
  timingsSchema,
  videoSpecSchema,
} from "./protocol.ts";

/**
 * Makes a file of raw frames, in the format that the ending of `outputs.video` says, and a poster where one is asked for: marks,
 * encodes and muxes, with the sound of `audio` where there is one: a sound file, or a video with a
 * sound track. It starts with the first frame; what is longer than the picture is cut off. Fails with `input_unreadable` or
 * `unsupported_type` where it is `audio` that is at fault.
 */
const finishRequestSchema = z.strictObject({
  type: z.literal("finish"),
  run: runIdSchema,
  frames: rawFramesSchema,
  audio: fileSchema.optional(),
  spec: videoSpecSchema,
  outputs: clipOutputsSchema,
  provenance: provenanceSchema,
});
export type FinishRequest = z.infer<typeof finishRequestSchema>;

/** `audio`: the sound that the file has. */
export const finishResultSchema = z.strictObject({
  video: videoSpecSchema,
  audio: audioSpecSchema.optional(),
  timings: timingsSchema,
});
export type FinishResult = z.infer<typeof finishResultSchema>;

export const FINISH_SERVICE = { finish: { request: finishRequestSchema, result: finishResultSchema } };
