/** `POST /v1/uploads`: the request, and where to send the file. */
import { z } from "zod";

export const uploadRequestSchema = z.strictObject({
  content_type: z.string().max(100).meta({
    description: "Common other names and parameters are taken, too; `headers` of the reply has the type to send.",
    example: "image/jpeg",
  }),
  size: z.int().min(0).meta({ description: "Exact size in bytes.", example: 482113 }),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, "64 hex digits")
    .optional(),
  filename: z.string().max(255).optional().describe("For the client's own use; it is not stored."),
  form: z
    .boolean()
    .optional()
    .describe(
      "Asks for a form to send by POST instead of a PUT link; `size` is then the maximum. Cannot be combined with `sha256`.",
    ),
});
export type UploadRequest = z.infer<typeof uploadRequestSchema>;

export const uploadTargetSchema = z.object({
  id: z.string().describe("Identifies the file in the inputs of jobs."),
  method: z.enum(["PUT", "POST"]),
  url: z.url(),
  headers: z.record(z.string(), z.string()).describe("Headers to send with the file, besides its length."),
  fields: z
    .record(z.string(), z.string())
    .optional()
    .describe("With `form`: the parts of a multipart/form-data POST that come before the file, which is named `file`."),
  expires_at: z.iso.datetime().describe("When the link and the upload expire."),
  max_bytes: z.int(),
});
export type UploadTarget = z.infer<typeof uploadTargetSchema>;
