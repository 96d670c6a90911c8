/** What the checks of all kinds whose result is a clip say of its files. */
import { z } from "zod";
import { warningsSchema } from "../../errors.ts";
import { timingsSchema, videoSpecSchema } from "../protocol.ts";

/** `duration`: seconds. */
export const checkedVideoSchema = videoSpecSchema.extend({ duration: z.number(), bytes: z.int() });

/** The result of a check, beside its `video`. `poster`: where there is one. */
export const clipCheckParts = {
  poster: z.strictObject({ width: z.int(), height: z.int(), bytes: z.int() }).optional(),
  warnings: warningsSchema.default([]),
  timings: timingsSchema,
};
