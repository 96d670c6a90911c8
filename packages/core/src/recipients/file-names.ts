/** File names of recipients that every system takes and people can read in any script. */

/** Bytes of a name at most, in UTF-8, with its ending: half of what file systems take, so that a folder's name fits before it in a path. */
const MAX_BYTES = 120;
/** Names that mean a device to Windows, whatever follows their first dot. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d|com[¹²³]|lpt[¹²³]|conin\$|conout\$)(\.|$)/i;
/** Separators of paths, what Windows reserves, and what no eye sees: controls, marks of direction, halves of characters. Joiners shape letters. */
const NOT_ALLOWED = /[/\\:*?"<>|\p{Zl}\p{Zp}]|(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu;

const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });

/**
 * One for each, in their order and never two alike: `Amit.mp4`, `Amit (2).mp4`; neither on systems that take `amit` for `Amit`. `ending`:
 * without the dot. `taken`: names that others have.
 */
export function fileNamesOf(
  rows: readonly { name: string }[],
  ending: string,
  taken: readonly string[] = [],
): string[] {
  const used = new Set(taken.map(fold));
  const next = new Map<string, number>();
  return rows.map(({ name }) => {
    const stem = stemOf(name);
    for (let nth = next.get(fold(stem)) ?? 1; ; nth++) {
      const file = named(stem, nth === 1 ? `.${ending}` : ` (${nth}).${ending}`);
      if (used.has(fold(file))) continue;
      used.add(fold(file));
      next.set(fold(stem), nth + 1);
      return file;
    }
  });
}

function stemOf(name: string): string {
  const readable = name
    .normalize("NFC")
    .replaceAll(NOT_ALLOWED, " ")
    .replaceAll(/\s+/g, " ")
    // a dot or a space at the end is dropped by Windows, one at the start hides the file elsewhere; a hyphen is taken for an option
    .replaceAll(/^[\s.\-~]+|[\s.]+$/g, "");
  if (readable === "") return "recipient";
  return DEVICE.test(readable) ? `_${readable}` : readable;
}

/** As much of the stem as leaves room for what follows it, cut between what readers take for characters. */
function named(stem: string, end: string): string {
  const room = MAX_BYTES - Buffer.byteLength(end);
  if (Buffer.byteLength(stem) <= room) return stem + end;
  let cut = "";
  for (const { segment } of graphemes.segment(stem)) {
    if (Buffer.byteLength(cut + segment) > room) break;
    cut += segment;
  }
  return (cut.replace(/[\s.]+$/, "") || "recipient") + end;
}

/** What file systems that do not tell capitals apart, or store letters decomposed, take for the same name. */
function fold(name: string): string {
  return name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFC");
}
