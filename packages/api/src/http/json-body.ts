/** JSON bodies are small: longer ones are refused before they fill the memory. */
import { AppError } from "@smileloop/core/errors.ts";
import type { MiddlewareHandler } from "hono";
import { type ApiEnv, problemReply } from "../problem.ts";
import { openBody } from "./request-body.ts";

const MAX_JSON_BYTES = 256 * 1024;

/** A middleware for routes that take JSON. */
export const limitedJson: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const body = openBody(c.req.raw);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let chunk = await body.read(); chunk; chunk = await body.read()) {
    bytes += chunk.byteLength;
    if (bytes > MAX_JSON_BYTES) {
      const error = new AppError("too_large", `The body is larger than ${MAX_JSON_BYTES} bytes.`);
      return body.answer(problemReply(error, c.req.path, c.env.requestId));
    }
    chunks.push(chunk);
  }
  if (c.req.raw.body) c.req.raw = new Request(c.req.raw, { body: Buffer.concat(chunks, bytes) });
  return next();
};
