/** Errors as this API has them: `{"statusCode", "message", "error", "errorCode"}`, by which its SDKs choose the class that they throw. */
import { STATUS_CODES } from "node:http";
import type { AppError } from "@smileloop/core/errors.ts";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ApiDeps } from "../../deps.ts";
import { openBody, type RequestBody } from "../../http/request-body.ts";
import { type ApiContext, logError, publicError } from "../../problem.ts";

/** Statuses that its clients know; every other fault of a request is 400. */
const KNOWN = [400, 401, 403, 404, 405, 409, 413, 429];

export type ErrorReply = { statusCode: number; message: string | string[]; error: string; errorCode: string };

/** `message`: a sentence, or where a request has several faults a list of them. */
export function errorReply(error: AppError): ErrorReply {
  const { status, code, message, errors = [] } = error;
  const statusCode = status >= 500 || KNOWN.includes(status) ? status : 400;
  const faults = errors.map(({ loc: [root, ...rest], msg }) => {
    const path = root === undefined || root === "body" ? rest : [root, ...rest];
    return path.length > 0 ? `${path.join(".")}: ${msg}` : msg;
  });
  return {
    statusCode,
    message: faults.length > 1 ? faults : (faults[0] ?? message),
    error: STATUS_CODES[statusCode] ?? "Error",
    errorCode: code,
  };
}

export function refusal(deps: ApiDeps, c: ApiContext, error: unknown): Response {
  logError(deps.log, error, c.env.requestId);
  const known = publicError(error);
  if (known.retryAfterSeconds !== undefined) c.header("Retry-After", String(known.retryAfterSeconds));
  const reply = errorReply(known);
  const traced = known.code === "internal" ? { requestId: c.env.requestId } : {};
  return c.json({ ...reply, ...traced }, reply.statusCode as ContentfulStatusCode);
}

/** Answers a request with a body, also where that has not been read to its end. */
export async function answered(
  deps: ApiDeps,
  c: ApiContext,
  answer: (body: RequestBody) => Promise<Response>,
): Promise<Response> {
  const body = openBody(c.req.raw, c.env);
  try {
    return await answer(body);
  } catch (error) {
    return body.answer(refusal(deps, c, error));
  }
}
