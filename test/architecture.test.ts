/** The rules that keep the packages apart, read from the imports of every source file (docs/architecture.md). */
import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const LONGEST_FILE = 350;
/** What is deployed or started. */
const ENTRY_POINTS = ["api.ts", "local.ts", "start.mjs", "sweep.ts", "worker-lambda.ts", "worker.ts"];
const LONGEST_ENTRY_POINT = 30;
/** A file and why it may be longer. */
const MAY_BE_LONGER: Record<string, string> = {};

/** What each part may import of the others. */
const MAY_IMPORT: Record<string, string[]> = {
  core: [],
  engine: ["core"],
  api: ["core"],
  worker: ["core"],
  functions: ["core", "engine", "api", "worker"],
  cli: ["core", "engine", "api", "worker", "functions"],
};
const ADAPTER = /^packages\/core\/src\/(records|files|queue|launcher)\//;
/** Starts the Node that the rest runs on; every entry needs it before anything else. */
const LAUNCHER = "packages/cli/bin/with-node.mjs";
const AWS_ADAPTERS = [
  "packages/core/src/records/s3.ts",
  "packages/core/src/files/s3.ts",
  "packages/core/src/queue/sqs.ts",
  "packages/core/src/launcher/batch.ts",
];

type Source = { path: string; text: string; isTest: boolean; part: string; imports: string[] };

const sources = globSync(
  ["packages/*/{src,bin}/**/*.{ts,mjs}", "functions/**/*.{ts,mjs}", "{test,tools}/**/*.{ts,mjs}"],
  {
    cwd: root,
    exclude: (path) => path.includes("node_modules") || path.endsWith("architecture.test.ts"),
  },
).map((file): Source => {
  const path = file.replaceAll("\\", "/");
  const text = readFileSync(join(root, path), "utf8");
  const [top = "", second = ""] = path.split("/");
  const isTest = top === "test" || top === "tools" || path.endsWith(".test.ts");
  return { path, text, isTest, part: top === "packages" ? second : top, imports: importsOf(text) };
});
const shipped = sources.filter((source) => !source.isTest);

