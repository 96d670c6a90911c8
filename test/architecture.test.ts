/** The rules that keep the packages apart, read from the imports of every source file (docs/architecture.md). */
import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix, resolve } from "node:path";
import { DIALECTS } from "@smileloop/api/dialects/index.ts";
import { KINDS } from "@smileloop/core/kinds/index.ts";
import { expect, test } from "vitest";
import { ENGINES } from "../functions/engines/index.ts";

const root = resolve(import.meta.dirname, "..");
const LONGEST_FILE = 250;
/** What is deployed or started. */
const ENTRY_POINTS = ["api.ts", "local.ts", "start.mjs", "sweep.ts", "webhooks.ts", "worker-lambda.ts", "worker.ts"];
const LONGEST_ENTRY_POINT = 30;
/** A file and why it may be longer. */
const MAY_BE_LONGER: Record<string, string> = {
  "packages/core/src/files/s3.ts": "all that calls the SDK for files, which only adapters may import",
};

/** What each part may import of the others. */
const MAY_IMPORT: Record<string, string[]> = {
  core: [],
  speech: ["core"],
  voice: ["core"],
  // a program of its own, under another licence: it takes nothing of ours, and nothing of ours loads it
  "voice-espeak": [],
  engine: ["core", "speech", "voice"],
  api: ["core"],
  worker: ["core"],
  functions: ["core", "speech", "voice", "engine", "api", "worker"],
  cli: ["core", "speech", "voice", "engine", "api", "worker", "functions", "sdk"],
  sdk: ["core"],
  web: ["sdk"],
};
/** Parts that there may be later. */
const OPTIONAL = ["sdk", "web"];
/** The types that clients see; all that an SDK may know of core. */
const WIRE = /^packages\/core\/src\/wire\//;
/** What those may be made of. */
const WIRE_MAY_IMPORT = [
  "packages/core/src/errors.ts",
  "packages/core/src/job/charge.ts",
  "packages/core/src/job/record.ts",
  "packages/core/src/job/webhook.ts",
];
/** A dialect's folder. */
const DIALECT = /^packages\/api\/src\/dialects\/[^/]+\//;
const DIALECT_LIST = "packages/api/src/dialects/index.ts";
const ADAPTER = /^packages\/core\/src\/(records|files|queue|launcher|inspector)\//;
/** The product, and the dialect that is called after it: its name says nothing of what the code knows. */
const PRODUCT = "smileloop";
/** Files and folders that may name a kind, an engine or a dialect, and why; all others take them from the lists. */
const MAY_NAME: Record<string, string> = {
  "packages/core/src/kinds/": "each kind, and their list",
  "packages/core/src/engine/tasks/": "what engines are asked for each kind, and the list",
  "packages/core/src/env.ts": "variables of one dialect each",
  "packages/core/src/env/": "variables of one engine each",
  "packages/worker/src/kinds/": "the handler of each kind, and their list",
  "packages/engine/src/host.ts": "the built-in engine says its name",
  "packages/engine/src/tasks.ts": "the list of what the built-in engine does",
  "packages/engine/src/check/check.ts": "the check of one kind",
  "packages/engine/src/speak/": "the work and the check of one kind",
  "packages/voice-espeak/": "the name of another program",
  "packages/engine/src/media/copied-film.ts": "where to go with what cannot be copied",
  "packages/sdk/src/client.ts": "a call for each product",
  "packages/sdk/src/params.ts": "the params of each call",
  "packages/voice/src/espeak/": "the name of another program",
  "packages/engine/src/check/convert.ts": "the check of one kind",
  "packages/engine/src/convert/": "the work of one kind",
  "packages/engine/src/media/resample.ts": "what FFmpeg calls resampling",
  "packages/engine/src/check/talk": "the check of one kind",
  "packages/engine/src/check/lipsync": "the check of one kind",
  "packages/engine/src/check/process-": "the checks of two kinds",
  "packages/engine/src/check/insert.ts": "the check of one kind",
  "packages/engine/src/check/previews.ts": "the check of one kind",
  "packages/engine/src/check/survey.ts": "the check of one kind",
  "packages/engine/src/insert/": "the work of two kinds",
  "packages/core/src/speech/survey.ts": "what one kind makes and another takes",
  "packages/engine/src/faces/process-": "the work of two kinds",
  "packages/engine/src/facefusion/": "an engine around another program",
  "packages/engine/src/faces/edit/": "faces drawn as the built-in engine draws those of photos",
  "packages/engine/src/faces/enhance/": "the outline of a face as the built-in engine has it",
  "packages/engine/src/faces/swap/": "faces that are bent and sampled as the built-in engine does it",
  "packages/engine/src/lip/lipsync.ts": "the work of one kind",
  "packages/engine/src/lip/draw.ts": "the work of one kind",
  "packages/engine/src/lip/drawn.ts": "mouths as the built-in engine draws them on photos",
  "packages/engine/src/services/inspect.ts": "glasses as the built-in engine finds them",
  "packages/api/src/dialects/": "each dialect, and their list",
  "packages/api/src/assets.ts": "where the presets' pictures lie",
  "packages/api/src/package-assets.ts": "where the presets' pictures lie",
  "packages/cli/src/": "commands for one kind each",
  "packages/web/src/": "a page that makes jobs of some kinds",
  "functions/engines/": "each engine, and their list",
  "infra/policy/engines.ts": "the engines of a stack",
  "infra/policy/settings.ts": "settings of one engine each",
  "scripts/costs.ts": "what a clip costs by engine",
  "scripts/prices.ts": "what a clip costs by engine",
  "scripts/engine-bundle.ts": "where the built-in engine's parts lie",
  "scripts/engine-schema.ts": "the JSON Schema of the engine that is written in Python",
  "scripts/smoke/checks.ts": "a client that makes one job",
};
/** Starts the Node that the rest runs on; every entry needs it before anything else. */
const LAUNCHER = "packages/cli/bin/with-node.mjs";
const AWS_ADAPTERS = [
  "packages/core/src/records/s3.ts",
  "packages/core/src/files/s3.ts",
  "packages/core/src/files/s3-parts.ts",
  "packages/core/src/queue/sqs.ts",
  "packages/core/src/launcher/batch.ts",
  "packages/core/src/inspector/lambda.ts",
  "packages/core/src/signing-keys/kms.ts",
];

