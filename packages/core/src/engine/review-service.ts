/** The service `review`, which looks at pictures and videos for nudity. */
import { z } from "zod";
import { fileSchema, runIdSchema, timingsSchema } from "./protocol.ts";

/** Maximum number of files of one request. */
export const MAX_REVIEWED = 10;

/** What a file is refused for: the classes of the model. Logs have it, clients do not. */
export const REFUSED_CLASSES = ["porn", "hentai", "sexy"] as const;

/**
 * Looks at pictures (`image/…`) and videos (`video/…`), in order, up to the first that is refused. Of a video, what lies beyond
 * `limits.seconds` is left out. Fails with what reading a file throws; it does not name a slot.
 */
const reviewRequestSchema = z.strictObject({
  type: z.literal("review"),
  run: runIdSchema,
  inputs: z.strictObject({ files: z.array(fileSchema).min(1).max(MAX_REVIEWED) }),
  limits: z.strictObject({ seconds: z.number().positive() }).optional(),
});
export type ReviewRequest = z.infer<typeof reviewRequestSchema>;

/** A verdict without scores: those would tell how to get past it. `file`: its number in the request. */
export const reviewResultSchema = z.strictObject({
  refused: z.strictObject({ file: z.int().min(0), class: z.enum(REFUSED_CLASSES) }).nullable(),
  timings: timingsSchema,
});
export type ReviewResult = z.infer<typeof reviewResultSchema>;

export const REVIEW_SERVICE = { review: { request: reviewRequestSchema, result: reviewResultSchema } };
