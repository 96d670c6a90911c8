/** `POST /v1/uploads`: what is asked, and where to send the file. */
import { z } from "zod";

export const uploadRequestSchema = z.strictObject({
  content_type: z.string().max(100).meta({ example: "image/jpeg" }),
  size: z.int().min(0).meta({ description: "Bytes, exactly.", example: 482113 }),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, "64 hex digits")
    .optional(),
  filename: z.string().max(255).optional().describe("For the client's own use; it is not kept."),
  form: z
    .boolean()
    .optional()
    .describe(
      "A form to be sent by POST instead of a PUT; then `size` is the most that it may have. Without `sha256`.",
    ),
});
export type UploadRequest = z.infer<typeof uploadRequestSchema>;

export const uploadTargetSchema = z.object({
  id: z.string().describe("Names the file in the inputs of jobs."),
  method: z.enum(["PUT", "POST"]),
  url: z.url(),
  headers: z.record(z.string(), z.string()).describe("To be sent with the file, besides its length."),
  fields: z
    .record(z.string(), z.string())
    .optional()
    .describe("With `form`: the parts of a multipart/form-data POST that come before the file, which is named `file`."),
  expires_at: z.iso.datetime().describe("When link and upload end."),
  max_bytes: z.int(),
});
export type UploadTarget = z.infer<typeof uploadTargetSchema>;
