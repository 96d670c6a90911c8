/** Errors as FastAPI has them, for the dialects whose originals were made with it: `{"detail": …}`. */
import type { AppError, FieldError } from "@smileloop/core/errors.ts";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ApiDeps } from "../deps.ts";
import { FileTooLarge } from "../http/multipart.ts";
import { openBody, type RequestBody } from "../http/request-body.ts";
import { type ApiContext, logError, publicError } from "../problem.ts";

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

/** `{"detail": …}`: a sentence, or for 422 a list of what is wrong. */
export function refusal(deps: ApiDeps, c: ApiContext, error: unknown): Response {
  logError(deps.log, error, c.env.requestId);
  const known = publicError(error);
  const status = known.status as ContentfulStatusCode;
  if (known.retryAfterSeconds !== undefined) c.header("Retry-After", String(known.retryAfterSeconds));
  if (known.code === "internal") {
    return c.json({ detail: "Internal server error occurred", request_id: c.env.requestId }, status);
  }
  return c.json({ detail: status === 422 ? faultsOf(known) : sentenceOf(known) }, status);
}

function faultsOf({ errors, message, code }: AppError): FieldError[] {
  return errors ?? [{ loc: ["body"], msg: message, type: code }];
}

function sentenceOf(error: AppError): string {
  if (!(error instanceof FileTooLarge)) return error.message;
  return error.bytes === null ? error.message : `${error.message.replace(/\.$/, "")}: it has ${error.bytes} bytes.`;
}
