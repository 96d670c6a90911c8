/** Text of clients and engines on its way into our own sentences, records and logs: never longer than the place has room for. */

/** The text, or its first `most` characters with an ellipsis for the rest. Cuts no character in two. */
export function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = text.slice(0, most - 1);
  return `${/[\uD800-\uDBFF]$/.test(end) ? end.slice(0, -1) : end}…`;
}

/** A span of time for people: `an hour`, `20 minutes`, `90 seconds`. */
export function spanOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds === 3600) return "an hour";
  return seconds % 60 === 0 && seconds > 60 ? `${seconds / 60} minutes` : `${seconds} seconds`;
}

/** How a message shows a value that may be anything: short, and without asking an object what it is called. */
export function shown(value: unknown, most = 60): string {
  if (typeof value === "string") return `'${clip(value, most)}'`;
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : clip(String(value), most);
}

/** A copy of a value for the log or a message: long strings are clipped, long lists cut, deep values left out. */
export function bounded(
  value: unknown,
  { chars, items, depth }: { chars: number; items: number; depth: number },
): unknown {
  if (typeof value === "string") return clip(value, chars);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value;
  if (depth <= 0) return "…";
  const inside = { chars, items, depth: depth - 1 };
  if (Array.isArray(value)) return value.slice(0, items).map((item) => bounded(item, inside));
  const entries = Object.entries(value).slice(0, items);
  return Object.fromEntries(entries.map(([name, item]) => [clip(name, 100), bounded(item, inside)]));
}
