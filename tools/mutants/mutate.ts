/** Mutants of a source file: one small change each, of the kinds that mutation testing knows (DeMillo, Lipton, Sayward 1978). */

export type Mutant = { line: number; what: string; text: string };

/** `from` is replaced by each of `to`, in code only: not in comments, strings, imports and types. */
const RULES: { from: RegExp; to: string[] }[] = [
  { from: / === /g, to: [" !== "] },
  { from: / !== /g, to: [" === "] },
  { from: / < /g, to: [" <= ", " >= "] },
  { from: / > /g, to: [" >= ", " <= "] },
  { from: / <= /g, to: [" < "] },
  { from: / >= /g, to: [" > "] },
  { from: / && /g, to: [" || "] },
  { from: / \|\| /g, to: [" && "] },
  { from: / \?\? /g, to: [" && "] },
  { from: /(?<=[(\s])!(?=[(a-z])/g, to: [""] },
  { from: /(?<=\bif \()(?=.*\) [\w{])/g, to: ["false && ", "true || "] },
  { from: / \+ (?=\d|[A-Z_]+\b)/g, to: [" - "] },
  { from: / - (?=\d|[A-Z_]+\b)/g, to: [" + "] },
  { from: /\btrue\b/g, to: ["false"] },
  { from: /\bfalse\b/g, to: ["true"] },
  { from: /^\s+(?=await [^=]+;$)/g, to: ["// "] },
];
const NOT_CODE = /^\s*(\*|\/\/|\/\*|import |export type |type |\||\{ by:)/;

/** All mutants of a file, in the order of its lines. */
export function mutantsOf(source: string): Mutant[] {
  const lines = source.split("\n");
  return lines.flatMap((line, n) => {
    if (NOT_CODE.test(line)) return [];
    return RULES.flatMap(({ from, to }) =>
      [...line.matchAll(from)].flatMap((match) => {
        if (!isCode(line, match.index)) return [];
        return to.map((text) => {
          const changed = line.slice(0, match.index) + text + line.slice(match.index + match[0].length);
          return { line: n + 1, what: changed.trim(), text: lines.with(n, changed).join("\n") };
        });
      }),
    );
  });
}

/** Outside of strings, templates and a comment at the end of the line. */
function isCode(line: string, at: number): boolean {
  const before = line.slice(0, at);
  if (/\/\/|\/\*/.test(before)) return false;
  return ['"', "`"].every((quote) => (before.split(quote).length - 1) % 2 === 0);
}
