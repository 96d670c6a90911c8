/** A line, or word that one was longer than the limit and was thrown away. */
export type Line = { text: string } | { tooLong: true };

/**
 * Cuts a stream of bytes into lines without their ends. A line beyond `maxBytes` is skipped to its end and reported once, so
 * that no sender can fill the memory. What follows the last line end is not a line.
 */
export async function* readLines(stream: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let bytes = 0;
  let skipping = false;
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const rest = chunk.subarray(from, end);
      from = end + 1;
      if (skipping || bytes + rest.length > maxBytes) yield { tooLong: true };
      else
        yield {
          text: Buffer.concat([...parts, rest])
            .toString("utf8")
            .replace(/\r$/, ""),
        };
      parts = [];
      bytes = 0;
      skipping = false;
    }
    if (skipping) continue;
    parts.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > maxBytes) {
      parts = [];
      skipping = true;
    }
  }
}
