/** One text for one JSON value, whatever the order of its members: what an Idempotency-Key is held against. */
import { AppError } from "@smileloop/core/errors.ts";

const MAX_DEPTH = 32;

/** Throws `malformed` for values nested deeper than anything that we take. */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw new AppError("malformed", "The body is nested too deeply.");
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member, depth + 1)}`);
  return `{${members.join(",")}}`;
}
