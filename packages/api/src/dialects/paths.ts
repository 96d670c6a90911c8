/** Which dialect a path belongs to. */
import { canonicalId } from "@smileloop/core/job/ids.ts";

/**
 * `path` as the OpenAPI document writes it: `/animate` is that path alone, `/job/{job_id}` and everything else that begins
 * with `/job/`. `methods`: all when absent; GET includes HEAD. `shape`: what follows the prefix, where dialects share one.
 */
export type DialectPath = { path: string; methods?: readonly string[]; shape?: Shape };

const SHAPES = {
  any: () => true,
  /** An id of a job, also with dashes. */
  id: (rest: string) => /^[0-9a-f]{32}$/.test(canonicalId(rest)),
  /** `name.ending` */
  file: (rest: string) => /^[^/]+\.[^/.]+$/.test(rest),
} as const satisfies Record<string, (rest: string) => boolean>;
type Shape = keyof typeof SHAPES;

type Entry<T> = {
  owner: T;
  prefix: string;
  /** The parameter as the document writes it, which stands for any value of its shape; null for an exact path. */
  parameter: string | null;
  methods: ReadonlySet<string> | null;
  fits: (rest: string) => boolean;
};

/**
 * Finds the owner of a path, sent or as the document writes it; null when nobody has it. Asked for each request, so the
 * paths are grouped by their first letter once; a longer one goes before a shorter one.
 */
export function createPathIndex<T extends { paths: readonly DialectPath[] }>(
  owners: readonly T[],
): (method: string, path: string) => T | null {
  const entries = owners.flatMap((owner) => owner.paths.map((path) => entryOf(owner, path)));
  entries.sort((a, b) => b.prefix.length - a.prefix.length);
  const byLetter = Map.groupBy(entries, ({ prefix }) => prefix.charCodeAt(1));
  return (method, path) => {
    const found = byLetter.get(path.charCodeAt(1))?.find((entry) => matches(entry, method, path));
    return found ? found.owner : null;
  };
}

function entryOf<T>(owner: T, { path, methods, shape = "any" }: DialectPath): Entry<T> {
  const at = path.indexOf("{");
  const named = methods && new Set(methods.includes("GET") ? [...methods, "HEAD"] : methods);
  return {
    owner,
    prefix: at === -1 ? path : path.slice(0, at),
    parameter: at === -1 ? null : path.slice(at),
    methods: named ?? null,
    fits: SHAPES[shape],
  };
}

function matches({ prefix, parameter, methods, fits }: Entry<unknown>, method: string, path: string): boolean {
  if (methods !== null && !methods.has(method)) return false;
  if (parameter === null) return path === prefix;
  if (!path.startsWith(prefix)) return false;
  const rest = path.slice(prefix.length);
  return rest === parameter || fits(rest);
}
