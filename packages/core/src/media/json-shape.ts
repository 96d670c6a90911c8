/** How large JSON would become, seen from its text alone: a parser makes a hundred bytes and more of two. */

type JsonShape = { depth: number; values: number };

/** The deepest nesting, and how many values there are at most. Of what is no JSON, some such numbers. */
export function jsonShape(text: string): JsonShape {
  let [depth, deepest, values] = [0, 0, 1];
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '"':
        i = endOfString(text, i + 1);
        break;
      case ",":
        values++;
        break;
      case "[":
      case "{":
        values++;
        depth++;
        if (depth > deepest) deepest = depth;
        break;
      case "]":
      case "}":
        depth--;
    }
  }
  return { depth: deepest, values };
}

/** Place of the quote that closes the string, or of the end. */
function endOfString(text: string, from: number): number {
  for (let at = from; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let slashes = 0;
    while (at - slashes - 1 >= from && text[at - slashes - 1] === "\\") slashes++;
    if (slashes % 2 === 0) return at;
  }
}
