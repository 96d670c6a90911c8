/**
 * A dialect: the API of another product, served as a façade over the same jobs. Everything that the rest of the API has to
 * know of it is in one value; the list of them is `index.ts`.
 */
import type { OpenAPIHono, z } from "@hono/zod-openapi";
import type { AppError } from "@smileloop/core/errors.ts";
import type { ApiDeps, RouteDeps } from "../deps.ts";
import type { Api } from "../problem.ts";
import type { DialectPath } from "./paths.ts";

export type Registry = OpenAPIHono["openAPIRegistry"];

export type Dialect = {
  name: string;
  /** Its paths. No other dialect and no native route may answer them. */
  paths: readonly DialectPath[];
  /** Those of its paths that anybody may read, without a key. */
  open?: readonly string[];
  /** Those of its paths that take a name and a password: they are called without a key. */
  logins?: readonly string[];
  /**
   * Set where its clients log in first: without a key or a token nobody is let in, also where all others are. What those are told who
   * sent none, and those whose key or token is wrong.
   */
  signedIn?: { none: string; wrong: string };
  /** Set where its clients always have a key: where other dialects let in those who send none, it does not. */
  keyed?: true;
  /**
   * Set where its clients cannot say that the people shown agree and did not have to: then the operator, who serves it, answers for that, unless
   * ATTEST names others.
   */
  attested?: true;
  /** Parameter of the query in which its clients may send their key, beside the headers that all may use. */
  keyInQuery?: string;
  /** Heads its operations in the OpenAPI document; `about` is its line in the document's introduction. */
  tag: { name: string; description: string; about: string };
  /** Headers beyond those of the native API that pages of other origins may send and read (CORS). */
  headers: { request: readonly string[]; response: readonly string[] };
  /** `schema`: name of the component that describes its errors. `body`: the reply's body for an error that is found before its routes are called. */
  errors: { schema: string; body(error: AppError): object };
  /** Maximum time that its requests wait for a result, in ms, where the installation allows it. */
  waitMs: number;
  /** What follows `curl` on the page for developers: it sends the picture `file`, and writes a file of what comes back. */
  command?: (base: string, file: string) => string;
  routes(deps: DialectDeps): Api;
  /** Adds its operations and schemas to the document. */
  describe(registry: Registry, deps: ApiDeps): void;
  /** Fields that its clients look for in `GET /health`. */
  health?: { schema: z.ZodRawShape; fields(deps: ApiDeps): object };
};

/** `waitMs`: the dialect's own limit or the installation's, whichever is less. `document`: the OpenAPI document of all routes. */
export type DialectDeps = RouteDeps & { waitMs: number; document: () => object };