type Source = { path: string; text: string; isTest: boolean; part: string; imports: string[] };
type Rule = (source: Source, name: string) => boolean;

const sources = filesOf(
  "packages/*/{src,bin}/**/*.{ts,tsx,mjs}",
  "functions/**/*.{ts,mjs}",
  "{test,tools}/**/*.{ts,mjs}",
);
const shipped = sources.filter((source) => !source.isTest);
const deployment = filesOf("{infra,scripts}/**/*.ts").filter((source) => !source.isTest);
const parts = Object.keys(MAY_IMPORT).filter(
  (part) => !OPTIONAL.includes(part) || shipped.some((source) => source.part === part),
);

function filesOf(...patterns: string[]): Source[] {
  const isOut = (path: string) => path.includes("node_modules") || path.endsWith("architecture.test.ts");
  return globSync(patterns, { cwd: root, exclude: isOut }).map((file) => {
    const path = file.replaceAll("\\", "/");
    return sourceOf(path, readFileSync(join(root, path), "utf8"));
  });
}

function sourceOf(path: string, text: string): Source {
  const [top = ""] = path.split("/");
  const isTest = top === "test" || top === "tools" || path.endsWith(".test.ts");
  return { path, text, isTest, part: partOf(path), imports: importsOf(text) };
}

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
function faults(among: Source[], broken: Rule): string[] {
  return among.flatMap((source) =>
    source.imports.filter((name) => broken(source, name)).map((name) => `${source.path}: ${name}`),
  );
}

