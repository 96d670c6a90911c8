/** Texts as programs save them: UTF-8, or UTF-16 as those of Windows do, with a byte order mark or without. */

type Encoding = "utf-8" | "utf-16le" | "utf-16be";

/** Characters that are looked at where there is no byte order mark. */
const LEAST_CHARACTERS = 4;

/**
 * The bytes as text, without the byte order mark; null where they are no text. `part`: the text goes on, and its last character may be
 * cut.
 */
export function decodeText(bytes: Uint8Array, { part = false } = {}): string | null {
  const encoding = encodingOf(bytes);
  return encoding === null ? null : new TextDecoder(encoding).decode(bytes, { stream: part });
}

/** Source: WHATWG Encoding, 6.1 (BOM sniff). JSON and tables begin with ASCII, which shows where the zeros are. */
function encodingOf(bytes: Uint8Array): Encoding | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (beginsAscii(bytes, 0)) return "utf-16le";
  if (beginsAscii(bytes, 1)) return "utf-16be";
  return bytes.includes(0) ? null : "utf-8";
}

/** Two bytes a character, of which the one at `place` is ASCII and the other 0. */
function beginsAscii(bytes: Uint8Array, place: 0 | 1): boolean {
  if (bytes.length < LEAST_CHARACTERS * 2) return false;
  for (let i = 0; i < LEAST_CHARACTERS * 2; i += 2) {
    const [character, other] = [bytes[i + place]!, bytes[i + 1 - place]];
    if (other !== 0 || character > 0x7e || (character < 0x20 && ![9, 10, 13].includes(character))) return false;
  }
  return true;
}
