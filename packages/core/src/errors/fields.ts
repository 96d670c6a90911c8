/** What is wrong with a value, in words for the person who sent it: what is allowed, and what came. The field's name is put before it. */
import { z } from "zod";
import type { FieldError } from "../errors.ts";
import { shown } from "../text.ts";
import { nearOf } from "./near.ts";

type Issue = z.core.$ZodRawIssue;
type Sentence = (issue: never) => string;

/** Names that a sentence lists at most. */
const MAX_NAMES = 20;

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  null: "null",
};
const ITEMS = { one: "item", many: "items" };
const UNITS: Readonly<Record<string, { one: string; many: string }>> = {
  string: { one: "character", many: "characters" },
  array: ITEMS,
  set: ITEMS,
  map: { one: "entry", many: "entries" },
};
const FORMATS: Readonly<Record<string, string>> = {
  url: "an address such as https://example.org",
  datetime: "a time such as 2026-01-31T12:00:00Z",
};

/** By zod's code. Schemas with messages of their own are not asked here. */
const SENTENCES: Readonly<Record<string, Sentence>> = {
  invalid_type: ({
    expected,
    format,
    input,
  }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType> & { format?: string }) =>
    input === undefined
      ? "is required"
      : `must be ${TYPES[format === "safeint" ? "int" : expected] ?? expected}${got(input)}`,
  too_big: ({ maximum, origin, inclusive, input }: z.core.$ZodRawIssue<z.core.$ZodIssueTooBig>) =>
    limit(inclusive === false ? "less than" : "at most", maximum, origin, input),
  too_small: ({ minimum, origin, inclusive, input }: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall>) =>
    limit(inclusive === false ? "more than" : "at least", minimum, origin, input),
  invalid_value: ({ values, input }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidValue>) =>
    input === undefined ? `is required: ${oneOf(values)}` : `must be ${oneOf(values)}${got(input)}`,
  unrecognized_keys: ({ keys, inst }: z.core.$ZodRawIssue<z.core.$ZodIssueUnrecognizedKeys>) =>
    unknownNames(keys, inst),
  invalid_format: ({ format, input }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidStringFormat>) =>
    `${FORMATS[format] ? `must be ${FORMATS[format]}` : "does not have the right form"}${got(input)}`,
  invalid_union: ({ errors, input }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>) =>
    nearest(errors) ?? `is not valid${got(input)}`,
  invalid_key: ({ issues }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidKey>) =>
    `is a name that is not allowed: ${issues[0]?.message ?? "is not valid"}`,
  custom: () => "is not valid",
};

// wherever a schema has no message
z.config({
  localeError: (issue) =>
    (Object.hasOwn(SENTENCES, issue.code) ? SENTENCES[issue.code]?.(issue as never) : undefined) ?? "is not valid",
});

/** Zod's issues as the API reports them; `at`: path of the checked value in the request. Of a value of another type nothing else is told. */
export function fieldErrors(error: z.ZodError, at: (string | number)[]): FieldError[] {
  const placeOf = ({ path }: z.core.$ZodIssue): string => path.map(String).join("\0");
  const others = new Set(error.issues.filter(({ code }) => code === "invalid_type").map(placeOf));
  const issues = error.issues.filter((issue) => issue.code === "invalid_type" || !others.has(placeOf(issue)));
  return issues.map((issue) => ({
    loc: [...at, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))],
    msg: issue.message,
    type: issue.code,
  }));
}

/** `, got 20`; nothing where the value is only what was left of one that could not be read. */
export function got(value: unknown): string {
  if (value === undefined) return ", got nothing";
  return Number.isNaN(value) ? "" : `, got ${shown(value)}`;
}

function limit(word: string, bound: number | bigint, origin: string, input: unknown): string {
  const unit = UNITS[origin];
  if (unit === undefined) return `${word} ${bound}${got(input)}`;
  const size = (input as { length?: number; size?: number }).length ?? (input as { size?: number }).size;
  if (size === 0) return "must not be empty";
  return `${word} ${bound} ${Number(bound) === 1 ? unit.one : unit.many}${size === undefined ? "" : `, got ${size}`}`;
}

function oneOf(values: readonly unknown[]): string {
  const names = values.slice(0, MAX_NAMES).map(String).join(", ");
  if (values.length > 1) return `one of ${names}`;
  // true and 'true' are not the same
  return typeof values[0] === "string" ? `'${names}'` : names;
}

function unknownNames(keys: readonly string[], schema: Issue["inst"]): string {
  const known = namesOf(schema).sort();
  const names = keys.slice(0, 3).map((key) => {
    const near = nearOf(key, known).slice(0, 3);
    return near.length === 0 ? shown(key) : `${shown(key)} (did you mean ${near.join(" or ")}?)`;
  });
  const choice = known.length > 0 && known.length <= MAX_NAMES ? `; allowed: ${known.join(", ")}` : "";
  return `${keys.length > 1 ? "unknown names" : "unknown name"} ${names.join(", ")}${choice}`;
}

type Definition = { shape?: object; keyType?: { _zod?: { def?: { entries?: object } } } };

/** The names that an object or a record may have, where those are known. */
function namesOf(schema: Issue["inst"]): string[] {
  const { shape, keyType } = (schema as unknown as { _zod?: { def?: Definition } })?._zod?.def ?? {};
  return Object.keys(shape ?? keyType?._zod?.def?.entries ?? {});
}

/** The fault of the form that the value comes nearest to: one whose type fits, so that what is wrong lies inside it. */
function nearest(forms: readonly (readonly z.core.$ZodIssue[])[]): string | null {
  const inside = forms.find(
    ([first]) => first !== undefined && (first.path.length > 0 || first.code !== "invalid_type"),
  );
  const [first] = inside ?? [];
  if (first === undefined) return null;
  return first.path.length === 0 ? first.message : `${first.path.map(String).join(".")}: ${first.message}`;
}
