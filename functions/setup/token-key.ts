/** What the tokens of those who log in are signed with: the same after a restart, and in each instance of a function. */
import { hkdfSync } from "node:crypto";
import type { Env } from "@smileloop/core/env.ts";

/**
 * `secret`: of the installation, where it has one. Elsewhere the hashes of the passwords stand for it, whose salts and hashes nobody outside
 * knows; then all tokens end when the users change. Undefined where there is neither.
 */
export function tokenKeyOf({ USERS: users }: Pick<Env, "USERS">, secret?: Uint8Array): Uint8Array | undefined {
  const hashes = [...users].map(([name, { text }]) => `${name}:${text}`).sort();
  const material = secret ?? (hashes.length > 0 ? Buffer.from(hashes.join()) : undefined);
  if (material === undefined) return undefined;
  return new Uint8Array(hkdfSync("sha256", material, Buffer.alloc(0), "smileloop tokens of logins", 32));
}
