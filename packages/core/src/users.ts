/** People who log in with a name and a password. A server has only hashes, in USERS: `name:hash,name:hash`. */
import { hash as digest } from "node:crypto";
import { ownerFault } from "./api-keys.ts";
import { hasHash, hashPassword, NO_HASH, type PasswordHash, parseHash, type Users } from "./password-hash.ts";

/** `entry` goes into USERS. */
export type NewUser = { name: string; entry: string };

const PASSWORD_CHARS = { min: 8, max: 1000 };
const USER_PREFIX = "user-";

/** Why this cannot be a password, to follow the word; null: it can. */
export function passwordFault(password: string): string | null {
  const { min, max } = PASSWORD_CHARS;
  if (password.length < min) return `has ${password.length} characters; at least ${min} are needed`;
  return password.length > max ? `has ${password.length} characters; at most ${max} are taken` : null;
}

export async function makeUser(name: string, password: string): Promise<NewUser> {
  return { name, entry: `${name}:${await hashPassword(password)}` };
}

/** Whether this is the name's password. An unknown name takes the time that a known one takes. */
export async function isPassword(users: Users, name: string, password: string): Promise<boolean> {
  const taken = password.slice(0, PASSWORD_CHARS.max);
  return (await hasHash(taken, users.get(name) ?? NO_HASH)) && taken === password;
}

/** Changes with the user's password, and tells nothing of it; null for an unknown name. */
export function passwordMark(users: Users, name: string): string | null {
  const user = users.get(name);
  return user ? digest("sha256", `password mark ${user.text}`).slice(0, 16) : null;
}

/** The owner that a name stands for where there are no users, so that anybody may log in as anybody. */
export function ownerOfName(name: string): string {
  return ownerFault(name) === null ? name : USER_PREFIX + digest("sha256", name).slice(0, 40);
}

/** Reads `name:hash,name:hash`. A fault says which entry is wrong and never what is in it: it may be a password. */
export function parseUsers(list: string): { users: Users; faults: string[] } {
  const users = new Map<string, PasswordHash>();
  const faults: string[] = [];
  const entries = list.split(/[,\n]/).map((entry) => entry.trim());
  for (const [index, entry] of entries.entries()) {
    if (entry === "") continue;
    const at = entry.indexOf(":");
    const name = entry.slice(0, Math.max(0, at)).trim();
    const hash = parseHash(entry.slice(at + 1).trim());
    const fault = entryFault(name, hash, users.has(name));
    if (fault !== null) faults.push(`entry ${index + 1} ${fault}`);
    else if (hash) users.set(name, hash);
  }
  return { users, faults };
}

function entryFault(name: string, hash: PasswordHash | null, isTwice: boolean): string | null {
  if (!hash) return "is not name:hash; `smileloop user <name>` makes an entry, of which a password is never a part";
  const fault = ownerFault(name);
  if (fault !== null) return `has a name that ${fault}`;
  return isTwice ? "has a name that is there before" : null;
}
