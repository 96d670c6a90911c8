/** The service `print`, which takes the prints of pictures and videos (`blocked/prints.ts`). */
import { z } from "zod";
import { PRINTED } from "../blocked/prints.ts";
import { fileSchema, runIdSchema, timingsSchema } from "./protocol.ts";

/** Maximum number of files of one request. */
export const MAX_PRINTED = 10;
/** In the 8 orientations. */
export const printsSchema = z.strictObject({
  of: z.enum(PRINTED),
  prints: z.array(z.string().regex(/^[0-9a-f]{64}$/)).length(8),
});

/**
 * Of pictures (`image/…`) the whole and each face; of videos (`video/…`) a frame of each second, and the faces of the first. Fails with what
 * reading a file throws; it does not name a slot.
 */
const printRequestSchema = z.strictObject({
  type: z.literal("print"),
  run: runIdSchema,
  inputs: z.strictObject({ files: z.array(fileSchema).min(1).max(MAX_PRINTED) }),
  limits: z.strictObject({ seconds: z.number().positive() }).optional(),
});
export type PrintRequest = z.infer<typeof printRequestSchema>;

/** For each file what was looked at. */
export const printResultSchema = z.strictObject({
  files: z.array(z.array(printsSchema).max(400)),
  timings: timingsSchema,
});
export type PrintResult = z.infer<typeof printResultSchema>;

export const PRINT_SERVICE = { print: { request: printRequestSchema, result: printResultSchema } };
