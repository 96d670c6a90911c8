/** Ids that a client makes before it sends anything, so that a call may be repeated: UUIDv7 (RFC 9562) as 32 lower-case hex digits. */
export function newId(nowMs: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(nowMs / 2 ** (8 * (5 - i)));
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
