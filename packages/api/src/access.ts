/**
 * Authentication, decided before any route is looked for: whatever is not named here as open needs a key, or a browser's own
 * token where those are accepted. A new route is closed until it is added here.
 */
import {
  type Access,
  isApiKey,
  LOCAL_OWNER,
  ownerOfApiKey,
  ownerOfToken,
  PUBLIC_OWNER,
} from "@smileloop/core/api-keys.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { LOCAL_LINKS_PATH } from "@smileloop/core/storage/local-links.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { createPathIndex } from "./dialects/paths.ts";
import { problemReply } from "./problem.ts";

/**
 * `open`: nobody is asked (what can be read there is the same for all). `link`: the address itself is the permission.
 * A dialect: its clients know nothing of keys; where anonymous callers are let in, they are the owner `public`. `closed`: the rest.
 */
type Door = "open" | "link" | "closed" | Dialect;
/** `path`: as it was sent, without the query. A path that is not encoded as its route is written counts as closed. */
export type DoorOf = (method: string, path: string) => Door;

const OPEN = new Set([
  "/",
  "/home.css",
  "/example.jpg",
  "/favicon.ico",
  "/favicon.svg",
  "/health",
  "/ready",
  "/metrics",
  "/openapi.json",
  "/docs",
  "/redoc",
  "/v1/presets",
  "/v1/kinds",
  "/v1/voices",
]);
const OPEN_FOLDERS = ["/home/", "/docs/", "/redoc/", "/v1/presets/", "/v1/voices/"];

/** The owner of the request, null where no credentials are needed; or why it is refused. */
type Caller = { owner: string | null } | AppError;

export function createDoors(dialects: readonly Dialect[]): DoorOf {
  const dialectOf = createPathIndex(dialects);
  return (method, path) => {
    if (path.startsWith(LOCAL_LINKS_PATH)) return "link";
    const dialect = dialectOf(method, path);
    if (dialect) return dialect;
    const reads = method === "GET" || method === "HEAD";
    return reads && (OPEN.has(path) || OPEN_FOLDERS.some((folder) => path.startsWith(folder))) ? "open" : "closed";
  };
}

export function createGate(access: Access, doorOf: DoorOf): (request: Request, path: string) => Caller {
  if (access === "open") {
    const everybody = { owner: LOCAL_OWNER };
    return () => everybody;
  }
  const nobody = { owner: null };
  return ({ method, headers }, path) => {
    const door = doorOf(method, path);
    return door === "open" || door === "link" ? nobody : callerOf(access, headers, door);
  };
}

function callerOf({ keys, anonymous }: Exclude<Access, "open">, headers: Headers, door: Door): Caller {
  const bearer = bearerOf(headers.get("authorization"));
  const header = headers.get("x-api-key");
  const token = headers.get("x-anonymous-token");
  const key = bearer ?? header;
  if (bearer !== null && header !== null && bearer !== header) {
    return refused("Authorization and X-API-Key hold different keys; send one of them.");
  }
  if (key !== null && token !== null) return refused("Send a key or X-Anonymous-Token, not both.");
  if (key !== null) {
    const owner = ownerOfApiKey(keys, key);
    return owner === null ? refused(isApiKey(key) ? UNKNOWN_KEY : NO_KEY) : { owner };
  }
  if (token !== null && !anonymous) return refused(`Tokens of browsers are not let in here. ${KEY_NEEDED}`);
  if (token !== null) {
    const owner = ownerOfToken(token);
    return owner === null ? refused(NO_TOKEN) : { owner };
  }
  if (anonymous && typeof door === "object") return { owner: PUBLIC_OWNER };
  return refused(anonymous ? `${KEY_NEEDED} ${TOKEN_TOO}` : KEY_NEEDED);
}

const TOKEN_FORM = "32 to 128 random characters of A-Z a-z 0-9 _ -";
const KEY_NEEDED = "API key required: send it as `Authorization: Bearer sl_…` or as `X-API-Key`.";
const TOKEN_TOO = `A browser may instead send a token that it made itself: X-Anonymous-Token, ${TOKEN_FORM}.`;
const NO_KEY =
  "This is not a key. Send the whole key, and nothing else, as `Authorization: Bearer sl_…` or as `X-API-Key`.";
const UNKNOWN_KEY = "Unknown API key. It may have been revoked; ask the operator of this server for a new one.";
const NO_TOKEN = `X-Anonymous-Token is too short or not random: make one of ${TOKEN_FORM} and keep it.`;

/** What `createGate` refused, as the clients of that door expect it. */
export function refusalReply(
  error: AppError,
  door: Door,
  { path, requestId }: { path: string; requestId: string },
): Response {
  const headers = { "WWW-Authenticate": 'Bearer realm="SmileLoop"', "Cache-Control": "no-store" };
  if (typeof door !== "object") return problemReply(error, path, requestId, headers);
  return Response.json(door.errors.body(error), { status: error.status, headers });
}

function refused(detail: string): AppError {
  return new AppError("unauthorized", detail);
}

/** What stands behind `Bearer`; empty when that is missing or nothing but a word was sent; null for other schemes. */
function bearerOf(authorization: string | null): string | null {
  if (authorization === null) return null;
  const [, scheme = "", credentials = ""] = /^(\S*)\s*(.*)$/.exec(authorization.trim()) ?? [];
  return credentials === "" || scheme.toLowerCase() === "bearer" ? credentials : null;
}
