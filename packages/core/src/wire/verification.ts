/** What `POST /v1/verify` says of a file, as clients see it. */
import { z } from "zod";

export const verificationSchema = z.object({
  type: z.string().describe("Media type by content."),
  bytes: z.int(),
  signature: z
    .enum(["ours", "other", "broken", "none"])
    .describe(
      "`ours`: this installation signed these very bytes. `other`: somebody else did. `broken`: changed after it was signed, or unreadable. `none`: it carries no signature.",
    ),
  watermark: z
    .object({
      found: z.boolean(),
      payload: z.int().optional().describe("What the mark says; only for callers with a key, where it can be read."),
    })
    .nullable()
    .describe("The invisible mark in the picture; null where this installation does not look for it."),
  made_by_us: z
    .enum(["yes", "probably", "not_found"])
    .describe(
      "`yes`: our signature holds. `probably`: our invisible mark is there, and the signature is gone. `not_found`: neither is, which does not mean that no machine has made it.",
    ),
  job: z.string().optional().describe("The job that made it, where that is the caller's own and still there."),
});
export type Verification = z.infer<typeof verificationSchema>;
