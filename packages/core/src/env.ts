/** The one reader of the environment. Everything else takes arguments. */
import type { Access } from "./api-keys.ts";
import { isRead, withAliases } from "./env/aliases.ts";
import { type Lookalike, lookalikesOf } from "./env/names.ts";
import { type Env, envSchema } from "./env/schema.ts";

export { type Env, envSchema };

/** Characters of a value that an error repeats at most. */
const MAX_SHOWN = 100;
/** Variables whose values may be secrets. */
const SECRETS = [
  "API_KEY",
  "API_KEYS",
  "OPERATOR_KEY",
  "USERS",
  "SEAL_KEY",
  "WEBHOOK_SECRET",
  "STRIPE_KEY",
  "STRIPE_WEBHOOK_SECRET",
  "SIGNING_KEY",
  "MARK_KEY",
  "VOICE_KEY",
  "ELEVENLABS_API_KEY",
  "SYNC_API_KEY",
];

/** The environment is invalid; `message` names each variable that is wrong, its value, and what is allowed. */
export class EnvError extends Error {}

/** Throws EnvError. Empty variables count as unset. */
export function readEnv(variables: Record<string, string | undefined> = process.env): Env {
  const named = Object.entries(variables).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const { set, given, faults } = withAliases(Object.fromEntries(named));
  const parsed = envSchema.safeParse(set);
  if (parsed.success && faults.length === 0) return parsed.data;
  for (const { path, message } of parsed.error?.issues ?? []) {
    const [name, entry] = path.map(String);
    const where = entry === undefined ? "" : `\`${entry}\` `;
    faults.push(`${shown(given.get(name!) ?? name!, set)}: ${where}${message}`);
  }
  throw new EnvError(`The environment is invalid. ${faults.join("; ")}`);
}

/** The variables of voices alone, and defaults for the rest: for programs that speak and serve nobody. Throws EnvError. */
export function readVoiceEnv(variables: Record<string, string | undefined> = process.env): Env {
  const named = Object.entries(variables).filter(([name]) => /^(VOICE_|ELEVENLABS_|LD_LIBRARY_PATH$)/.test(name));
  return readEnv(Object.fromEntries(named));
}

const OF_COMMANDS =
  /^(VOICE_|ELEVENLABS_|LD_LIBRARY_PATH$|ENGINES$|LIVEPORTRAIT_|FACEFUSION_(ROOT|PYTHON)$|SIGNING_|MARK_KEY$|DATA_DIR$)/;

/** What commands take from the environment: the voices, which engines there are, and what results are signed with. Throws EnvError. */
export function readCommandEnv(variables: Record<string, string | undefined> = process.env): Env {
  return readEnv(Object.fromEntries(Object.entries(variables).filter(([name]) => OF_COMMANDS.test(name))));
}

/** Dialects that are named as those for whose clients the operator answers that the people shown agree. */
export function attestedDialects({ ATTEST = [], FACEFUSION_ATTEST }: Env): string[] {
  return [...ATTEST, ...(FACEFUSION_ATTEST === undefined ? [] : ["facefusion"])];
}

/** What dialects are told of the installation. */
export function dialectSettings({ FACEFUSION_MAX_MB: megabytes, VIDX_ALLOW: allowedPrograms }: Env) {
  return { maxFormFileBytes: megabytes * 1_000_000, allowedPrograms };
}

/** PRESETS_DIR alone, for commands to which no other variable matters. */
export function presetsDirOf(
  { PRESETS_DIR: dir } = process.env as Record<string, string | undefined>,
): string | undefined {
  return dir === "" ? undefined : dir;
}

/** Variables that are set and that nobody reads, but whose names are nearly those of ours. */
export function lookalikes(variables: Record<string, string | undefined> = process.env): Lookalike[] {
  const set = Object.keys(variables).filter((name) => variables[name] !== undefined && variables[name] !== "");
  const known = Object.keys(envSchema.shape).filter((name) => name !== "S3_BUCKET" || isRead(name, variables));
  return lookalikesOf(set, known);
}

/** `name=value`; without the value where it may be a secret. */
function shown(name: string, set: Record<string, string | undefined>): string {
  // a password in an address
  const value = (set[name] ?? "").replace(/(\/\/[^/@:]*:)[^/@]*@/, "$1…@");
  return SECRETS.includes(name) ? name : `${name}=${value.slice(0, MAX_SHOWN)}`;
}

/**
 * Operators by the SHA-256 of their keys. Throws EnvError where a key is that of a client as well: its holder would see what all
 * clients do.
 */
export function operatorsOf({ OPERATOR_KEY, API_KEYS }: Pick<Env, "OPERATOR_KEY" | "API_KEYS">): Env["OPERATOR_KEY"] {
  const both = [...OPERATOR_KEY].find(([sha256]) => API_KEYS.has(sha256));
  if (!both) return OPERATOR_KEY;
  throw new EnvError(`OPERATOR_KEY: the key of ${both[1]} is in API_KEYS, too; make one for the operator alone`);
}

/** What is needed to sell results; null where there is no price. Throws EnvError where a part is missing. */
export function saleOf({ PRICE: quote, STRIPE_KEY: key, STRIPE_WEBHOOK_SECRET: secrets, ...env }: Env) {
  const parts = { PRICE: quote, STRIPE_KEY: key, STRIPE_WEBHOOK_SECRET: secrets };
  const missing = Object.entries(parts).flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (missing.length === 3) return null;
  if (!quote || !key || !secrets) {
    throw new EnvError(
      `${missing.join(" and ")}: missing; results are sold with PRICE, STRIPE_KEY and STRIPE_WEBHOOK_SECRET together`,
    );
  }
  const { PRICE_EXEMPT: exempt, PAID_LIFE_H: hours, STRIPE_URL: url, PRICE_PRODUCT: product } = env;
  return { quote, key, secrets, url, product, paidLifeMs: hours * 3_600_000, keysExempt: exempt === "keys" };
}

/**
 * Who may use the API. Throws EnvError for a server that others can reach and that would be open to all of them without anyone
 * having asked for that. `exposed` says how others reach it, such as "HOST 0.0.0.0"; null: only this machine does.
 */
export function accessOf(
  env: Pick<Env, "API_KEY" | "API_KEYS" | "USERS" | "ANONYMOUS" | "ALLOW_OPEN">,
  exposed: string | null,
): Access {
  const { API_KEY: chosen, API_KEYS: keys, USERS: users, ANONYMOUS: anonymous } = env;
  if (keys.size > 0 || users.size > 0 || anonymous || chosen) {
    return { keys, anonymous, ...(chosen ? { chosen } : {}), ...(users.size > 0 ? { users } : {}) };
  }
  if (exposed === null || env.ALLOW_OPEN) return "open";
  throw new EnvError(
    `${exposed} would be open to everyone who can reach it. Set API_KEYS (\`npm run key\` makes a key), or USERS (\`smileloop user\`), or ANONYMOUS=1 for browsers with random tokens, or ALLOW_OPEN=1 if it is meant to be open.`,
  );
}
