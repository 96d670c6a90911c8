/** What marks are made with and found by. With a key, anybody can make marks that count as ours, so engines never have one. */
import { createHash, randomBytes } from "node:crypto";

/** `id` tells keys apart and is no secret. */
export type MarkKey = { id: string; secret: Uint8Array };

const KEY_BYTES = 32;
const HEX = new RegExp(`^[0-9a-f]{${KEY_BYTES * 2}}$`, "i");
/** Marks of older keys are not looked for: each key costs as much time as the first. */
export const KEYS_LOOKED_FOR = 3;

/** As `MARK_KEY` and the kept file have it. */
export function newMarkKey(): string {
  return randomBytes(KEY_BYTES).toString("hex");
}

/** Keys in hex, separated by commas or white space, the newest first. Throws a sentence, which never has a key in it. */
export function readMarkKeys(text: string): MarkKey[] {
  const keys = text.split(/[\s,]+/).filter((word) => word !== "");
  if (keys.length === 0) throw new Error("there is no key in it");
  const wrong = keys.findIndex((key) => !HEX.test(key));
  if (wrong >= 0) {
    const { length } = keys[wrong]!;
    throw new Error(`key ${wrong + 1} is not ${KEY_BYTES * 2} hexadecimal digits: it has ${length} characters`);
  }
  return keys.map((key) => {
    const secret = new Uint8Array(Buffer.from(key, "hex"));
    return { id: createHash("sha256").update("mark key id ").update(secret).digest("hex").slice(0, 8), secret };
  });
}
