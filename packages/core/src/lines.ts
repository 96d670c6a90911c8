/**
 * Cuts a stream of bytes into lines without their ends; give what it returns every chunk. It never holds more than one line of
 * `maxBytes`: a longer one is skipped to its end and reported once, so that no sender can fill the memory. What follows the last
 * line end is not a line.
 */
export function lineSplitter(
  maxBytes: number,
  onLine: (line: string) => void,
  onOverlong: () => void,
): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;
  let skipping = false;
  const push = (part: Buffer): void => {
    if (skipping) return;
    size += part.length;
    if (size > maxBytes) {
      skipping = true;
      parts = [];
      onOverlong();
    } else if (part.length > 0) parts.push(part);
  };
  return (chunk) => {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      push(chunk.subarray(from, at));
      const line = skipping ? null : Buffer.concat(parts).toString().replace(/\r$/, "");
      parts = [];
      size = 0;
      skipping = false;
      from = at + 1;
      if (line !== null) onLine(line);
    }
    push(chunk.subarray(from));
  };
}
