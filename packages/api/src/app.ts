/**
 * The API as one function from Request to Response, the same on Node and on Lambda. What every request passes through, in
 * order: request id, Host and Origin checks, preflight, who is let in, the routes, headers that every reply carries, access log.
 * That is one function around the router, because a chain of middlewares costs more than the routes themselves.
 */
import { randomBytes } from "node:crypto";
import { LOCAL_OWNER } from "@smileloop/core/api-keys.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { kindsForClients } from "@smileloop/core/kinds/index.ts";
import { isAttested, SAFEGUARDS } from "@smileloop/core/safeguards.ts";
import { clip } from "@smileloop/core/text.ts";
import { type Caller, createDoors, createGate, type DoorOf, refusalReply, shapedReply } from "./access.ts";
import type { ApiDeps, RouteDeps } from "./deps.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { DIALECTS } from "./dialects/index.ts";
import { docsRoutes, documentOf } from "./docs.ts";
import { homeRoutes } from "./home/routes.ts";
import { createFollowers } from "./http/followers.ts";
import { splitUrl } from "./http/origin.ts";
import { isOpened, openBody } from "./http/request-body.ts";
import { createLimits } from "./limits.ts";
import { createTokens, type Tokens } from "./logins/tokens.ts";
import { createPace } from "./pace.ts";
import { type Api, answerError, newApi, problemReply } from "./problem.ts";
import { createProtection } from "./protect.ts";
import { catalogRoutes } from "./routes/catalog.ts";
import { createJobRoutes } from "./routes/create-job.ts";
import { eventRoutes } from "./routes/events.ts";
import { fileRoutes } from "./routes/files.ts";
import { healthRoutes } from "./routes/health.ts";
import { inspectRoutes } from "./routes/inspect.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { operatorRoutes } from "./routes/operator.ts";
import { operatorTrustRoutes } from "./routes/operator-trust.ts";
import { outputRoutes } from "./routes/outputs.ts";
import { ownerRoutes } from "./routes/owner.ts";
import { paymentRoutes } from "./routes/payments.ts";
import { takedownRoutes } from "./routes/takedowns.ts";
import { uploadRoutes } from "./routes/uploads.ts";
import { verifyRoutes } from "./routes/verify.ts";
import { voiceRoutes } from "./routes/voices.ts";
import { webhookRoutes } from "./routes/webhooks.ts";

export type App = {
  fetch(request: Request, bindings?: object): Response | Promise<Response>;
  /** The OpenAPI 3.1 document of all routes. */
  document(): object;
  /** Every route as the router has it; paths may have patterns (`/v1/files/*`). */
  routes(): { method: string; path: string }[];
};

/** An id that a client may give its request. */
const REQUEST_ID = /^[A-Za-z0-9._~-]{1,128}$/;
const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"];