const runsTheWrongWay: Rule = (source, name) => {
  const file = fileOf(source, name);
  if (file === null || file === LAUNCHER) return false;
  const part = partOf(file);
  return part in MAY_IMPORT && part !== source.part && !MAY_IMPORT[source.part]!.includes(part);
};

/** A client takes of core what it can see of the service, as types, which leave nothing in its bundle. */
const isMoreThanWireTypes: Rule = (source, name) => {
  const file = fileOf(source, name);
  if (source.part !== "sdk" || file === null || partOf(file) !== "core") return false;
  const types = [...source.text.matchAll(/^\s*(?:import|export) type [^"';]*?\sfrom\s+"([^"]+)"/gm)];
  const isType =
    source.imports.filter((other) => other === name).length === types.filter(([, from]) => from === name).length;
  return !WIRE.test(file) || !isType;
};

const reachesBehindTheWire: Rule = (source, name) => {
  if (!WIRE.test(source.path) || name === "zod") return false;
  const file = fileOf(source, name);
  return file === null || !(WIRE.test(file) || WIRE_MAY_IMPORT.includes(file));
};

/** Tests elsewhere speak HTTP to a dialect. */
const knowsADialect: Rule = (source, name) => {
  const folder = DIALECT.exec(fileOf(source, name) ?? "")?.[0];
  return folder !== undefined && !source.path.startsWith(folder) && source.path !== DIALECT_LIST;
};

const withoutComments = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, "");
const paths = (among: Source[]) => among.map((source) => source.path);

test("every file is found, with its imports", () => {
  expect(new Set(shipped.map((source) => source.part))).toEqual(new Set(parts));
  expect(importsOf('import { a } from "b";\nimport {\n  c,\n} from "d";\nexport * from "e";\nimport "f";')).toEqual([
    "b",
    "d",
    "e",
    "f",
  ]);
  expect(importsOf('const x = await import("g");\ntype Y = import("h").Y;')).toEqual(["g", "h"]);
});

test("imports run one way: core ← engine, api, worker ← functions, cli; core/wire ← sdk ← web, cli", () => {
  expect(faults(shipped, runsTheWrongWay)).toEqual([]);
  expect(faults(shipped, isMoreThanWireTypes)).toEqual([]);
  expect(faults(shipped, reachesBehindTheWire)).toEqual([]);
});

test("a dialect is known to the list of dialects only", () => {
  expect(faults(sources, knowsADialect)).toEqual([]);
});

type Case = [string, Rule, string, string];
const FAULTY: Case[] = [
  ["web takes core", runsTheWrongWay, "packages/web/src/a.ts", 'import type { A } from "@smileloop/core/wire/job.ts";'],
  ["api takes the sdk", runsTheWrongWay, "packages/api/src/a.ts", 'import { a } from "@smileloop/sdk/client.ts";'],
  [
    "sdk takes a value",
    isMoreThanWireTypes,
    "packages/sdk/src/a.ts",
    'import { a } from "@smileloop/core/wire/job.ts";',
  ],
  [
    "sdk takes core",
    isMoreThanWireTypes,
    "packages/sdk/src/a.ts",
    'import type { A } from "@smileloop/core/clock.ts";',
  ],
  ["wire takes core", reachesBehindTheWire, "packages/core/src/wire/a.ts", 'import { a } from "../jobs/jobs.ts";'],
  ["wire takes a package", reachesBehindTheWire, "packages/core/src/wire/a.ts", 'import { a } from "pino";'],
  ["app takes a dialect", knowsADialect, "packages/api/src/app.ts", 'import { a } from "./dialects/smileloop/a.ts";'],
  ["a dialect takes another", knowsADialect, "packages/api/src/dialects/x/a.ts", 'import { a } from "../y/a.ts";'],
];
const FINE: Case[] = [
  ["web takes the sdk", runsTheWrongWay, "packages/web/src/a.ts", 'import { a } from "@smileloop/sdk/client.ts";'],
  [
    "sdk takes types",
    isMoreThanWireTypes,
    "packages/sdk/src/a.ts",
    'import type {\n  A,\n} from "@smileloop/core/wire/job.ts";',
  ],
  [
    "sdk passes types on",
    isMoreThanWireTypes,
    "packages/sdk/src/a.ts",
    'export type { A } from "@smileloop/core/wire/job.ts";',
  ],
  ["wire takes errors", reachesBehindTheWire, "packages/core/src/wire/a.ts", 'import { a } from "../errors.ts";'],
  ["the list takes a dialect", knowsADialect, DIALECT_LIST, 'import { a } from "./smileloop/dialect.ts";'],
  ["a dialect takes its files", knowsADialect, "packages/api/src/dialects/x/a.test.ts", 'import { a } from "./b.ts";'],
];

test.each(FAULTY)("the guard sees that %s", (_, rule, path, text) => {
  expect(faults([sourceOf(path, text)], rule)).toHaveLength(1);
});

test.each(FINE)("the guard lets through that %s", (_, rule, path, text) => {
  expect(faults([sourceOf(path, text)], rule)).toEqual([]);
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
  const every = parts
    .filter((part) => part !== "functions")
    .flatMap((part) => listed(`packages/${part}`, "dependencies"));
  const wrong = faults(sources, (source, name) => {
    if (name.startsWith(".") || name.startsWith("node:") || builtinModules.includes(name)) return false;
    const wanted = name.split("/", name.startsWith("@") ? 2 : 1).join("/");
    // Functions have no package of their own: they are the entries of the whole.
    if (["functions", "test", "tools"].includes(source.part)) {
      return ![...everywhere, ...every, ...parts.map((part) => `@smileloop/${part}`)].includes(wanted);
    }
    const allowed = listed(`packages/${source.part}`, "dependencies", "optionalDependencies");
    return !allowed.includes(wanted) && !(source.isTest && [...everywhere, ...every].includes(wanted));
  });
  expect(wrong).toEqual([]);
});

test("modules of Node are imported as node:", () => {
  expect(faults(sources, (_, name) => builtinModules.includes(name) && !name.startsWith("node:"))).toEqual([]);
});

test("the AWS SDK is in its adapters only", () => {
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

/** The words of all names and strings, each after a space: `findWarp("a-b")` is ` find warp a b `. */
function wordsOf(text: string): string {
  const words = withoutComments(text).match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g) ?? [];
  return ` ${words.join(" ").toLowerCase()} `;
}

function namesIn({ text }: Source, names: string[]): string[] {
  const words = wordsOf(text);
  return names.filter((name) => words.includes(wordsOf(name)));
}

test("words are found in names and strings, not in comments", () => {
  const words = wordsOf('const warpQueue = "echo-all"; // animate\n/* LIVEPORTRAIT */ process(WARP_SIZE);');
  expect(words).toBe(" const warp queue echo all process warp size ");
});

test("kinds, engines and dialects are named in their own places only; the rest goes by the lists", () => {
  const names = [...KINDS, ...ENGINES, ...DIALECTS].map(({ name }) => name).filter((name) => name !== PRODUCT);
  const naming = [...shipped, ...deployment].filter((source) => namesIn(source, names).length > 0);
  // an engine in a folder of this name is in its place
  const places = [...Object.keys(MAY_NAME), ...ENGINES.map(({ name }) => `packages/engine/src/${name}/`)];
  const placeOf = ({ path }: Source) => places.find((place) => path.startsWith(place));
  const wrong = naming.filter((source) => placeOf(source) === undefined);
  expect(wrong.map((source) => `${source.path}: ${namesIn(source, names).join(", ")}`)).toEqual([]);
  const used = new Set(naming.map(placeOf));
  expect(Object.keys(MAY_NAME).filter((place) => !used.has(place))).toEqual([]);
});

test("a file is at most 250 lines long", () => {
  const isLong = ({ text }: Source) => text.trimEnd().split("\n").length > LONGEST_FILE;
  const long = [...shipped, ...deployment].filter(isLong).map(({ path }) => path);
  expect(long.sort()).toEqual(Object.keys(MAY_BE_LONGER).sort());
});
