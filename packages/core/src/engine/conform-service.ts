/** The service `conform`, which makes a video of somebody else's one of ours. */
import { z } from "zod";
import {
  filePathSchema,
  fileSchema,
  posterOrderSchema,
  provenanceSchema,
  runIdSchema,
  timingsSchema,
  videoSpecSchema,
} from "./protocol.ts";

/**
 * Makes a video that a service elsewhere has made into one of ours: the size, the rate and the number of frames of `spec`, the sound of
 * `audio` from the first frame on, our marks, and a poster where one is asked for. A frame is shown until the next; the last one stays.
 * `fade`: the picture goes out during the last seconds. Fails with `check_unreadable` where the video cannot be read.
 */
const conformRequestSchema = z.strictObject({
  type: z.literal("conform"),
  run: runIdSchema,
  inputs: z.strictObject({ video: z.array(fileSchema).length(1), audio: z.array(fileSchema).length(1) }),
  spec: videoSpecSchema,
  fade: z.number().min(0).max(5),
  outputs: z.strictObject({ video: filePathSchema, poster: posterOrderSchema.optional() }),
  provenance: provenanceSchema,
});
export type ConformRequest = z.infer<typeof conformRequestSchema>;

/** `given`: the video as it came: its size, and how long it lasts, seconds. */
export const conformResultSchema = z.strictObject({
  video: videoSpecSchema,
  given: z.strictObject({ width: z.int().positive(), height: z.int().positive(), seconds: z.number() }),
  timings: timingsSchema,
});
export type ConformResult = z.infer<typeof conformResultSchema>;

export const CONFORM_SERVICE = { conform: { request: conformRequestSchema, result: conformResultSchema } };
