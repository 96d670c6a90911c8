/** An error of `/v1` as clients see it: a problem document (RFC 9457). */
import { z } from "zod";
import { errorCodeSchema } from "../errors.ts";

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: errorCodeSchema,
  detail: z.string(),
  instance: z.string(),
  request_id: z.string(),
  retryable: z.boolean(),
  errors: z
    .array(z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() }))
    .optional(),
});
export type Problem = z.infer<typeof problemSchema>;
