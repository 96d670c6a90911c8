/**
 * Authentication, decided before any route is looked for: whatever is not named here as open needs a key, the token of a login, or a
 * browser's own token where those are accepted. A new route is closed until it is added here.
 */
import {
  type Access,
  isApiKey,
  LOCAL_OWNER,
  ownerOfApiKey,
  ownerOfChosenKey,
  ownerOfToken,
  PUBLIC_OWNER,
} from "@smileloop/core/api-keys.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { LOCAL_LINKS_PATH } from "@smileloop/core/storage/local-links.ts";
import type { ApiConfig } from "./deps.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { createPathIndex } from "./dialects/paths.ts";
import { isToken, type Tokens } from "./logins/tokens.ts";
import { problemReply } from "./problem.ts";

/**
 * `open`: nobody is asked (what can be read there is the same for all). `link`: the address itself, or a signature, is the permission. `operator`: a key of
 * those who run the service, and no other, on every server.
 * A dialect: its clients know nothing of keys, unless it says that they log in; where anonymous callers are let in, they are the owner
 * `public`. `closed`: the rest.
 */
type Door = "open" | "link" | "operator" | "closed" | Dialect;
/**
 * `path`: as it was sent, without the query. A path that is not encoded as its route is written counts as closed; one of the operator's
 * stays the operator's, however it is encoded.
 */
export type DoorOf = (method: string, path: string) => Door;

const OPEN = new Set([
  "/",
  "/developers",
  "/app/jobs",
  "/service-worker.js",
  "/manifest.webmanifest",
  "/icon-192.png",
  "/icon-512.png",
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
  "/.well-known/jwks.json",
  "/v1/presets",
  "/v1/kinds",
  "/v1/voices",
  "/takedown",
]);
/** Where the payment provider sends its events, which are signed. */
export const PAYMENT_EVENTS_PATH = "/v1/payments/events";
/** What everybody may send. */
const OPEN_TO_SEND = new Set(["/v1/takedown"]);
const OPERATOR_FOLDER = "/v1/operator/";
const OPEN_FOLDERS = ["/page/", "/home/", "/docs/", "/redoc/", "/v1/presets/", "/v1/voices/"];

/** The owner of the request, null where no credentials are needed; or why it is refused. */
export type Caller = { owner: string | null } | AppError;

export function createDoors(dialects: readonly Dialect[]): DoorOf {
  const dialectOf = createPathIndex(dialects);
  return (method, path) => {
    if (path.startsWith(LOCAL_LINKS_PATH) || path === PAYMENT_EVENTS_PATH) return "link";
    if (decodedPath(path).startsWith(OPERATOR_FOLDER)) return "operator";
    const reads = method === "GET" || method === "HEAD";
    const dialect = dialectOf(method, path);
    if (dialect?.logins?.includes(path)) return "open";
    if (dialect) return reads && dialect.open?.includes(path) ? "open" : dialect;
    if (method === "POST" && OPEN_TO_SEND.has(path)) return "open";
    return reads && (OPEN.has(path) || OPEN_FOLDERS.some((folder) => path.startsWith(folder))) ? "open" : "closed";
  };
}

/** As routes are matched: what cannot be decoded stays, and the rest does not. */
export function decodedPath(path: string): string {
  if (!path.includes("%")) return path;
  return path.replaceAll(/(?:%[0-9a-f]{2})+/gi, (coded) => {
    try {
      return decodeURIComponent(coded);
    } catch {
      return coded;
    }
  });
}

type Gate = (request: Request, path: string) => Caller | Promise<Caller>;

export function createGate(
  { access, operators }: Pick<ApiConfig, "access" | "operators">,
  doorOf: DoorOf,
  tokens: Tokens,
): Gate {
  const gate = access === "open" ? openGate(doorOf, tokens) : closedGate(access, doorOf, tokens);
  return (request, path) =>
    doorOf(request.method, path) === "operator" ? operatorCaller(operators, request.headers) : gate(request, path);
}

/** An operator owns nothing. */
function operatorCaller(operators: ApiConfig["operators"], headers: Headers): Caller {
  if (!operators || operators.size === 0) return new AppError("forbidden", NO_OPERATORS);
  const [key, ...others] = new Set(credentialsOf(headers));
  if (key === undefined) return new NotSent(OPERATOR_NEEDED);
  if (others.length > 0) return refused("This request holds different keys; send one of them.");
  return ownerOfApiKey(operators, key) === null ? refused(WRONG_OPERATOR) : { owner: null };
}

function closedGate(access: Exclude<Access, "open">, doorOf: DoorOf, tokens: Tokens): Gate {
  const nobody = { owner: null };
  return (request, path) => {
    const door = doorOf(request.method, path);
    if (door === "open" || door === "link") return nobody;
    const caller = callerOf(access, request, door, tokens);
    return caller instanceof Promise ? caller.then((late) => inWordsOf(door, late)) : inWordsOf(door, caller);
  };
}

/** Lets everybody in, as `local` or as whom they have logged in. */
function openGate(doorOf: DoorOf, tokens: Tokens): Gate {
  const everybody = { owner: LOCAL_OWNER };
  return ({ method, headers }, path) => {
    const sent = credentialsOf(headers);
    const token = sent.find(isToken);
    const door = doorOf(method, path);
    if (door === "open" || door === "link") return everybody;
    if (token !== undefined) return holderOfToken(tokens, token).then((caller) => inWordsOf(door, caller));
    if (typeof door !== "object" || !door.signedIn) return everybody;
    return inWordsOf(door, sent.length === 0 ? new NotSent(TOKEN_NEEDED) : refused(WRONG_TOKEN));
  };
}

