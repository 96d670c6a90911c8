/** The service `preview`, which makes the preview of a finished file that is for sale. */
import { z } from "zod";
import { timesSchema } from "../speech/sync.ts";
import {
  fileSchema,
  posterOrderSchema,
  previewOrderSchema,
  provenanceSchema,
  runIdSchema,
  timingsSchema,
  videoSpecSchema,
} from "./protocol.ts";

/**
 * Of a picture (`image/…`) a JPEG, of a video an MP4 with its sound: small and with a visible mark (`media/preview-size.ts`). `film`: of a
 * video, what its check has found; `times`: when its frames are shown, where they are not evenly apart, s. Whatever engine has made the
 * file, so that no engine can forget the mark. Fails with what reading the file throws; it does not name a slot.
 */
const previewRequestSchema = z.strictObject({
  type: z.literal("preview"),
  run: runIdSchema,
  inputs: z.strictObject({ file: z.array(fileSchema).length(1) }),
  film: videoSpecSchema.extend({ sound: z.boolean(), times: timesSchema.optional() }).optional(),
  outputs: z.strictObject({ preview: previewOrderSchema, poster: posterOrderSchema.optional() }),
  provenance: provenanceSchema,
});
export type PreviewRequest = z.infer<typeof previewRequestSchema>;

export const previewResultSchema = z.strictObject({
  preview: z.strictObject({
    type: z.enum(["image/jpeg", "video/mp4"]),
    width: z.int().positive(),
    height: z.int().positive(),
  }),
  timings: timingsSchema,
});
export type PreviewResult = z.infer<typeof previewResultSchema>;

export const PREVIEW_SERVICE = { preview: { request: previewRequestSchema, result: previewResultSchema } };
