/** Errors as RFC 9457 problem documents, and the kind of app that every module of routes is made of. */
import { OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import { fieldErrors } from "@smileloop/core/errors/fields.ts";
import { AppError, ERRORS, type ErrorCode, keptFaults } from "@smileloop/core/errors.ts";
import { clip } from "@smileloop/core/text.ts";
import { type Problem, problemSchema as wireProblem } from "@smileloop/core/wire/problem.ts";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ApiDeps } from "./deps.ts";

/** Set for every request before any route is looked for. `owner`: whose request it is; null where nobody was asked. */
export type ApiEnv = { Bindings: { requestId: string; owner: string | null } };
export type Api = OpenAPIHono<ApiEnv>;
export type ApiContext = Context<ApiEnv>;

const problemSchema = z.object(wireProblem.shape).openapi("Problem");

/** An app whose validators throw all the faults that they found, for `answerError`. */
export function newApi(): Api {
  const api = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.error, result.target);
    },
  });
  const openapi = api.openapi as unknown as (...args: unknown[]) => unknown;
  const strict = (route: RouteConfig, ...rest: unknown[]) => openapi(refuseUnknownQuery(route), ...rest);
  return Object.assign(api, { openapi: strict as unknown as Api["openapi"] });
}

/** A query that a route does not know is a mistake, and ignoring it would hide that. Dialects ignore what their originals did. */
function refuseUnknownQuery(route: RouteConfig): RouteConfig {
  if (!route.path.startsWith("/v1/")) return route;
  const query = (route.request?.query ?? z.object({})) as z.ZodObject;
  return { ...route, request: { ...route.request, query: query.strict() } };
}

/** `at`: where the checked value lies: `json`, `query`, `param`, `header`. */
export function invalidRequest(error: z.ZodError, at: string): AppError {
  const errors = keptFaults(fieldErrors(error, [at === "json" ? "body" : at === "param" ? "path" : at]));
  const first = errors[0];
  const where = first ? `${first.loc.slice(1).join(".") || first.loc[0]}: ${first.msg}` : "It is not valid.";
  return new AppError("invalid_request", where, { errors });
}

/** The error that a client is told; whatever it may not see becomes `internal`. */
export function publicError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof HTTPException && error.status === 400) {
    return new AppError("malformed", "The body is not valid JSON.", { cause: error });
  }
  if (error instanceof HTTPException && error.status === 415) {
    return new AppError("unsupported_type", "Send JSON, with the header Content-Type: application/json.", {
      cause: error,
    });
  }
  return new AppError("internal", "Something went wrong on the server. Its log has the request's id.", {
    cause: error,
  });
}

function problemOf(error: AppError, path: string, requestId: string): Problem {
  const { title, status, retryable } = ERRORS[error.code];
  return {
    type: `urn:smileloop:error:${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.message,
    instance: clip(path, 200),
    request_id: requestId,
    retryable,
    ...(error.errors ? { errors: error.errors } : {}),
  };
}

/** Writes what is our fault to the log, with its stack. */
export function logError(log: ApiDeps["log"], error: unknown, requestId: string): void {
  if (publicError(error).status >= 500) log.error({ requestId, err: error }, "request_failed");
}

export function problemReply(
  error: AppError,
  path: string,
  requestId: string,
  headers: Record<string, string> = {},
): Response {
  const reply = new Response(JSON.stringify(problemOf(error, path, requestId)), { status: error.status, headers });
  reply.headers.set("Content-Type", "application/problem+json");
  if (error.retryAfterSeconds !== undefined) reply.headers.set("Retry-After", String(error.retryAfterSeconds));
  return reply;
}

/** For `onError` of an app. */
export function answerError(deps: Pick<ApiDeps, "log">): (error: unknown, c: ApiContext) => Response {
  return (error, c) => {
    const shown = c.req.raw.signal.aborted && !(error instanceof AppError) ? clientLeft(error) : error;
    logError(deps.log, shown, c.env.requestId);
    return problemReply(publicError(shown), c.req.path, c.env.requestId);
  };
}

/** No fault of ours; nobody reads the reply, but the access log shows it. */
function clientLeft(cause: unknown): AppError {
  return new AppError("malformed", "The connection closed before the whole request arrived.", { cause });
}

/** The replies of a route that are errors, for its document. */
export function problemReplies(...codes: ErrorCode[]) {
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status as ContentfulStatusCode);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join("; "),
        content: { "application/problem+json": { schema: problemSchema } },
      },
    ]),
  );
}
