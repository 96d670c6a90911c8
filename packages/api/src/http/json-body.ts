/** JSON bodies are small and flat: what is longer, deeper or has more values is refused before it is parsed. */
import { AppError, type FieldError } from "@smileloop/core/errors.ts";
import type { MiddlewareHandler } from "hono";
import { type ApiEnv, problemReply } from "../problem.ts";
import { openBody, type RequestBody } from "./request-body.ts";

const MAX_JSON_BYTES = 256 * 1024;
/** Maximum nesting of a body's values, and number of all its values and members. */
const MAX_DEPTH = 32;
const MAX_VALUES = 10_000;

/** A middleware for routes that take JSON. */
export const limitedJson: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const body = openBody(c.req.raw);
  const all = await readWhole(body);
  if (all === null) return body.answer(problemReply(tooLarge(), c.req.path, c.env.requestId));
  checkShape(all);
  if (c.req.raw.body) c.req.raw = new Request(c.req.raw, { body: all });
  return next();
};

/** The value of a body that is JSON, whatever its Content-Type. Throws `too_large`, `malformed`, and what `checkShape` throws. */
export async function readJson(body: RequestBody): Promise<unknown> {
  return parseJson(await readSmall(body));
}

/** A body that is no larger than JSON may be. Throws `too_large`, and `malformed` for a request that was cut off. */
export async function readSmall(body: RequestBody): Promise<Buffer> {
  const all = await readWhole(body);
  if (all === null) throw tooLarge();
  return all;
}

/** Throws `malformed`, and what `checkShape` throws. */
export function parseJson(json: Buffer): unknown {
  checkShape(json);
  try {
    return JSON.parse(json.toString());
  } catch (error) {
    throw new AppError("malformed", "The body is not valid JSON.", { cause: error });
  }
}

/** One text for one JSON value, whatever the order of its members: what an Idempotency-Key is compared by. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

/** Null where it is too large. */
async function readWhole(body: RequestBody): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let chunk = await body.read(); chunk; chunk = await body.read()) {
    bytes += chunk.byteLength;
    if (bytes > MAX_JSON_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function tooLarge(): AppError {
  return new AppError("too_large", `The body is larger than ${MAX_JSON_BYTES} bytes.`);
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** The name itself, or something that JSON may spell it with. */
const PROTO = /__proto__|\\u/;

/** Throws `invalid_request` for JSON that is too deep, has too many values, or a member that no object can have. */
export function checkShape(json: Uint8Array): void {
  let depth = 0;
  let values = 1;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!;
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
      continue;
    }
    if (byte === QUOTE) inString = true;
    else if (OPENING.has(byte)) depth += 1;
    else if (CLOSING.has(byte)) depth -= 1;
    if (byte === COMMA || OPENING.has(byte)) values += 1;
    if (depth > MAX_DEPTH)
      throw refused([], `At most ${MAX_DEPTH} levels of lists and objects are read; byte ${at} is deeper.`);
    if (values > MAX_VALUES) throw refused([], `At most ${MAX_VALUES} values are read; this body has more.`);
  }
  if (PROTO.test(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString("latin1"))) refuseProto(json);
}

/** `__proto__` is no name for a member: what copies objects drops it in silence. */
function refuseProto(json: Uint8Array): void {
  const found = protoIn(parsed(json), []);
  if (found) throw refused(found, "unknown name '__proto__'", "unrecognized_keys");
}

/** Undefined where it is no JSON: the route says so. */
function parsed(json: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString());
  } catch {
    return undefined;
  }
}

function protoIn(value: unknown, at: (string | number)[]): (string | number)[] | null {
  if (typeof value !== "object" || value === null) return null;
  if (Object.hasOwn(value, "__proto__")) return [...at, "__proto__"];
  const inside = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [name, member] of inside) {
    const found = protoIn(member, [...at, name]);
    if (found) return found;
  }
  return null;
}

function refused(at: (string | number)[], msg: string, type = "too_big"): AppError {
  const errors: FieldError[] = [{ loc: ["body", ...at], msg, type }];
  return new AppError("invalid_request", `${at.length > 0 ? at.slice(0, -1).join(".") || "body" : "body"}: ${msg}`, {
    errors,
  });
}
