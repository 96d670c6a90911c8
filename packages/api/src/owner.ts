/** Whose request this is. */
import type { ApiContext } from "./problem.ts";

/** The owner that `access.ts` has found. Throws on routes that are open to everybody: they must not touch what has an owner. */
export function ownerOf(c: ApiContext): string {
  const { owner } = c.env;
  if (owner === null) throw new Error(`${c.req.path} is open and has no owner`);
  return owner;
}