export function createApp(deps: ApiDeps, dialects: readonly Dialect[] = DIALECTS): App {
  const api = newApi();
  const doorOf = createDoors(dialects);
  const document = once(() => documentOf(api, deps.config, { dialects, doorOf, lifeMs: deps.lifeMs }));
  const followers = createFollowers({ ...deps, perOwner: deps.config.maxFollowers });
  const tokens = createTokens({ key: deps.tokenKey, clock: deps.clock, access: deps.config.access });
  const usual = dialects.flatMap(({ name, attested }) => (attested ? [name] : []));
  const { attested } = deps.safeguards ?? SAFEGUARDS;
  const attests = (dialect: string) => isAttested(attested, dialect, usual);
  const kinds = kindsForClients(deps.kinds);
  const pace = deps.pace ?? createPace();
  mount(api, { ...deps, pace, kinds, followers, tokens, isAttested: attests }, dialects, document);
  api.onError(answerError(deps));
  api.notFound((c) => {
    const allowed = METHODS.filter((method) => api.router.match(method, c.req.path)[0].length > 0);
    const path = c.req.path;
    if (allowed.length === 0) {
      return problemReply(new AppError("not_found", "There is nothing at this address."), path, c.env.requestId);
    }
    const names = [...allowed, ...(allowed.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
    const error = new AppError("method_not_allowed", `This address accepts ${names}.`);
    return problemReply(error, path, c.env.requestId, { Allow: names });
  });
  const routes = () => api.routes.map(({ method, path }) => ({ method, path }));
  return { fetch: around(api, { ...deps, tokens }, dialects, doorOf), document, routes };
}

function mount(api: Api, deps: RouteDeps, dialects: readonly Dialect[], document: () => object): void {
  api.route("/", healthRoutes(deps, dialects));
  const modules = [
    uploadRoutes,
    fileRoutes,
    createJobRoutes,
    jobRoutes,
    eventRoutes,
    outputRoutes,
    catalogRoutes,
    voiceRoutes,
    inspectRoutes,
    verifyRoutes,
    webhookRoutes,
    operatorRoutes,
    paymentRoutes,
    operatorTrustRoutes,
    ownerRoutes,
    takedownRoutes,
  ];
  for (const routes of modules) api.route("/", routes(deps));
  for (const dialect of dialects) {
    const waitMs = Math.min(dialect.waitMs, deps.config.dialectWaitMs);
    const routes = dialect.routes({ ...deps, waitMs, document });
    dialect.describe(routes.openAPIRegistry, deps);
    api.route("/", routes);
  }
  api.route("/", homeRoutes(deps, dialects));
  api.route("/", docsRoutes(document, deps.assets));
  api.route("/", metricsRoutes(deps));
}

function around(
  api: Api,
  { config, log, onReply, tokens, clock }: ApiDeps & { tokens: Tokens },
  dialects: readonly Dialect[],
  doorOf: DoorOf,
): App["fetch"] {
  const requestIdOf = createRequestIds();
  const protection = createProtection(config, dialects);
  const callerOf = createGate(config, doorOf, tokens);
  const limits = createLimits(clock, config);
  return (request, bindings) => {
    const startedMs = performance.now();
    const requestId = requestIdOf(request.headers.get("x-request-id"));
    const { origin, path } = splitUrl(request.url);
    let owner: string | null = null;
    const finish = (reply: Response) => {
      const identified = owner !== null && (config.access !== "open" || owner !== LOCAL_OWNER);
      protection.addHeaders(request, reply);
      reply.headers.set("X-Request-Id", requestId);
      const ms = Math.round((performance.now() - startedMs) * 100) / 100;
      if (identified && !reply.headers.has("Cache-Control")) reply.headers.set("Cache-Control", "private, no-cache");
      const whose = identified ? { owner } : {};
      log.info(
        { requestId, ...whose, method: request.method, path: clip(path, 500), status: reply.status, ms },
        "request",
      );
      onReply?.({
        route: routeOf(api, request.method, path),
        method: request.method,
        status: reply.status,
        seconds: ms / 1000,
      });
      return reply;
    };
    const settle = (reply: Response) =>
      reply.status >= 400 && isUnread(request) ? openBody(request, bindings).answer(reply).then(finish) : finish(reply);
    const refused = protection.refuse(request, origin, bindings) ?? refuseLarge(request, config.maxBodyBytes);
    if (refused) return settle(problemReply(refused, path, requestId));
    if (request.method === "OPTIONS") return finish(protection.preflight(request));
    const answer = (caller: Caller) => {
      if (caller instanceof AppError) {
        return settle(refusalReply(caller, doorOf(request.method, path), { path, requestId }));
      }
      owner = caller.owner;
      const limited = owner === null ? null : limits(request, bindings ?? {}, owner);
      const told = limited ? (reply: Response) => settle(withHeaders(reply, limited.headers)) : settle;
      if (limited?.refused)
        return told(shapedReply(limited.refused, doorOf(request.method, path), { path, requestId }));
      const reply = api.fetch(request, { ...bindings, requestId, owner });
      return reply instanceof Promise ? reply.then(told) : told(reply);
    };
    const caller = callerOf(request, path);
    return caller instanceof Promise ? caller.then(answer) : answer(caller);
  };
}

function withHeaders(reply: Response, headers: Record<string, string>): Response {
  for (const [name, value] of Object.entries(headers)) reply.headers.set(name, value);
  return reply;
}

/** The pattern of the route that answers, so that paths with ids are counted as one. */
function routeOf(api: Api, method: string, path: string): string {
  const [matches] = api.router.match(method === "HEAD" ? "GET" : method, path);
  return matches.at(-1)?.[0][1].path ?? "none";
}

/**
 * The client's own id where it has a valid one, else a new one. Ids name lines of the log and grant nothing, so a counter behind a
 * random start is enough, and fast.
 */
function createRequestIds(): (fromClient: string | null) => string {
  const start = randomBytes(6).toString("hex");
  let count = 0;
  return (fromClient) => {
    if (fromClient !== null && REQUEST_ID.test(fromClient)) return fromClient;
    count += 1;
    return `${start}-${count.toString(36)}`;
  };
}

function refuseLarge(request: Request, maxBodyBytes: number | null): AppError | null {
  const length = Number(request.headers.get("content-length") ?? 0);
  if (maxBodyBytes === null || !(length > maxBodyBytes)) return null;
  return new AppError(
    "too_large",
    `This request has ${length} bytes; here at most ${maxBodyBytes} are taken. Send the file with POST /v1/uploads, which takes larger ones, and name the upload in POST /v1/jobs.`,
  );
}

/** Whether a body was sent that nobody has begun to read. */
function isUnread(request: Request): boolean {
  if (request.method === "GET" || request.method === "HEAD" || isOpened(request)) return false;
  const length = request.headers.get("content-length") ?? (request.headers.has("transfer-encoding") ? "?" : "0");
  return length !== "0" && !request.bodyUsed && request.body?.locked === false;
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
