/**
 * Hashes of passwords (scrypt, RFC 7914), each with a salt and the figures that it was made with, so that those can be raised later:
 * `scrypt.<log2 N>.<r>.<p>.<salt>.<hash>`, both in base64url. A dot is no letter of that alphabet, and neither shells nor Compose files read
 * anything into one.
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { takingTurns } from "./concurrent.ts";

type Cost = { log2N: number; r: number; p: number };
export type PasswordHash = Cost & { salt: Uint8Array; hash: Uint8Array; text: string };

/** Hashes of passwords by name; a name is an owner. */
export type Users = ReadonlyMap<string, PasswordHash>;

/** 32 MiB and some 0.2 s of a processor for a guess, as OWASP's cheat sheet on passwords has it. */
const COST: Cost = { log2N: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Memory of one hash at most, bytes: of figures that an operator wrote, too. */
const MAX_MEMORY = 256 * 1024 * 1024;
const FORM = /^scrypt\.(\d{2})\.(\d{1,2})\.(\d{1,2})\.([\w-]{22})\.([\w-]{43})$/;

/** What no password has: to be looked at where there is no hash, at the same cost. */
export const NO_HASH: PasswordHash = {
  ...COST,
  salt: Buffer.alloc(SALT_BYTES),
  hash: Buffer.alloc(HASH_BYTES),
  text: "",
};

/** More would take the threads that files are read with, and memory. */
const inTurn = takingTurns(2);

/** The hash as it is written. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await hashOf(password, { ...COST, salt });
  return ["scrypt", COST.log2N, COST.r, COST.p, salt.toString("base64url"), hash.toString("base64url")].join(".");
}

export async function hasHash(password: string, expected: PasswordHash): Promise<boolean> {
  const hash = await inTurn(() => hashOf(password, expected));
  return timingSafeEqual(hash, expected.hash) && expected !== NO_HASH;
}

/** Null for what is not one, or would take too much memory. */
export function parseHash(text: string): PasswordHash | null {
  const [, log2N, r, p, salt = "", hash = ""] = FORM.exec(text) ?? [];
  const cost = { log2N: Number(log2N), r: Number(r), p: Number(p) };
  if (hash === "" || !(cost.log2N >= 10 && cost.r >= 1 && cost.p >= 1) || memoryOf(cost) > MAX_MEMORY) return null;
  return { ...cost, salt: Buffer.from(salt, "base64url"), hash: Buffer.from(hash, "base64url"), text };
}

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
