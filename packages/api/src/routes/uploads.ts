/** `POST /v1/uploads`: where to send a file, so that it goes straight to the storage. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { UPLOAD_LIFE_MS } from "@smileloop/core/job/record.ts";
import type { Kinds } from "@smileloop/core/kinds/kinds.ts";
import type { ApiDeps } from "../deps.ts";
import { limitedJson } from "../http/json-body.ts";
import { linkOrigin } from "../http/origin.ts";
import { ownerOf } from "../owner.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";
import { rfc3339 } from "../view.ts";

const askSchema = z
  .strictObject({
    content_type: z.string().max(100).openapi({ example: "image/jpeg" }),
    size: z.int().min(0).openapi({ description: "Bytes, exactly.", example: 482113 }),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, "64 hex digits")
      .optional(),
    filename: z.string().max(255).optional().openapi({ description: "For the client's own use; it is not kept." }),
    form: z.boolean().optional().openapi({
      description:
        "A form to be sent by POST instead of a PUT; then `size` is the most that it may have. Without `sha256`.",
    }),
  })
  .openapi("UploadRequest");

const targetSchema = z
  .object({
    id: z.string().openapi({ description: "Names the file in the inputs of jobs." }),
    method: z.enum(["PUT", "POST"]),
    url: z.url(),
    headers: z.record(z.string(), z.string()).openapi({ description: "To be sent with the file, besides its length." }),
    fields: z.record(z.string(), z.string()).optional().openapi({
      description:
        "With `form`: the parts of a multipart/form-data POST that come before the file, which is named `file`.",
    }),
    expires_at: z.iso.datetime().openapi({ description: "When link and upload end." }),
    max_bytes: z.int(),
  })
  .openapi("Upload");

const route = createRoute({
  method: "post",
  path: "/v1/uploads",
  tags: ["Uploads"],
  summary: "Get a link to upload a file",
  description:
    "Send exactly the announced bytes by PUT to `url` with `headers`, once: 412 means that they have arrived already. " +
    "With `form` the reply has what an HTML form or Uppy sends by POST: `fields`, then the file, of 1 to `size` bytes. " +
    "The upload serves any number of jobs for an hour.",
  middleware: [limitedJson] as const,
  request: { body: { required: true, content: { "application/json": { schema: askSchema } } } },
  responses: {
    201: { description: "Where to send the file", content: { "application/json": { schema: targetSchema } } },
    ...problemReplies("malformed", "empty_file", "too_large", "unsupported_type", "invalid_request"),
  },
});

export function uploadRoutes(deps: ApiDeps): Api {
  const api = newApi();
  api.openapi(route, async (c) => {
    const { content_type, size, sha256, form } = c.req.valid("json");
    if (form && sha256 !== undefined) {
      throw new AppError("invalid_request", "A form cannot be bound to a sha256; leave `form` or `sha256` out.");
    }
    const type = content_type.toLowerCase();
    const maxBytes = maxBytesOf(deps.kinds, type);
    if (size > maxBytes)
      throw new AppError("too_large", `At most ${maxBytes} bytes are accepted; this file has ${size}.`);
    if (size === 0) throw new AppError("empty_file", "The file is empty.");
    const now = deps.clock.now();
    const id = newId(now);
    const expiresAtMs = now + UPLOAD_LIFE_MS;
    const key = uploadKey(ownerOf(c), id);
    const origin = linkOrigin(deps.config, c.req.raw);
    const reply = { id, expires_at: rfc3339(expiresAtMs), max_bytes: maxBytes };
    if (form) {
      const target = await deps.files.uploadForm(key, { type, maxBytes: size, expiresAtMs });
      const url = new URL(target.url, origin).href;
      return c.json({ ...reply, method: "POST" as const, url, headers: {}, fields: target.fields }, 201);
    }
    const target = await deps.files.uploadLink(key, { type, bytes: size, sha256: sha256?.toLowerCase(), expiresAtMs });
    const url = new URL(target.url, origin).href;
    return c.json({ ...reply, method: "PUT" as const, url, headers: target.headers }, 201);
  });
  return api;
}

/** The largest file of this type that any kind takes. Throws `unsupported_type`. */
function maxBytesOf(kinds: Kinds, type: string): number {
  const slots = [...kinds.values()].flatMap((kind) => Object.values(kind.slots));
  const fitting = slots.filter(({ types }) => types.includes(type));
  if (fitting.length === 0) {
    const known = [...new Set(slots.flatMap(({ types }) => types))].sort().join(", ");
    throw new AppError("unsupported_type", `Files of this content_type are not accepted. Choose from: ${known}`);
  }
  return Math.max(...fitting.map(({ maxBytes }) => maxBytes));
}
