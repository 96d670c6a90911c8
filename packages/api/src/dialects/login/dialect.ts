/** Logging in, as the lip sync and the speech API know it: a name and a password for a token. */
import { z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import { isPassword, ownerOfName } from "@smileloop/core/users.ts";
import type { RouteDeps } from "../../deps.ts";
import { readFields } from "../../http/fields.ts";
import { addressOf } from "../../logins/address.ts";
import { type Attempts, createAttempts } from "../../logins/attempts.ts";
import { type Api, type ApiContext, newApi } from "../../problem.ts";
import { answered, refusal } from "../detail.ts";
import type { Dialect, Registry } from "../dialect.ts";

const PATHS = ["/api/v1/auth/login", "/auth/login"];
const TAG = "Login";
const ERROR_SCHEMA = "LoginError";

export const login: Dialect = {
  name: "lipsync-login",
  paths: PATHS.map((path) => ({ path })),
  logins: PATHS,
  tag: {
    name: TAG,
    description: "A name and a password for a token, which is sent like a key.",
    about: "a token for the lip sync and the speech API, which is good for the native API, too.",
  },
  headers: { request: [], response: [] },
  errors: { schema: ERROR_SCHEMA, body: ({ message }) => ({ detail: message }) },
  waitMs: 0,
  routes: loginRoutes,
  describe,
};

const askedSchema = z.object({
  username: z.string().min(1).max(200),
  password: z.string().min(1).max(4096),
});
type Asked = z.infer<typeof askedSchema>;

function loginRoutes(deps: RouteDeps): Api {
  const api = newApi();
  api.onError((error, c) => refusal(deps, c, error));
  const attempts = createAttempts(deps.clock);
  const sayOpen = once(() => {
    const hint =
      "this server is open to all, so that any name and password get a token; USERS names those who may log in";
    deps.log.warn({ hint }, "login_without_users");
  });
  for (const path of PATHS) {
    api.post(path, (c) =>
      answered(deps, c, async (body) => {
        const asked = await readFields(c.req.raw, body, askedSchema);
        const owner =
          deps.config.access === "open" ? ownerOfName(asked.username) : await checked(deps, attempts, c, asked);
        if (deps.config.access === "open") sayOpen();
        c.header("Cache-Control", "no-store");
        return c.json({ access_token: await deps.tokens.issue(owner), token_type: "bearer" });
      }),
    );
  }
  return api;
}

/** The user's name. Throws `unauthorized`, and `too_many_requests` after some wrong guesses. */
async function checked(deps: RouteDeps, attempts: Attempts, c: ApiContext, asked: Asked): Promise<string> {
  const { access } = deps.config;
  const users = (access === "open" ? undefined : access.users) ?? new Map();
  const { username, password } = asked;
  const address = addressOf(c.req.raw, c.env);
  const wait = attempts.begin(username, address);
  if (wait !== null) {
    const detail = `Too many wrong passwords; the next is looked at in ${wait} s.`;
    throw new AppError("too_many_requests", detail, { retryAfterSeconds: wait });
  }
  if (await isPassword(users, username, password)) {
    attempts.succeeded(username, address);
    return username;
  }
  // the name may be a password that was typed into the wrong field
  deps.log.warn({ requestId: c.env.requestId, address }, "login_refused");
  c.header("WWW-Authenticate", "Bearer");
  throw new AppError("unauthorized", "Incorrect username or password");
}

function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) run();
    isDone = true;
  };
}

function describe(registry: Registry): void {
  const fault = z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() });
  const error = z.object({ detail: z.union([z.string(), z.array(fault)]) }).openapi(ERROR_SCHEMA);
  const token = z.object({ access_token: z.string(), token_type: z.literal("bearer") }).openapi("LoginToken");
  const json = (description: string, schema: z.ZodType) => ({
    description,
    content: { "application/json": { schema } },
  });
  const content = {
    "application/json": { schema: askedSchema },
    "application/x-www-form-urlencoded": { schema: askedSchema },
  };
  for (const [nth, path] of PATHS.entries()) {
    registry.registerPath({
      method: "post",
      path,
      operationId: nth === 0 ? "login" : "loginShort",
      tags: [TAG],
      summary: "Log in",
      description:
        "The token is good for a day, and sent as `Authorization: Bearer …`. Where there are no users and no keys, any name and password get one.",
      request: { body: { required: true, content } },
      responses: {
        200: json("The token.", token),
        401: json("The name or the password is wrong.", error),
        422: json("A field is missing.", error),
        429: json("Too many wrong passwords; `Retry-After` says when the next is looked at.", error),
      },
    });
  }
}
