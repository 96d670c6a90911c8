/** Authentication in the OpenAPI document, by the same rules that `access.ts` applies, so that the two cannot differ. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Access } from "@smileloop/core/api-keys.ts";
import { type DoorOf, letsInAnybody } from "./access.ts";

type Document = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

const SCHEMES = {
  bearer: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "sl_…",
    description: "A key of this server, or the token of a login.",
  },
  apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "The same key in its own header." },
} as const;
const ANONYMOUS = {
  anonymous: {
    type: "apiKey",
    in: "header",
    name: "X-Anonymous-Token",
    description: "32 to 128 random characters (A-Z a-z 0-9 _ -) that a browser generates once and keeps.",
  },
} as const;

const OPERATOR = {
  operator: { type: "http", scheme: "bearer", description: "A key whose hash is in OPERATOR_KEY." },
} as const;

const LOGIN = { type: "http", scheme: "bearer", description: "The token of a login." } as const;

const REFUSED = "`unauthorized`: no key, or an unknown one";

/**
 * Adds security schemes, what each operation asks for, and its 401. A server that lets everybody in has none of it, but for dialects whose
 * clients log in.
 */
export function describeAccess(document: Document, access: Access, doorOf: DoorOf): void {
  const isOpen = access === "open";
  const anonymous = !isOpen && access.anonymous;
  const everywhere = isOpen ? { bearer: LOGIN } : { ...SCHEMES, ...(anonymous ? ANONYMOUS : {}) };
  const inQuery: Record<string, ReturnType<typeof queryScheme>> = {};
  const needed = Object.keys(everywhere).map((name): Record<string, string[]> => ({ [name]: [] }));
  let isAsked = false;
  let asksOperator = false;
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of ["get", "put", "post", "delete", "patch"] as const) {
      const operation = item[method];
      if (!operation) continue;
      const door = doorOf(method.toUpperCase(), path);
      if (door === "operator") {
        asksOperator = true;
        operation.security = [{ operator: [] }];
        operation.responses = { ...operation.responses, 401: refusal("Problem") };
        continue;
      }
      const signedIn = typeof door === "object" && door.signedIn !== undefined;
      if (isOpen && !signedIn) continue;
      isAsked = true;
      if (door === "open" || door === "link") {
        operation.security = [];
        continue;
      }
      const dialect = door === "closed" ? null : door;
      const name = dialect?.keyInQuery;
      if (name !== undefined) inQuery[name] = queryScheme(name);
      const own = name === undefined ? [] : [{ [name]: [] }];
      operation.security = [...needed, ...own, ...(anonymous && letsInAnybody(door) ? [{}] : [])];
      const refused = dialect ? refusal(dialect.errors.schema, "application/json") : refusal("Problem");
      operation.responses = { ...operation.responses, 401: refused };
    }
  }
  if (!isAsked && !asksOperator) return;
  const securitySchemes = { ...(isAsked ? { ...everywhere, ...inQuery } : {}), ...(asksOperator ? OPERATOR : {}) };
  document.components = { ...document.components, securitySchemes };
}

function refusal(schema: string, type = "application/problem+json") {
  return { description: REFUSED, content: { [type]: { schema: { $ref: `#/components/schemas/${schema}` } } } };
}

/** Named like its parameter. */
function queryScheme(name: string) {
  const description = "The same key in the query, which servers on the way may log.";
  return { type: "apiKey", in: "query", name, description } as const;
}