/** No credentials came at all. */
class NotSent extends AppError {
  constructor(detail: string) {
    super("unauthorized", detail);
  }
}

function inWordsOf(door: Door, caller: Caller): Caller {
  const words = typeof door === "object" ? door.signedIn : undefined;
  if (!words || !(caller instanceof AppError)) return caller;
  return refused(caller instanceof NotSent ? words.none : words.wrong);
}

async function holderOfToken(tokens: Tokens, token: string): Promise<Caller> {
  const owner = await tokens.ownerOf(token);
  return owner === null ? refused(WRONG_TOKEN) : { owner };
}

function callerOf(
  access: Exclude<Access, "open">,
  { headers, url }: Request,
  door: Door,
  tokens: Tokens,
): Caller | Promise<Caller> {
  const { anonymous } = access;
  const sent = [...credentialsOf(headers), ...keysInQuery(url, door)];
  const token = headers.get("x-anonymous-token");
  const [key] = sent;
  if (new Set(sent).size > 1) return refused("This request holds different keys; send one of them.");
  if (key !== undefined && token !== null) return refused("Send a key or X-Anonymous-Token, not both.");
  if (key !== undefined) return isToken(key) ? holderOfToken(tokens, key) : holderOf(access, key);
  if (token !== null && !anonymous) return refused(`Tokens of browsers are not let in here. ${KEY_NEEDED}`);
  if (token !== null) {
    const owner = ownerOfToken(token);
    return owner === null ? refused(NO_TOKEN) : { owner };
  }
  if (anonymous && letsInAnybody(door)) return { owner: PUBLIC_OWNER };
  return new NotSent(anonymous ? `${KEY_NEEDED} ${TOKEN_TOO}` : KEY_NEEDED);
}

/** Whether those who send nothing come in here where the installation lets them. */
export function letsInAnybody(door: Door): boolean {
  return typeof door === "object" && !door.signedIn && !door.keyed;
}

function holderOf({ keys, chosen }: Exclude<Access, "open">, key: string): Caller {
  const owner = ownerOfApiKey(keys, key) ?? (chosen ? ownerOfChosenKey(chosen, key) : null);
  return owner === null ? refused(isApiKey(key) || chosen ? UNKNOWN_KEY : NO_KEY) : { owner };
}

/** What clients of this door send as their key in the query. */
function keysInQuery(url: string, door: Door): string[] {
  const at = url.indexOf("?");
  if (at === -1 || typeof door !== "object" || door.keyInQuery === undefined) return [];
  return new URLSearchParams(url.slice(at + 1)).getAll(door.keyInQuery);
}

const NO_OPERATORS =
  "The operator's view is off. `npm run -s key -- operator` makes a key and its entry; set OPERATOR_KEY to the entry, and start again.";
const OPERATOR_NEEDED = "The operator's key is required: send it as `Authorization: Bearer sl_…` or as `X-API-Key`.";
const WRONG_OPERATOR =
  "This is not the operator's key. Send the one whose hash is in OPERATOR_KEY, as `Authorization: Bearer sl_…` or as `X-API-Key`; keys of clients do not open this.";
const TOKEN_FORM = "32 to 128 random characters of A-Z a-z 0-9 _ -";
const KEY_NEEDED = "API key required: send it as `Authorization: Bearer sl_…` or as `X-API-Key`.";
const TOKEN_TOO = `A browser may instead send a token that it made itself: X-Anonymous-Token, ${TOKEN_FORM}.`;
const NO_KEY =
  "This is not a key. Send the whole key, and nothing else, as `Authorization: Bearer sl_…` or as `X-API-Key`.";
const UNKNOWN_KEY = "Unknown API key. It may have been revoked; ask the operator of this server for a new one.";
const TOKEN_NEEDED = "Log in first, and send the token as `Authorization: Bearer …`.";
const WRONG_TOKEN = "This token is not valid, or not any more; log in again.";
const NO_TOKEN = `X-Anonymous-Token is too short or not random: make one of ${TOKEN_FORM} and keep it.`;

/** What `createGate` refused, as the clients of that door expect it. */
export function refusalReply(
  error: AppError,
  door: Door,
  { path, requestId }: { path: string; requestId: string },
): Response {
  const signedIn = typeof door === "object" && door.signedIn !== undefined;
  const headers = { "WWW-Authenticate": signedIn ? "Bearer" : 'Bearer realm="SmileLoop"', "Cache-Control": "no-store" };
  return shapedReply(error, door, { path, requestId, headers });
}

/** An error that was found before any route was called, as the clients of that door expect it. */
export function shapedReply(
  error: AppError,
  door: Door,
  { path, requestId, headers = {} }: { path: string; requestId: string; headers?: Record<string, string> },
): Response {
  if (typeof door !== "object") return problemReply(error, path, requestId, headers);
  const { status, retryAfterSeconds } = error;
  const again = retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) };
  return Response.json(door.errors.body(error), { status, headers: { ...again, ...headers } });
}

function refused(detail: string): AppError {
  return new AppError("unauthorized", detail);
}

/** Keys and tokens in the two headers that may have one. */
function credentialsOf(headers: Headers): string[] {
  return [bearerOf(headers.get("authorization")), headers.get("x-api-key")].filter((sent) => sent !== null);
}

/** What stands behind `Bearer`; empty when that is missing or nothing but a word was sent; null for other schemes. */
function bearerOf(authorization: string | null): string | null {
  if (authorization === null) return null;
  const [, scheme = "", credentials = ""] = /^(\S*)\s*(.*)$/.exec(authorization.trim()) ?? [];
  return credentials === "" || scheme.toLowerCase() === "bearer" ? credentials : null;
}
