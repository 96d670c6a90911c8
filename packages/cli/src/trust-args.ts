/** What can be typed after `smileloop audit` and `smileloop erase`. */
import type { Values } from "./clip-args.ts";
import { UsageError } from "./usage-error.ts";

/** `heads`: lines that are known from the log, by their numbers and hashes. */
export type AuditArgs = { heads: { seq: number; hash: string }[]; json: boolean };
/** `keyStdin`: whether the key comes by the standard input: arguments can be read by others. */
export type EraseArgs = { server: string; keyStdin: boolean; json: boolean };

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
export const AUDIT_OPTIONS = { head: { type: "string", multiple: true }, json: flag } as const;
export const ERASE_OPTIONS = { server: text, "key-stdin": flag, yes: flag, json: flag } as const;

/** Throws UsageError. */
export function auditArgs(values: Values, [act, extra]: string[]): AuditArgs {
  if (act !== "check")
    throw new UsageError(act ? `"audit ${act}" is not known. Say check.` : "Say audit check.", "audit");
  if (extra !== undefined) throw new UsageError(`Unexpected argument "${extra}".`, "audit");
  const heads = ([values.head ?? []].flat() as string[]).map((given) => {
    const [, seq = "", hash = ""] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(given) ?? [];
    if (hash === "") throw new UsageError(`--head: must be <number>:<64 hex digits>, got "${given}".`, "audit");
    return { seq: Number(seq), hash };
  });
  return { heads, json: values.json === true };
}

/** Throws UsageError. */
export function eraseArgs(values: Values, [extra]: string[]): EraseArgs {
  if (extra !== undefined) throw new UsageError(`Unexpected argument "${extra}".`, "erase");
  if (values.yes !== true) {
    throw new UsageError(
      "All jobs, results and uploads of this key are deleted for good. Say --yes for that.",
      "erase",
    );
  }
  const given = values.server ?? "http://localhost:8000";
  const url = typeof given === "string" ? URL.parse(given) : null;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`--server: must be an address such as http://localhost:8000, got "${given}".`, "erase");
  }
  return { server: url.href.replace(/\/$/, ""), keyStdin: values["key-stdin"] === true, json: values.json === true };
}
