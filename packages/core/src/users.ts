/**
 * People who log in with a name and a password. A server has only hashes (scrypt, RFC 7914), each with a salt and the figures that it was
 * made with, so that those can be raised later: `scrypt.<log2 N>.<r>.<p>.<salt>.<hash>`, both in base64url. A dot is no letter of that
 * alphabet, and neither shells nor Compose files read anything into one.
 */
import { hash as digest, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { ownerFault } from "./api-keys.ts";
import { takingTurns } from "./concurrent.ts";
import { isOwner } from "./job/keys.ts";

type PasswordHash = { log2N: number; r: number; p: number; salt: Uint8Array; hash: Uint8Array; text: string };

/** Hashes of passwords by name; a name is an owner. */
export type Users = ReadonlyMap<string, PasswordHash>;

/** `entry` goes into USERS. */
export type NewUser = { name: string; entry: string };

/** 32 MiB and some 0.2 s of a processor for a guess, as OWASP's cheat sheet on passwords has it. */
const COST = { log2N: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Memory of one hash at most, bytes: of figures that an operator wrote, too. */
const MAX_MEMORY = 256 * 1024 * 1024;
const PASSWORD_CHARS = { min: 8, max: 1000 };
const HASH = /^scrypt\.(\d{2})\.(\d{1,2})\.(\d{1,2})\.([\w-]{22})\.([\w-]{43})$/;
const USER_PREFIX = "user-";

/** Names that are looked for where nobody has them cost what others cost. */
const NOBODY: PasswordHash = { ...COST, salt: Buffer.alloc(SALT_BYTES), hash: Buffer.alloc(HASH_BYTES), text: "" };

/** More would take the threads that files are read with, and memory. */
const inTurn = takingTurns(2);

/** Why this cannot be a password, to follow the word; null: it can. */
export function passwordFault(password: string): string | null {
  const { min, max } = PASSWORD_CHARS;
  if (password.length < min) return `has ${password.length} characters; at least ${min} are needed`;
  return password.length > max ? `has ${password.length} characters; at most ${max} are taken` : null;
}

export async function makeUser(name: string, password: string): Promise<NewUser> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await hashOf(password, { ...COST, salt });
  const { log2N, r, p } = COST;
  const parts = [log2N, r, p, salt.toString("base64url"), hash.toString("base64url")];
  return { name, entry: `${name}:scrypt.${parts.join(".")}` };
}

/** Whether this is the name's password. An unknown name takes the time that a known one takes. */
export async function isPassword(users: Users, name: string, password: string): Promise<boolean> {
  const user = users.get(name) ?? NOBODY;
  const taken = password.slice(0, PASSWORD_CHARS.max);
  const hash = await inTurn(() => hashOf(taken, user));
  return timingSafeEqual(hash, user.hash) && user !== NOBODY && taken === password;
}

/** Changes with the user's password; it tells nothing of it. */
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
  const fault = isOwner(name) ? ownerFault(name) : "is not a valid name: use 1–64 characters from a-z 0-9 _ -";
  if (fault !== null) return `has a name that ${fault}`;
  return isTwice ? "has a name that is there before" : null;
}

function parseHash(text: string): PasswordHash | null {
  const [, log2N, r, p, salt = "", hash = ""] = HASH.exec(text) ?? [];
  const cost = { log2N: Number(log2N), r: Number(r), p: Number(p) };
  if (hash === "" || !(cost.log2N >= 10 && cost.r >= 1 && cost.p >= 1) || memoryOf(cost) > MAX_MEMORY) return null;
  return { ...cost, salt: Buffer.from(salt, "base64url"), hash: Buffer.from(hash, "base64url"), text };
}

type Cost = Pick<PasswordHash, "log2N" | "r" | "p">;

function memoryOf({ log2N, r, p }: Cost): number {
  return 128 * r * (2 ** log2N + p);
}

/** Letters are composed first (NFC): keyboards differ in how they send an é. */
function hashOf(password: string, { salt, ...cost }: Cost & { salt: Uint8Array }): Promise<Buffer> {
  const options = { N: 2 ** cost.log2N, r: cost.r, p: cost.p, maxmem: 2 * memoryOf(cost) };
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, key: Buffer) => (error ? reject(error) : resolve(key));
    scrypt(password.normalize("NFC"), salt, HASH_BYTES, options, done);
  });
}
