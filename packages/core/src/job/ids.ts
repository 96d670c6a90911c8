/** Ids of jobs and uploads: UUIDv7 (RFC 9562) as 32 lower-case hex digits; 48 bits of time, 74 bits that are truly random. */
import { randomBytes } from "node:crypto";

const ID = /^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/;

export function newId(nowMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return bytes.toString("hex");
}

export function isId(text: string): boolean {
  return ID.test(text);
}

/** Milliseconds since 1970 at which the id was made, by its own account. */
export function idTimeMs(id: string): number {
  return Number.parseInt(id.slice(0, 12), 16);
}

/** 128 random bits as 32 hex digits: the token of a claim, the nonce of a write. */
export function newToken(): string {
  return randomBytes(16).toString("hex");
}
