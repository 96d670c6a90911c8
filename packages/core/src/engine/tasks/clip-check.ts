/** What engines and checks answer for all kinds whose result is a clip. */
import { z } from "zod";
import { warningsSchema } from "../../errors.ts";
import { markOrderSchema } from "../../marking/mark.ts";
import { timingsSchema, videoSpecSchema } from "../protocol.ts";

/** What an engine answers that has written the video itself. */
export const videoRunResultSchema = z.strictObject({
  outputs: z.strictObject({ video: videoSpecSchema }),
  warnings: warningsSchema,
  timings: timingsSchema,
});

/** `duration`: seconds. */
export const checkedVideoSchema = videoSpecSchema.extend({ duration: z.number(), bytes: z.int() });

/**
 * What was ordered of the engine to mark the clip with: a check fails with `marking_failed` where it is certainly not in the file. Null
 * only where nothing was ordered: a check that is told nothing is refused, so that no mark goes unlooked for.
 */
export const checkedMarkSchema = markOrderSchema.nullable();

/** The result of a check, beside its `video`. `poster`: where there is one. */
export const clipCheckParts = {
  poster: z.strictObject({ width: z.int(), height: z.int(), bytes: z.int() }).optional(),
  warnings: warningsSchema.default([]),
  timings: timingsSchema,
};
