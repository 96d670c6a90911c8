/** How the values of environment variables are read. Messages say what is allowed; `readEnv` puts the variable's name and value before them. */
import { z } from "zod";
import { type ChosenKey, parseApiKeys, parseChosenKey } from "../api-keys.ts";
import { parseHostRule } from "../fetch/target.ts";
import { parseUsers } from "../users.ts";

/** Items separated by commas. */
export const list = z.string().transform((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
);

/** Origins as browsers send them, separated by commas. */
export const origins = list.superRefine((items, context) => {
  for (const item of items.filter((each) => !isOrigin(each))) {
    const message = `\`${item}\` is not an origin such as https://example.org or capacitor://localhost`;
    context.addIssue({ code: "custom", message });
  }
});

/** SHA-256 of files, as `sha256sum` prints them, separated by commas. */
export const fileHashes = list.transform((items, context) => {
  const hashes = items.map((item) => item.toLowerCase().replace(/^sha256:/, ""));
  for (const hash of hashes.filter((each) => !/^[0-9a-f]{64}$/.test(each))) {
    const message = `\`${hash}\` is not a SHA-256 of 64 hex digits, as \`sha256sum\` prints it`;
    context.addIssue({ code: "custom", message });
  }
  return new Set(hashes);
});

/** Host names without a port, separated by commas. */
export const hosts = list.superRefine((items, context) => {
  for (const item of items.filter((each) => !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$|^\[[0-9a-f:.]+\]$/i.test(each))) {
    context.addIssue({ code: "custom", message: `\`${item}\` is not a host name such as smile.example.org` });
  }
});

/** Hosts, each with or without a port, separated by commas. */
export const hostRules = list.transform((items, context) => {
  const rules = items.map((item) => ({ item, rule: parseHostRule(item) }));
  for (const { item } of rules.filter(({ rule }) => rule === null)) {
    const message = `\`${item}\` is not a host such as media.lan or 10.0.0.5:9000`;
    context.addIssue({ code: "custom", message });
  }
  return rules.flatMap(({ rule }) => rule ?? []);
});

/** Schemes whose origins the URL standard defines; those of apps (`capacitor://localhost`) have scheme and host alone. */
const WEB_SCHEME = /^(https?|wss?|ftp|file|blob|data|about|javascript):/i;

/** Whether a browser may send it as `Origin`, letter for letter: scheme and host, with its port if it is not the usual one. */
function isOrigin(text: string): boolean {
  if (WEB_SCHEME.test(text)) return /^https?:/.test(text) && URL.parse(text)?.origin === text;
  return /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9._-]+(:\d{1,5})?$/.test(text);
}

export const flag = z
  .enum(["0", "1", "false", "true"], { error: "must be 1 or true, 0 or false" })
  .transform((text) => text === "1" || text === "true");

export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.string().regex(/^\d+$/, error).transform(Number).pipe(z.number().min(min, error).max(max, error));
}

export function oneOf<T extends string>(...choices: [T, ...T[]]) {
  return z.enum(choices, { error: `must be one of ${choices.join(", ")}` });
}

/** `protocols`: those that are allowed. */
export function address(example: string, protocols = /^https?$/) {
  return z.url({ protocol: protocols, error: `must be an address such as ${example}` });
}

/** An address that links start with: no query, no fragment, no user. Without a slash at its end. */
export const publicAddress = address("https://example.org or https://example.org/path").transform((text, context) => {
  const { origin, pathname, search, hash, username } = new URL(text);
  if (search !== "" || hash !== "" || username !== "") {
    context.addIssue({ code: "custom", message: "must not have a user, a query or a fragment" });
  }
  return origin + pathname.replace(/\/+$/, "");
});

export const apiKeys = z.string().transform((text, context) => {
  const { keys, faults } = parseApiKeys(text);
  if (keys.size === 0 && faults.length === 0) faults.push("contains no key");
  for (const message of faults) context.addIssue({ code: "custom", message });
  return keys;
});

export const loginUsers = z.string().transform((text, context) => {
  const { users, faults } = parseUsers(text);
  if (users.size === 0 && faults.length === 0) faults.push("contains no user");
  for (const message of faults) context.addIssue({ code: "custom", message });
  return users;
});

export const chosenKey = z.string().transform((text, context): ChosenKey => {
  const key = parseChosenKey(text);
  if (!("fault" in key)) return key;
  context.addIssue({ code: "custom", message: key.fault });
  return z.NEVER;
});

/** `on`: at `/metrics` of the server itself. An address: by a listener for nothing else; a port alone is on loopback. */
export type MetricsPlace = "on" | "off" | { host: string; port: number };

export const metricsPlace = z.string().transform((text, context): MetricsPlace => {
  const switched = flag.safeParse(text).data;
  if (switched !== undefined) return switched ? "on" : "off";
  const [, host = "localhost", digits = ""] = /^(?:(\[[0-9a-f:.]+\]|[a-z0-9.-]+):)?(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== "" && port <= 65_535) return { host, port };
  context.addIssue({
    code: "custom",
    message: "must be 1, 0, a port such as 9464, or an address such as 10.0.0.5:9464",
  });
  return z.NEVER;
});

/** `name=value,name=value`; no name twice. */
export const pairs = list.transform((items, context) => {
  const found = new Map<string, string>();
  for (const item of items) {
    const [, name = "", value = ""] = /^([^=]+)=(.+)$/.exec(item) ?? [];
    if (name === "" || found.has(name)) {
      context.addIssue({ code: "custom", message: `\`${item}\` is not one of \`name=value,name=value\`` });
      return z.NEVER;
    }
    found.set(name, value);
  }
  return found;
});

/** Keys of an installation, the newest first, separated by commas. */
export const sealKeys = list.superRefine((items, context) => {
  if (items.length > 0 && items.every((item) => item.length >= 32)) return;
  const message =
    "each key must have at least 32 characters, such as `openssl rand -base64 32` prints; the newest first, separated by commas";
  context.addIssue({ code: "custom", message });
});

/** `name=value+value,name=value`. */
export const lists = pairs.transform((names) => new Map([...names].map(([name, values]) => [name, values.split("+")])));

/** Languages by name: `name,name=en+es`; none where it has none. */
export const voiceNames = list.transform((items, context) => {
  const found = new Map<string, readonly string[]>();
  for (const item of items) {
    const [, name = "", tags] = /^([a-z0-9][a-z0-9._-]{0,63})(?:=([a-z0-9+-]+))?$/i.exec(item) ?? [];
    if (name === "" || found.has(name)) {
      context.addIssue({ code: "custom", message: `\`${item}\` is not one of \`name,name=en+es\`` });
      return z.NEVER;
    }
    found.set(name, tags?.split("+") ?? []);
  }
  return found;
});
