/** Users whose passwords are hashed at little cost: tests would wait for what slows down those who guess. */
import { scryptSync } from "node:crypto";
import type { Users } from "@smileloop/core/password-hash.ts";
import { parseUsers } from "@smileloop/core/users.ts";

/** An entry of USERS. `salt`: of 16 bytes, all the same. */
export function userEntry(name: string, password: string, salt = 1): string {
  const bytes = Buffer.alloc(16, salt);
  const hash = scryptSync(password, bytes, 32, { N: 1024, r: 8, p: 1 });
  return `${name}:scrypt.10.8.1.${bytes.toString("base64url")}.${hash.toString("base64url")}`;
}

export function usersOf(...entries: string[]): Users {
  return parseUsers(entries.join()).users;
}
