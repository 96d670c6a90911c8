/**
 * Ids of jobs and uploads: UUIDv7 (RFC 9562) as 32 lower-case hex digits; 48 bits of time, 74 bits that are truly random. The
 * id of a plan's child is its root's, a dot, and its number: `<root>.<n>`, 0 to 99,999 in decimal without leading zeros.
 */
import { randomBytes } from "node:crypto";

const ID = /^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/;
const CHILD_NUMBER = /^(0|[1-9]\d{0,4})$/;

export function newId(nowMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return bytes.toString("hex");
}

const DASHED = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** An id as it is stored, of one that may be written as UUIDs are elsewhere: with dashes, in any case. Other text stays as it is. */
export function canonicalId(text: string): string {
  return DASHED.test(text) ? text.replaceAll("-", "").toLowerCase() : text;
}

/** The version of a UUID as 32 hex digits; null for other text. */
export function uuidVersion(text: string): number | null {
  return /^[0-9a-f]{32}$/.test(text) ? Number.parseInt(text[12]!, 16) : null;
}

/** Whether it is the id of an upload, or of a job that is not a child. */
export function isId(text: string): boolean {
  return ID.test(text);
}

/** Whether it is the id of a job, root or child. */
export function isJobId(text: string): boolean {
  return isId(text) || rootOf(text) !== null;
}

/** Throws a RangeError for a root that is itself a child, and for a number that is not one of 0 to 99,999. */
export function childId(root: string, index: number): string {
  const id = `${root}.${index}`;
  if (!rootOf(id)) throw new RangeError(`A child has a root and a number from 0 to 99999, not ${id}.`);
  return id;
}

/** Root and number in the id of a child; null for any other text. */
export function rootOf(id: string): { root: string; index: number } | null {
  const root = id.slice(0, 32);
  const index = id[32] === "." ? childNumber(id.slice(33)) : null;
  return index === null || !isId(root) ? null : { root, index };
}

/** Whose turns a job's message shares in a queue: those of the other children of its root; of any other job, those of its owner. */
export function turnGroup({ owner, id }: { owner: string; id: string }): string {
  return rootOf(id)?.root ?? owner;
}

/** The number that is written here as it is in ids and keys; null when it is not. */
export function childNumber(text: string): number | null {
  return CHILD_NUMBER.test(text) ? Number(text) : null;
}

/** Milliseconds since 1970 at which the id was made, as the id says; a child has its root's. */
export function idTimeMs(id: string): number {
  return Number.parseInt(id.slice(0, 12), 16);
}

/** 128 random bits as 32 hex digits: the token of a claim, the nonce of a write. */
export function newToken(): string {
  return randomBytes(16).toString("hex");
}
