/** Lines out of a stream of bytes, without ever holding more than one line of `maxBytes`; longer ones are thrown away. */
export function lineSplitter(maxBytes: number, onLine: (line: string) => void, onOverlong: () => void) {
  let parts: Buffer[] = [];
  let size = 0;
  let skipping = false;
  const push = (part: Buffer) => {
    if (skipping) return;
    size += part.length;
    if (size > maxBytes) {
      skipping = true;
      parts = [];
      onOverlong();
    } else if (part.length > 0) parts.push(part);
  };
  return (chunk: Buffer): void => {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      push(chunk.subarray(from, at));
      if (!skipping && size > 0) onLine(Buffer.concat(parts).toString());
      parts = [];
      size = 0;
      skipping = false;
      from = at + 1;
    }
    push(chunk.subarray(from));
  };
}
