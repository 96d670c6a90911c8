/**
 * Hostile requests, made from the OpenAPI document: into every string, list and object that an operation takes, one after another,
 * goes each of a list of hostile values, and a few chosen by chance at once.
 */
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { multipart, type Part } from "./multipart.ts";

type Schema = {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  example?: unknown;
  enum?: unknown[];
  const?: unknown;
};
type Parameter = { name: string; in: "path" | "query" | "header"; schema: Schema };
type Operation = { parameters?: Parameter[]; requestBody?: { content: Record<string, { schema: Schema }> } };
type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, Schema> } };

/** `must`: no place takes this value, so the reply has to be an error. */
export type Hostile = { what: string; must: boolean; request: () => Request };

type Json = { what: string; text: string; must: boolean };
const LONG = "x".repeat(100_000);
const HOSTILE_JSON: Json[] = [
  { what: "a long string", text: JSON.stringify(LONG), must: true },
  { what: "a deep list", text: "[".repeat(60_000) + "]".repeat(60_000), must: true },
  { what: "a deep object", text: `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`, must: true },
  { what: "many items", text: `[${"0,".repeat(120_000)}0]`, must: true },
  { what: "rather many items", text: `[${"[],".repeat(4000)}0]`, must: true },
  { what: "many members", text: `{${Array.from({ length: 4000 }, (_, i) => `"k${i}":0`).join()}}`, must: true },
  { what: "toString", text: '{"toString":1,"valueOf":null}', must: true },
  { what: "__proto__", text: '{"__proto__":{"polluted":true}}', must: true },
  { what: "constructor", text: '{"constructor":{"prototype":{"polluted":true}}}', must: true },
  { what: "a length", text: '{"length":1e9}', must: true },
  { what: "half a surrogate pair", text: '"\\ud800"', must: false },
  { what: "a name of Object.prototype", text: '"hasOwnProperty"', must: false },
  { what: "a number out of range", text: "1e999", must: false },
  { what: "null", text: "null", must: false },
];
/** Names of members that no object is said to have. */
const HOSTILE_NAMES = [LONG, "__proto__", "constructor", "toString", ""];
const HOSTILE_TEXTS = [
  LONG,
  "[".repeat(5000),
  "__proto__",
  "constructor",
  "toString",
  "%00",
  "%E0%A4%A",
  "..%2f..%2f",
  "-1",
  "1e999",
];
const SPOT = "@@spot@@";

/** What a valid request has, by the names of parameters and of members. */
export type Valid = {
  parameter(name: string, method: string): string;
  json(path: string): object;
  schema?: Record<string, Schema>;
};

export function* attacks(document: Document, valid: Valid, seed: number): Generator<Hostile> {
  const random = randomFrom(seed);
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { parameters = [], requestBody }] of Object.entries(operations)) {
      const asked = { method: method.toUpperCase(), path, parameters, valid };
      yield* inParameters(asked);
      for (const [type, { schema }] of Object.entries(requestBody?.content ?? {})) {
        if (type === "application/json") yield* inJson(asked, spotsOf(document, valid, path, schema), random);
        else if (type === "multipart/form-data") yield* inForm(asked, schema);
        else
          yield {
            what: `${asked.method} ${path}: a body`,
            must: false,
            request: () => requestOf(asked, { body: LONG }),
          };
      }
    }
  }
}

type Asked = { method: string; path: string; parameters: Parameter[]; valid: Valid };
type Given = { parameters?: Record<string, string>; body?: Uint8Array | string; type?: string };

function requestOf({ method, path, parameters, valid }: Asked, given: Given): Request {
  const value = (name: string) => given.parameters?.[name] ?? valid.parameter(name, method);
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => value(name));
  const query = parameters.filter((one) => one.in === "query" && value(one.name) !== "");
  const headers = parameters.filter((one) => one.in === "header" && value(one.name) !== "");
  const search = query.map(({ name }) => `${name}=${value(name)}`).join("&");
  return new Request(`http://localhost${address}${search === "" ? "" : `?${search}`}`, {
    method,
    headers: {
      ...Object.fromEntries(headers.map(({ name }) => [name, value(name)])),
      ...(given.body === undefined ? {} : { "Content-Type": given.type ?? "application/octet-stream" }),
    },
    ...(given.body === undefined
      ? {}
      : { body: typeof given.body === "string" ? given.body : new Uint8Array(given.body) }),
  });
}

