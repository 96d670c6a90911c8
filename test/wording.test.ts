/** What users read is written for them: no words of a validation library, and none of the idioms that natives stumble over. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const files = (pattern: string) =>
  globSync(pattern, { cwd: ROOT, exclude: (path) => path.includes("node_modules") }).map((file) =>
    file.replaceAll("\\", "/"),
  );

/** How zod says what is wrong, where a schema has no message and `core/errors/fields.ts` is not asked. */
const ZOD =
  /Too (big|small): expected|Invalid (input|option|string|union|key)\b|expected (number|string|record|array|object) (to|received)|Unrecognized key/;
const IDIOMS =
  /\b[Ww]hoever\b|\b(?<![Tt]here )(is|are|was|were) no (?!more\b|less\b|longer\b|later\b)[a-z]+|\bin vain\b|\bone word too many\b|\bis none\b|\bso (many|long) as\b|\bof one's own\b|\bthis once\b/;

/** String literals and templates of a source, without comments. Good enough for ours: no `//` inside of a literal but in addresses. */
function literalsOf(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "");
  return [...code.matchAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g)].map(([literal]) => literal);
}

const faultsIn = (parts: string[]) => parts.filter((part) => ZOD.test(part) || IDIOMS.test(part));

test("strings of the sources", () => {
  const sources = files("{packages/*/src,functions,infra,scripts}/**/*.ts").filter(
    (file) => !file.endsWith(".test.ts"),
  );
  const found = sources.flatMap((file) =>
    faultsIn(literalsOf(readFileSync(join(ROOT, file), "utf8"))).map((literal) => `${file}: ${literal}`),
  );
  expect(found).toEqual([]);
});

test("sentences of the documentation", () => {
  const pages = [...files("*.md"), ...files("{docs,gpu-container,presets}/*.md")];
  const found = pages
    .filter((page) => page !== "CHANGELOG.md")
    .flatMap((page) => faultsIn(readFileSync(join(ROOT, page), "utf8").split("\n")).map((line) => `${page}: ${line}`));
  expect(found).toEqual([]);
});
