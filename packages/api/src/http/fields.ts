/**
 * Parameters of a request, wherever its client put them: in the query, in a form, or in JSON. What the body says goes before what the
 * query says; names that are not asked for are ignored, as the originals of the dialects ignored them.
 */
import { fieldErrors } from "@smileloop/core/errors/fields.ts";
import { AppError, type FieldError, hasCode } from "@smileloop/core/errors.ts";
import type { z } from "zod";
import { parseJson, readSmall } from "./json-body.ts";
import { emptyForm, readMultipart } from "./multipart.ts";
import type { RequestBody } from "./request-body.ts";

/** Digits in a query or a form as the number that they are; other text stays, so that its schema says what is wrong with it. */
export const decimal = (value: unknown) =>
  typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;

const MAX_PART_BYTES = 64 * 1024;
const FORM = /^\s*application\/x-www-form-urlencoded\s*(;|$)/i;
const MULTIPART = /^\s*multipart\/form-data\s*(;|$)/i;

/** Throws `invalid_request` with every fault, `too_large`, `malformed` for a request that was cut off. */
export async function readFields<Shape extends z.ZodRawShape>(
  request: Request,
  body: RequestBody,
  schema: z.ZodObject<Shape>,
): Promise<z.infer<z.ZodObject<Shape>>> {
  const names = Object.keys(schema.shape);
  const sent = await inBody(request.headers.get("content-type") ?? "", body, names);
  const query = inQuery(request.url);
  const given = (name: string) => (Object.hasOwn(sent, name) ? sent[name] : query.get(name));
  const values = Object.fromEntries(names.map((name) => [name, given(name)]).filter(([, value]) => value != null));
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const place = query.size > 0 && Object.keys(sent).length === 0 ? "query" : "body";
  const placeOf = (name: unknown) =>
    Object.hasOwn(sent, String(name)) ? "body" : query.has(String(name)) ? "query" : place;
  const faults = fieldErrors(parsed.error, []).map(({ loc: [name, ...rest], msg, type }): FieldError => {
    const loc = [placeOf(name), ...(name === undefined ? [] : [name]), ...rest];
    const isMissing = name !== undefined && !Object.hasOwn(values, name);
    return isMissing ? { loc, msg: "Field required", type: "missing" } : { loc, msg, type };
  });
  throw new AppError("invalid_request", "The request is not valid.", { errors: faults });
}

function inQuery(url: string): URLSearchParams {
  const at = url.indexOf("?");
  return new URLSearchParams(at === -1 ? "" : url.slice(at + 1));
}

async function inBody(type: string, body: RequestBody, names: string[]): Promise<Record<string, unknown>> {
  if (MULTIPART.test(type)) {
    const form = emptyForm<never>();
    const fields = Object.fromEntries(names.map((name) => [name, { maxBytes: MAX_PART_BYTES }]));
    await readMultipart(body, type, { fields, files: {}, onFile: noFile }, form);
    return Object.fromEntries(form.fields);
  }
  const text = await readSmall(body);
  if (text.length === 0) return {};
  return FORM.test(type) && !/^\s*[{[]/.test(text.toString()) ? formOf(text) : jsonOf(text);
}

function noFile(): Promise<never> {
  throw new AppError("invalid_request", "No file is taken here.");
}

function formOf(text: Buffer): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text.toString()));
}

function jsonOf(text: Buffer): Record<string, unknown> {
  const value = readOrSay(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw notAnObject([{ loc: ["body"], msg: "must be an object", type: "model_attributes_type" }]);
}

function readOrSay(text: Buffer): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (!hasCode(error, "malformed")) throw error;
    throw notAnObject([{ loc: ["body"], msg: "is neither JSON nor a form", type: "json_invalid" }]);
  }
}

function notAnObject(errors: FieldError[]): AppError {
  return new AppError("invalid_request", "The request is not valid.", { errors });
}