function* inParameters(asked: Asked): Generator<Hostile> {
  for (const { name } of asked.parameters) {
    for (const text of HOSTILE_TEXTS) {
      const what = `${asked.method} ${asked.path}: ${name} = ${text.slice(0, 20)}`;
      yield { what, must: false, request: () => requestOf(asked, { parameters: { [name]: text } }) };
    }
  }
}

function* inForm(asked: Asked, { properties = {} }: Schema): Generator<Hostile> {
  const names = Object.keys(properties);
  const form = (parts: Part[]) => () => requestOf(asked, multipart(parts));
  for (const name of [...names, ...HOSTILE_NAMES.map((hostile) => hostile.slice(0, 5000))]) {
    for (const body of HOSTILE_TEXTS) {
      const others = names.filter((other) => other !== name).map((other) => ({ name: other, body: "x" }));
      const what = `${asked.method} ${asked.path}: part ${name.slice(0, 20)} = ${body.slice(0, 20)}`;
      yield { what, must: true, request: form([...others, { name, body }]) };
    }
  }
  const many = Array.from({ length: 5000 }, () => ({ name: names[0] ?? "a", body: "x" }));
  yield { what: `${asked.method} ${asked.path}: many parts`, must: true, request: form(many) };
}

type Spot = { where: string; text: (value: string) => string };

function* inJson(asked: Asked, spots: Spot[], random: () => number): Generator<Hostile> {
  const type = "application/json";
  for (const { where, text } of spots) {
    for (const { what, text: value, must } of HOSTILE_JSON) {
      const request = () => requestOf(asked, { body: text(value), type });
      yield { what: `${asked.method} ${asked.path}: ${what} at ${where}`, must, request };
    }
  }
  for (const { what, text, must } of HOSTILE_JSON) {
    yield {
      what: `${asked.method} ${asked.path}: ${what} alone`,
      must,
      request: () => requestOf(asked, { body: text, type }),
    };
  }
  for (let i = 0; i < 50; i++) {
    const { where, text } = spots[Math.floor(random() * spots.length)]!;
    const { text: one } = HOSTILE_JSON[Math.floor(random() * HOSTILE_JSON.length)]!;
    const { text: other } = HOSTILE_JSON[Math.floor(random() * HOSTILE_JSON.length)]!;
    const cut = Math.floor(random() * one.length);
    const value = [`[${one},${other}]`, `{"a":${one},"a":${other}}`, one.slice(0, cut), one + other][i % 4]!;
    yield {
      what: `${asked.method} ${asked.path}: by chance ${i} at ${where}`,
      must: false,
      request: () => requestOf(asked, { body: text(value), type }),
    };
  }
}

/** Every place in a valid body where a value may stand, and in every object a place for a member with a hostile name. */
function spotsOf(document: Document, valid: Valid, path: string, schema: Schema): Spot[] {
  const spots: Spot[] = [];
  const base = valid.json(path);
  const add = (at: string[], name: string) => {
    const body = JSON.stringify(withMember(base, at, name));
    const text = (value: string) => body.replace(`"${SPOT}"`, () => value);
    spots.push({ where: [...at, name.slice(0, 20)].join("."), text });
  };
  const walk = (raw: Schema, at: string[], depth: number): void => {
    const one = valid.schema?.[at.join(".")] ?? resolved(document, raw);
    for (const branch of [...(one.anyOf ?? []), ...(one.oneOf ?? [])]) walk(branch, at, depth);
    if (depth > 6 || (one.type !== "object" && !one.properties)) return;
    const free = typeof one.additionalProperties === "object" ? [["image", one.additionalProperties] as const] : [];
    for (const [name, member] of [...Object.entries(one.properties ?? {}), ...free]) {
      add(at, name);
      walk(member, [...at, name], depth + 1);
    }
    for (const name of HOSTILE_NAMES) add(at, name);
  };
  walk(schema, [], 0);
  return spots;
}

function resolved({ components }: Document, schema: Schema): Schema {
  const name = schema.$ref?.split("/").at(-1);
  return name === undefined ? schema : components.schemas[name]!;
}

function withMember(base: object, at: string[], name: string): object {
  const [first, ...rest] = at;
  const copy = Object.entries(base).filter(([key]) => key !== (first ?? name));
  const inside = (base as Record<string, unknown>)[first ?? ""];
  const below = typeof inside === "object" && inside !== null && !Array.isArray(inside) ? inside : {};
  // a null prototype, so that `__proto__` is a member like others
  const made: Record<string, unknown> = Object.create(null);
  for (const [key, value] of copy) made[key] = value;
  made[first ?? name] = first === undefined ? SPOT : withMember(below, rest, name);
  return made;
}
