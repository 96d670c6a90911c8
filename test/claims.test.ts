/** Nothing that is published here claims what nobody can keep: documents, pages in all languages, replies and their description. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HELP, OVERVIEW } from "../packages/cli/src/help.ts";
import { testApi } from "./support/api.ts";
import { CLAIMS, claimsIn } from "./support/claims.ts";

const ROOT = join(import.meta.dirname, "..");
/** Quotes what it does not promise, below this heading. */
const NOT_PROMISED = /\n## What is not promised[\s\S]*$/;

const files = (...patterns: string[]) =>
  patterns
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT, exclude: (path) => path.includes("node_modules") }))
    .map((file) => file.replaceAll("\\", "/"));

/** By line, so that a failure names its place. */
function claimsOf(name: string, text: string) {
  return text
    .split("\n")
    .flatMap((line, at) => claimsIn(line).map((found) => ({ place: `${name}:${at + 1}`, ...found })));
}

test.each(CLAIMS)("the test finds $name", ({ pattern, examples }) => {
  for (const example of examples) expect([example, pattern.test(example)]).toEqual([example, true]);
});

test("documents", () => {
  const pages = files("*.md", "{docs,docs/*,gpu-container,presets,clients/*,packages/*}/*.md");
  expect(pages.length).toBeGreaterThan(20);
  const found = pages.flatMap((page) => {
    return claimsOf(page, readFileSync(join(ROOT, page), "utf8").replace(NOT_PROMISED, ""));
  });
  expect(found).toEqual([]);
});

test("pages, in all languages", () => {
  const sources = files(
    "packages/web/src/**/*.{ts,tsx}",
    "packages/web/{app,.}/*.html",
    "packages/api/src/{home,takedown}/*.ts",
    "packages/core/src/consent-texts.ts",
  ).filter((file) => !file.endsWith(".test.ts"));
  expect(sources.filter((file) => /texts\/(en|de|hi|ar)\.ts$/.test(file)).length).toBeGreaterThanOrEqual(4);
  expect(sources.flatMap((file) => claimsOf(file, readFileSync(join(ROOT, file), "utf8")))).toEqual([]);
});

test("the description of the API, and the help of the command line", () => {
  const document = JSON.stringify(testApi().app.document(), null, 1);
  expect(document.length).toBeGreaterThan(100_000);
  expect(claimsOf("openapi.json", document)).toEqual([]);
  expect(claimsOf("--help", [OVERVIEW, ...Object.values(HELP)].join("\n"))).toEqual([]);
});

test("presets and what the sources say to people", () => {
  const sources = files("presets/*.json", "packages/{api,core,cli,sdk,worker,engine}/src/**/*.ts").filter(
    (file) => !file.endsWith(".test.ts"),
  );
  expect(sources.flatMap((file) => claimsOf(file, readFileSync(join(ROOT, file), "utf8")))).toEqual([]);
});