/** Static imports and exports, dynamic imports, and types taken with import(). */
function importsOf(text: string): string[] {
  const statement =
    /^\s*(?:import|export)\s(?:[^"';]*?\sfrom\s+)?"([^"]+)"|^\}\s*from\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return [...text.matchAll(statement)].map((match) => match[1] ?? match[2] ?? match[3]!);
}

/** The file of this repository that an import means, from its root; null for packages of others. */
function fileOf(source: Source, name: string): string | null {
  if (name.startsWith(".")) return posix.join(posix.dirname(source.path), name);
  const [, part, path] = /^@smileloop\/([a-z]+)\/(.+)$/.exec(name) ?? [];
  return part ? `packages/${part}/src/${path}` : null;
}

function partOf(file: string): string {
  const [top = "", second = ""] = file.split("/");
  return top === "packages" ? second : top;
}

/** `file: import` of every import that breaks a rule, so that a failure names them. */
function faults(among: Source[], broken: (source: Source, name: string) => boolean): string[] {
  return among.flatMap((source) =>
    source.imports.filter((name) => broken(source, name)).map((name) => `${source.path}: ${name}`),
  );
}

const withoutComments = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, "");
const paths = (among: Source[]) => among.map((source) => source.path);

test("every file is found, with its imports", () => {
  expect(new Set(shipped.map((source) => source.part))).toEqual(new Set(Object.keys(MAY_IMPORT)));
  expect(importsOf('import { a } from "b";\nimport {\n  c,\n} from "d";\nexport * from "e";\nimport "f";')).toEqual([
    "b",
    "d",
    "e",
    "f",
  ]);
  expect(importsOf('const x = await import("g");\ntype Y = import("h").Y;')).toEqual(["g", "h"]);
});

test("imports run one way: core ← engine, api, worker ← functions, cli", () => {
  const wrong = faults(shipped, (source, name) => {
    const file = fileOf(source, name);
    if (file === null || file === LAUNCHER) return false;
    const part = partOf(file);
    return part in MAY_IMPORT && part !== source.part && !MAY_IMPORT[source.part]!.includes(part);
  });
  expect(wrong).toEqual([]);
});

test("another package is imported by its name, not by a path into it", () => {
  const wrong = faults(sources, (source, name) => {
    const file = fileOf(source, name);
    if (!name.startsWith(".") || file === LAUNCHER || source.isTest) return false;
    return !!file?.startsWith("packages/") && partOf(file) !== source.part;
  });
  expect(wrong).toEqual([]);
});

test("only functions and cli choose adapters", () => {
  const wrong = faults(shipped, (source, name) => {
    const file = fileOf(source, name);
    return file !== null && ADAPTER.test(file) && !["core", "functions", "cli"].includes(source.part);
  });
  expect(wrong).toEqual([]);
});

test("in core, adapters are imported by adapters only", () => {
  const wrong = faults(shipped, (source, name) => {
    const file = fileOf(source, name);
    return source.part === "core" && file !== null && ADAPTER.test(file) && !ADAPTER.test(source.path);
  });
  expect(wrong).toEqual([]);
});

test("only core/env.ts reads the environment", () => {
  const readers = shipped.filter((source) => /\bprocess\s*\.\s*env\b/.test(withoutComments(source.text)));
  expect(paths(readers)).toEqual(["packages/core/src/env.ts"]);
});

test("whatever a package imports is a dependency of it", () => {
  const listed = (folder: string, ...lists: string[]): string[] => {
    const json = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    return lists.flatMap((list) => Object.keys(json[list] ?? {}));
  };
  const everywhere = listed("", "dependencies", "devDependencies");
  const every = Object.keys(MAY_IMPORT)
    .filter((part) => part !== "functions")
    .flatMap((part) => listed(`packages/${part}`, "dependencies"));
  const wrong = faults(sources, (source, name) => {
    if (name.startsWith(".") || name.startsWith("node:") || builtinModules.includes(name)) return false;
    const wanted = name.split("/", name.startsWith("@") ? 2 : 1).join("/");
    // Functions have no package of their own: they are the entries of the whole.
    if (["functions", "test", "tools"].includes(source.part)) return ![...everywhere, ...every].includes(wanted);
    const allowed = listed(`packages/${source.part}`, "dependencies");
    return !allowed.includes(wanted) && !(source.isTest && [...everywhere, ...every].includes(wanted));
  });
  expect(wrong).toEqual([]);
});

test("modules of Node are imported as node:", () => {
  expect(faults(sources, (_, name) => builtinModules.includes(name) && !name.startsWith("node:"))).toEqual([]);
});

test("the AWS SDK is in its four adapters only", () => {
  const wrong = faults(
    sources,
    (source, name) => /^@(aws-sdk|smithy)\//.test(name) && !AWS_ADAPTERS.includes(source.path),
  );
  expect(wrong).toEqual([]);
});

test("exports have names, and no type is any", () => {
  // Declarations of others' packages say what those export.
  const code = sources.filter((source) => !source.path.endsWith(".d.ts"));
  expect(paths(code.filter((source) => /^export default\b/m.test(source.text)))).toEqual([]);
  const any = /(?::|\bas|<|\||&|,)\s*any\s*(?:[;,)>=|&[\]{}]|$)/m;
  expect(
    paths(code.filter((source) => any.test(withoutComments(source.text).replaceAll(/"[^"\n]*"|`[^`]*`/g, '""')))),
  ).toEqual([]);
});

test("beside its folders, functions/ has entry points only, of at most 30 lines of code", () => {
  const top = shipped.filter(({ path }) => /^functions\/[^/]+$/.test(path));
  expect(paths(top).sort()).toEqual(ENTRY_POINTS.map((name) => `functions/${name}`));
  const codeOf = ({ text }: Source) =>
    withoutComments(text)
      .split("\n")
      .filter((line) => line.trim() !== "");
  expect(paths(top.filter((source) => codeOf(source).length > LONGEST_ENTRY_POINT))).toEqual([]);
});

test("no file imports one that imports it, types included", () => {
  const filesOf = (source: Source) => source.imports.map((name) => fileOf(source, name));
  const graph = new Map(shipped.map((source) => [source.path, filesOf(source)]));
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, above: string[]): void => {
    if (above.includes(path)) circles.push([...above.slice(above.indexOf(path)), path].join(" → "));
    else if (!done.has(path)) for (const next of graph.get(path) ?? []) if (next) visit(next, [...above, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  expect(circles).toEqual([]);
});

test("a file is at most 350 lines long", () => {
  const long = shipped.filter(
    (source) => source.text.split("\n").length > LONGEST_FILE && !(source.path in MAY_BE_LONGER),
  );
  expect(paths(long)).toEqual([]);
});
