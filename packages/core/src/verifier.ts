/**
 * The port to what reads the marks of a file: the API itself never does, because the file may be anything. Locally a thread does it, on AWS
 * a worker's function.
 */
import { z } from "zod";
import { failedReplySchema, type StoredPicture, storedPictureSchema } from "./inspector.ts";
import type { Verification } from "./wire/verification.ts";

/** `instance`: label of the manifest, where it is ours. `watermark`: null where nobody looked for it. */
export const foundMarksSchema = z.strictObject({
  signature: z.enum(["ours", "other", "broken", "none"]),
  instance: z.string().nullable(),
  watermark: z.strictObject({ found: z.boolean(), payload: z.int().optional() }).nullable(),
});
export type FoundMarks = z.infer<typeof foundMarksSchema>;

export interface Verifier {
  /**
   * Throws `not_found` and `precondition_failed` where the file has changed, `too_many_requests` and `unavailable` with a time to try
   * again. A file that cannot be read is not an error: its signature is broken.
   */
  verify(file: StoredPicture, options: { owner: string; signal: AbortSignal }): Promise<FoundMarks>;
}

/** How a worker's function is asked, and what it answers. */
export const verifyEventSchema = z.strictObject({ verify: storedPictureSchema });
export type VerifyEvent = z.infer<typeof verifyEventSchema>;
export const verifyReplySchema = z.union([z.strictObject({ result: foundMarksSchema }), failedReplySchema]);
export type VerifyReply = z.infer<typeof verifyReplySchema>;

/** A mark alone may have been put there by somebody else, and what carries neither says nothing. */
export function madeByUs({
  signature,
  watermark,
}: Pick<FoundMarks, "signature" | "watermark">): Verification["made_by_us"] {
  if (signature === "ours") return "yes";
  return watermark?.found ? "probably" : "not_found";
}
