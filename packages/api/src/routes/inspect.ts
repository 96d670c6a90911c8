/** `POST /v1/inspect`: what a picture shows, and what would come of it, before any job. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import { viewInspection } from "@smileloop/core/inspector.ts";
import { PICTURE_SLOT } from "@smileloop/core/kinds/index.ts";
import { inspectionSchema } from "@smileloop/core/wire/inspection.ts";
import type { ApiDeps } from "../deps.ts";
import { limitedJson } from "../http/json-body.ts";
import { linkOrigin } from "../http/origin.ts";
import { ownerOf } from "../owner.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";
import { checkSource, naming } from "../submit.ts";
import { inputSchema, notSupported, sourceOf } from "./job-request.ts";

const AT = ["body", "input"];

const inspectRoute = createRoute({
  method: "post",
  path: "/v1/inspect",
  tags: ["Catalog"],
  summary: "Inspect a picture",
  description:
    "Faces with their size, angles and sharpness, what hides them, and the warnings and errors that a job would have.",
  middleware: [limitedJson] as const,
  request: {
    body: {
      required: true,
      content: {
        "application/json": { schema: z.strictObject({ input: inputSchema }).openapi("InspectRequest") },
      },
    },
  },
  responses: {
    200: {
      description: "What the picture shows, also if it has no face",
      content: { "application/json": { schema: z.object(inspectionSchema.shape).openapi("Inspection") } },
    },
    ...problemReplies(
      ...([
        "malformed",
        "empty_file",
        "not_found",
        "gone",
        "precondition_failed",
        "too_large",
        "input_too_large",
      ] as const),
      ...(["unsupported_type", "invalid_request", "not_supported", "input_unreadable", "too_many_requests"] as const),
      ...(["unavailable", "engine_not_configured"] as const),
    ),
  },
});

export function inspectRoutes(deps: ApiDeps): Api {
  const api = newApi();
  api.openapi(inspectRoute, async (c) => {
    const owner = ownerOf(c);
    const source = sourceOf(c.req.valid("json").input, linkOrigin(deps.config, c.req.raw));
    const given = await naming(AT, checkSource(deps, owner, source, PICTURE_SLOT));
    // only jobs fetch
    if ("url" in given) throw notSupported(["input", "url"], "A picture elsewhere can't be inspected; upload it.");
    const { file } = given;
    const { inspector } = deps;
    if (!inspector) throw new AppError("engine_not_configured", "No engine here can inspect pictures.");
    const { key, etag, type, bytes } = file;
    const options = { owner, signal: c.req.raw.signal };
    const found = await naming(AT, inspector.inspect({ key, etag, type, bytes }, options));
    return c.json(viewInspection(found, file), 200);
  });
  return api;
}
