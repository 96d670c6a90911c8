/** Uploads: where to send a file, so that it goes straight to the storage, and deleting it. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { typesOf } from "@smileloop/core/kinds/inputs.ts";
import type { Kinds } from "@smileloop/core/kinds/kind.ts";
import { namedType } from "@smileloop/core/media/types.ts";
import { uploadRequestSchema, uploadTargetSchema } from "@smileloop/core/wire/upload.ts";
import type { ApiDeps } from "../deps.ts";
import { limitedJson } from "../http/json-body.ts";
import { absoluteLink, linkOrigin } from "../http/origin.ts";
import { idParams } from "../ids.ts";
import { requireYoung, uploadLifeMs } from "../intake/check.ts";
import { ownerOf } from "../owner.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";
import { rfc3339 } from "../view.ts";

const askSchema = z.strictObject(uploadRequestSchema.shape).openapi("UploadRequest");
const targetSchema = z.object(uploadTargetSchema.shape).openapi("Upload");

const route = createRoute({
  method: "post",
  path: "/v1/uploads",
  tags: ["Uploads"],
  summary: "Get a link to upload a file",
  description:
    "Send exactly the announced bytes by PUT to `url` with `headers`, once: 412 means that the file has already arrived. " +
    "With `form` the reply has what an HTML form or Uppy sends by POST: `fields`, then the file, of 1 to `size` bytes. " +
    "The upload serves any number of jobs until `expires_at`.",
  middleware: [limitedJson] as const,
  request: { body: { required: true, content: { "application/json": { schema: askSchema } } } },
  responses: {
    201: { description: "Where to send the file", content: { "application/json": { schema: targetSchema } } },
    ...problemReplies("malformed", "empty_file", "too_large", "unsupported_type", "invalid_request"),
  },
});

const deleteRoute = createRoute({
  method: "delete",
  path: "/v1/uploads/{id}",
  tags: ["Uploads"],
  summary: "Delete an upload",
  description:
    "Deletes the file before its time is over. Jobs made from it have copies, which are deleted with the job. " +
    "The link of the upload stays valid until it expires.",
  request: { params: idParams },
  responses: { 204: { description: "Deleted" }, ...problemReplies("not_found", "gone") },
});

export function uploadRoutes(deps: ApiDeps): Api {
  const api = newApi();
  api.openapi(deleteRoute, async (c) => {
    await deleteUpload(deps, ownerOf(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
  api.openapi(route, async (c) => {
    const { content_type, size, sha256, form } = c.req.valid("json");
    if (form && sha256 !== undefined) {
      const msg = "`form` and `sha256` cannot be combined; leave one of them out.";
      throw new AppError("invalid_request", msg, { errors: [{ loc: ["body", "sha256"], msg, type: "invalid_value" }] });
    }
    const type = namedType(content_type);
    const maxBytes = maxBytesOf(deps.kinds, type);
    if (size > maxBytes)
      throw new AppError("too_large", `At most ${maxBytes} bytes are accepted; this file has ${size}.`);
    if (size === 0) throw new AppError("empty_file", "The file is empty.");
    const now = deps.clock.now();
    const id = newId(now);
    const expiresAtMs = now + uploadLifeMs(deps);
    const key = uploadKey(ownerOf(c), id);
    const origin = linkOrigin(deps.config, c.req.raw);
    const reply = { id, expires_at: rfc3339(expiresAtMs), max_bytes: maxBytes };
    if (form) {
      const target = await deps.files.uploadForm(key, { type, maxBytes: size, expiresAtMs });
      const url = absoluteLink(origin, target.url);
      return c.json({ ...reply, method: "POST" as const, url, headers: {}, fields: target.fields }, 201);
    }
    const target = await deps.files.uploadLink(key, { type, bytes: size, sha256: sha256?.toLowerCase(), expiresAtMs });
    const url = absoluteLink(origin, target.url);
    return c.json({ ...reply, method: "PUT" as const, url, headers: target.headers }, 201);
  });
  return api;
}

/** Throws `gone` after an upload's hour, and `not_found` where there is none, or its bytes have not arrived. */
async function deleteUpload(deps: ApiDeps, owner: string, id: string): Promise<void> {
  const { files } = deps;
  const key = uploadKey(owner, id);
  requireYoung(deps, id);
  let found = false;
  for await (const _ of files.list(key)) found = true;
  if (!found) throw new AppError("not_found", "There is no such upload, or its bytes have not arrived yet.");
  await files.purge(key);
}

/** The largest file of this type that any kind takes. Throws `unsupported_type`. */
function maxBytesOf(kinds: Kinds, type: string): number {
  const slots = [...kinds.values()].flatMap((kind) => Object.values(kind.slots));
  const fitting = slots.filter((slot) => typesOf(slot).includes(type));
  if (fitting.length === 0) {
    const known = [...new Set(slots.flatMap(typesOf))].sort().join(", ");
    throw new AppError("unsupported_type", `Files of this content_type are not accepted. Choose from: ${known}`);
  }
  return Math.max(...fitting.map(({ maxBytes }) => maxBytes));
}
