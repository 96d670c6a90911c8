/**
 * Who is let in: keys, and tokens that browsers make for themselves.
 *
 * A key is `sl_<prefix>_<secret>`: the prefix is for people, who tell keys apart by it, the secret is 256 random bits. A server
 * has only hashes. One round of SHA-256 without salt is enough for that, because 256 random bits can't be guessed; and since
 * keys are looked up by their hash, the time that takes tells nobody how much of a key was right.
 *
 * Beside them there may be one key that the operator chose (API_KEY), which can be any text.
 */
import { hash, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { isOwner } from "./job/keys.ts";
import type { Users } from "./password-hash.ts";

/** The owner of everything on a server that is open to everybody, and of what comes with the key that the operator chose. */
export const LOCAL_OWNER = "local";
/** The owner of jobs that came without any credentials: their ids are the only way to them, so nobody may list them. */
export const PUBLIC_OWNER = "public";
export const ANONYMOUS_PREFIX = "anon-";

/** Whether nobody knows who the caller is: a browser with a token that it has made up, or a client that sent no credentials at all. */
export function isAnonymous(owner: string): boolean {
  return owner === PUBLIC_OWNER || owner.startsWith(ANONYMOUS_PREFIX);
}

/** Owners by the SHA-256 of their keys, in lower-case hex. */
type ApiKeys = ReadonlyMap<string, string>;

/** The SHA-256 of a key that the operator chose. */
export type ChosenKey = { readonly sha256: Uint8Array };

/**
 * `open`: everybody, as the one owner `local`. Otherwise a key is asked for, or the token that one of the `users` got when they logged in,
 * or (`anonymous`) a browser's own token.
 */
export type Access = "open" | { keys: ApiKeys; anonymous: boolean; chosen?: ChosenKey; users?: Users };

/** `key` is to be shown once and kept nowhere; `entry` goes into API_KEYS. */
type NewApiKey = { key: string; owner: string; entry: string };

const KEY = /^sl_[a-z0-9]{1,16}_[A-Za-z0-9_-]{43}$/;
const SHA256 = /^[0-9a-f]{64}$/;
/** What a header takes as it stands; and no shorter than what a person would call a password. */
const CHOSEN_KEY = /^[!-~]{8,200}$/;
const ENTRY = /^[a-z0-9_-]+:[0-9a-f]{64}(,|$)/i;
/** 32 hex digits are 128 bits; any denser alphabet has more. */
const TOKEN = /^[A-Za-z0-9_-]{32,128}$/;
/** Random tokens have fewer different characters than this once in 10^12; what a program or a person makes up often has. */
const TOKEN_CHARACTERS = 6;
const PREFIX_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";

export function makeApiKey(owner: string): NewApiKey {
  const prefix = Array.from({ length: 6 }, () => PREFIX_LETTERS[randomInt(PREFIX_LETTERS.length)]).join("");
  const key = `sl_${prefix}_${randomBytes(32).toString("base64url")}`;
  return { key, owner, entry: `${owner}:${apiKeySha256(key)}` };
}

export function isApiKey(text: string): boolean {
  return KEY.test(text);
}

export function apiKeySha256(key: string): string {
  return hash("sha256", key);
}

/** Null for what is not a key, and for an unknown one. */
export function ownerOfApiKey(keys: ApiKeys, text: string): string | null {
  return isApiKey(text) ? (keys.get(apiKeySha256(text)) ?? null) : null;
}

/** Reads a key that the operator chose. A fault never says what is in it. */
export function parseChosenKey(text: string): ChosenKey | { fault: string } {
  if (!CHOSEN_KEY.test(text)) return { fault: "must be 8 to 200 characters of ASCII without spaces" };
  if (ENTRY.test(text)) return { fault: "is an entry of API_KEYS, owner:sha256; put it there" };
  return { sha256: hash("sha256", text, "buffer") };
}

/** Compared by hash, in the same time for all texts. Null for another text. */
export function ownerOfChosenKey({ sha256 }: ChosenKey, text: string): string | null {
  return timingSafeEqual(hash("sha256", text, "buffer"), sha256) ? LOCAL_OWNER : null;
}

/** The owner that a browser's token stands for; null for a token that is too short, or not random. */
export function ownerOfToken(token: string): string | null {
  if (!TOKEN.test(token) || new Set(token).size < TOKEN_CHARACTERS) return null;
  return ANONYMOUS_PREFIX + hash("sha256", token).slice(0, 40);
}

/** Reads `owner:sha256,owner:sha256`. A fault says which entry is wrong and never what is in it: it may be a key itself. */
export function parseApiKeys(list: string): { keys: ApiKeys; faults: string[] } {
  const keys = new Map<string, string>();
  const faults: string[] = [];
  const entries = list.split(/[,\n]/).map((entry) => entry.trim());
  for (const [index, entry] of entries.entries()) {
    if (entry === "") continue;
    const [owner = "", sha256 = "", ...more] = entry.split(":").map((part) => part.trim());
    const hex = sha256.toLowerCase();
    const fault = more.length > 0 ? NO_ENTRY : entryFault(owner, hex, keys.get(hex));
    if (fault) faults.push(`entry ${index + 1} ${fault}`);
    else keys.set(hex, owner);
  }
  return { keys, faults };
}

/** Why this is not a valid name of an owner, or null. */
export function ownerFault(owner: string): string | null {
  if (!isOwner(owner))
    return "is not a valid owner name: use 1–64 characters from a-z 0-9 _ -, a letter or digit first";
  if (owner === PUBLIC_OWNER || owner.startsWith(ANONYMOUS_PREFIX)) {
    return `is reserved for callers without a key: choose a name other than ${PUBLIC_OWNER} and ${ANONYMOUS_PREFIX}…`;
  }
  return null;
}

const NO_ENTRY = "is not owner:sha256; `smileloop key` makes a key and its entry";

function entryFault(owner: string, sha256: string, earlier: string | undefined): string | null {
  if (isApiKey(owner) || sha256.startsWith("sl_")) return "holds a key itself; put its hash there, and make a new key";
  if (!SHA256.test(sha256)) return NO_ENTRY;
  const fault = ownerFault(owner);
  if (fault) return `has an owner that ${fault}`;
  return earlier !== undefined && earlier !== owner ? "has the key of another owner" : null;
}
