/** What `generate` is asked: JSON, checked as the original checked it, with the faults that its clients can read. */
import { fieldErrors } from "@smileloop/core/errors/fields.ts";
import { AppError, type FieldError, hasCode } from "@smileloop/core/errors.ts";
import { z } from "zod";
import { readJson } from "../../http/json-body.ts";
import type { RequestBody } from "../../http/request-body.ts";
import { labelField } from "../label.ts";

export const RESOLUTIONS = [256, 512, 1024] as const;

/** Forms send their numbers as text, and the original took them. */
const numeric = (value: unknown) =>
  typeof value === "string" && /^\s*\d{1,9}\s*$/.test(value) ? Number(value) : value;
const filename = z.string().max(500);

export const generateSchema = z.strictObject({
  image_filename: filename,
  audio_filename: filename,
  output_fps: z.preprocess(numeric, z.int().min(10).max(60)).default(25),
  output_resolution: z.preprocess(numeric, z.literal(RESOLUTIONS)).default(512),
  label: labelField,
});
export type Asked = z.infer<typeof generateSchema>;

/** Throws `invalid_request` with every fault, `too_large`, `malformed` for a request that was cut off. */
export async function readAsked(body: RequestBody): Promise<Asked> {
  const value = await readJson(body).catch((error: unknown) => {
    if (!hasCode(error, "malformed") || !((error as Error).cause instanceof SyntaxError)) throw error;
    throw notValid([{ loc: ["body"], msg: `JSON decode error: ${(error as Error).message}`, type: "json_invalid" }]);
  });
  const parsed = generateSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw notValid(fieldErrors(parsed.error, ["body"]).map((fault) => inTheirWords(fault, value)));
}

/** Types of faults as the original's validation named them. */
const TYPES: Readonly<Record<string, string>> = {
  too_small: "greater_than_equal",
  too_big: "less_than_equal",
  invalid_value: "literal_error",
  unrecognized_keys: "extra_forbidden",
};

function inTheirWords({ loc, msg, type }: FieldError, value: unknown): FieldError {
  const [, name] = loc;
  const missing = name !== undefined && typeof value === "object" && value !== null && !Object.hasOwn(value, name);
  return missing ? { loc, msg: "Field required", type: "missing" } : { loc, msg, type: TYPES[type] ?? type };
}

function notValid(errors: FieldError[]): AppError {
  return new AppError("invalid_request", "The request is not valid.", { errors });
}
