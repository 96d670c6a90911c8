/**
 * `npm run deploy [-- --stage production] [--new-key owner]`, `npm run dev:aws`, `npm run remove`: SST with what it needs around
 * it. Settings come from the environment and from the file `.env.<stage>` (docs/deploy.md).
 *
 * A first deployment makes an API key, and `--new-key` one more. Only the hash leaves this machine, in the secret `ApiKeys`; the
 * key is shown once, also when the deployment fails after that. Random secrets that only the stack has to know are made, too.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { makeApiKey, ownerFault } from "@smileloop/core/api-keys.ts";
import { EnvError, readEnv } from "@smileloop/core/env.ts";
import { newMarkKey } from "@smileloop/worker/marking/key.ts";
import { deployed } from "../infra/policy/engines.ts";
import { SECRETS, type SecretVariable, webhookSecretsOf, workerSecretsOf } from "../infra/policy/secrets.ts";
import { readSettings, regionOf, SettingsError } from "../infra/policy/settings.ts";
import { stageOf } from "../infra/policy.ts";
import { awsCredentialsFound } from "./deploy/credentials.ts";
import { secretOf } from "./deploy/secrets.ts";
import { ask, ROOT, run } from "./deploy/sst.ts";
import { readArgs } from "./options.ts";
import { signingKey } from "./signing-key.ts";

/** How secrets are made that are not just any random bytes. */
const MAKERS: Partial<Record<SecretVariable, () => string>> = { SIGNING_KEY: signingKey, MARK_KEY: newMarkKey };
const randomKey = () => randomBytes(32).toString("base64");

/** What keeps a deployment from beginning, in a sentence for the one who started it. */
class DeployError extends Error {}

const HELP = `
npm run deploy  -- [--stage <name>] [--new-key <owner>]    deploys a stack, "production" unless a name is given
npm run dev:aws -- [--stage <name>]                        deploys "dev", with functions that run on this machine
npm run remove  -- [--stage <name>] [--yes]                deletes a stack with everything in it

  --stage <name>     up to 20 lowercase letters, digits and hyphens, a letter first
  --new-key <owner>  makes an API key for this owner; it is shown once
  --bundled          takes dist/ as \`npm run bundle\` left it
  --yes              removes without asking

Settings come from the environment and from .env.<stage>: docs/deploy.md.`;

const COMMANDS = ["deploy", "dev", "remove"] as const;
type Command = (typeof COMMANDS)[number];
type Options = { command: Command; stage: string; newKey: string | null; yes: boolean; bundled: boolean };

const say = (line = "") => process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const options = readOptions();
  readEnvFiles(options.stage);
  await check(options);
  if (options.command === "remove") return remove(options);
  if (!options.bundled) {
    say("Bundling the functions …");
    const { bundleAll } = await import("./bundle.ts");
    await bundleAll(join(ROOT, "dist"));
  }
  const listed = await listSecrets(options.stage);
  const key = await newKey(options, listed);
  try {
    await makeMissing(options.stage, listed);
    const status = await run([options.command, "--stage", options.stage]);
    if (options.command === "deploy" && status === 0) say(`\nThe API: ${apiUrl() ?? "see `url` above"}`);
    return status;
  } finally {
    if (key !== null) sayKey(key);
  }
}

/** Throws DeployError. */
function readOptions(): Options {
  const { values, positionals } = readArgs("deploy", HELP, {
    allowPositionals: true,
    options: {
      stage: { type: "string" },
      "new-key": { type: "string" },
      yes: { type: "boolean" },
      bundled: { type: "boolean" },
    },
  });
  // what stands before the two hyphens npm keeps to itself, and the wrong stage would be meant
  const { npm_config_stage: stageOfNpm, npm_config_new_key: keyOfNpm } = process.env;
  if (stageOfNpm !== undefined || keyOfNpm !== undefined || positionals.length > 1) {
    throw new DeployError("Options stand behind two hyphens: npm run deploy -- --stage production");
  }
  const command = COMMANDS.find((name) => name === (positionals[0] ?? "deploy"));
  if (!command) throw new DeployError(`\`${positionals[0]}\` is not a command. Choose from: ${COMMANDS.join(", ")}`);
  const { stage } = stageOf(values.stage ?? (command === "dev" ? "dev" : "production"));
  const owner = values["new-key"] ?? null;
  const fault = owner === null ? null : ownerFault(owner);
  if (fault) throw new DeployError(`--new-key: \`${owner}\` ${fault}.`);
  return { command, stage, newKey: owner, yes: values.yes ?? false, bundled: values.bundled ?? false };
}

/** As SST reads them; what is set already stays. */
function readEnvFiles(stage: string): void {
  for (const file of [`.env.${stage}`, ".env"].map((name) => join(ROOT, name))) {
    if (existsSync(file)) process.loadEnvFile(file);
  }
}

/** Throws DeployError, SettingsError or EnvError, before anything is asked of AWS. */
async function check({ command }: Options): Promise<void> {
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (major < 22) {
    throw new DeployError(
      `Node 22 or newer is needed, this is ${process.versions.node}. Start it by \`npm run deploy\`.`,
    );
  }
  // what was once begun in any region can be removed
  if (command !== "remove") regionOf(process.env);
  const { ATTEST } = readSettings(process.env).told.api;
  if (ATTEST !== undefined) {
    const { DIALECTS } = await import("@smileloop/api/dialects/index.ts");
    const { checkAttested } = await import("../functions/setup/safeguards.ts");
    checkAttested(readEnv({ ATTEST }), DIALECTS);
  }
  if (!awsCredentialsFound(process.env)) {
    throw new DeployError(
      "No AWS credentials were found. Run `aws configure` or `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    );
  }
}

/** What SST says of the secrets that the stage has. Throws DeployError. */
async function listSecrets(stage: string): Promise<string> {
  const { status, text } = await ask(["secret", "list", "--stage", stage]);
  if (status === 0 || /no secrets found/i.test(text)) return text;
  throw new DeployError(`The secrets of the stage \`${stage}\` could not be read:\n${text.trim()}`);
}

/** Makes a key where the stage has none, or where one is asked for, and stores its hash. Null otherwise. Throws DeployError. */
async function newKey({ stage, newKey: owner }: Options, listed: string): Promise<string | null> {
  const there = secretOf("ApiKeys", stage, listed);
  if (there !== "" && owner === null) return null;
  const { key, entry } = makeApiKey(owner ?? "me");
  const entries = [there, entry].filter((one) => one !== "").join(",");
  const set = await ask(["secret", "set", "ApiKeys", entries, "--stage", stage]);
  if (set.status !== 0) throw new DeployError(`The hash of the new API key could not be stored:\n${set.text.trim()}`);
  return key;
}

/** Makes the random secrets that engines of the stack need and the stage lacks. Nobody has to know them. Throws DeployError. */
async function makeMissing(stage: string, listed: string): Promise<void> {
  const settings = readSettings(process.env);
  const variables = [...workerSecretsOf(deployed(settings)), ...webhookSecretsOf(settings)];
  for (const variable of variables) {
    const { name, needed } = SECRETS[variable];
    if (!needed || secretOf(name, stage, listed) !== "") continue;
    const value = (MAKERS[variable] ?? randomKey)();
    const set = await ask(["secret", "set", name, "--stage", stage], value);
    if (set.status !== 0) throw new DeployError(`The secret ${name} could not be stored:\n${set.text.trim()}`);
    say(`The secret ${name} was made.`);
  }
}

function sayKey(key: string): void {
  say(`\nThe new API key. It is shown only once; only its hash was stored:\n\n    ${key}\n`);
  say(`Then: npm run smoke -- --url <the API> --key ${key}`);
}

async function remove({ stage, yes }: Options): Promise<number> {
  if (!yes) {
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    say(`This deletes the stack smileloop-${stage} with all its uploads, jobs and results.`);
    // where nobody can answer, the input ends
    const ended = once(terminal, "close").then(() => "");
    const answer = await Promise.race([terminal.question("Type the stage's name to go on: "), ended]);
    terminal.close();
    if (answer.trim() !== stage) throw new DeployError("Nothing was deleted.");
  }
  return run(["remove", "--stage", stage]);
}

/** What the deployment that has just ended answered, where SST has kept it. */
function apiUrl(): string | null {
  const file = join(ROOT, ".sst/outputs.json");
  if (!existsSync(file)) return null;
  const { url } = JSON.parse(readFileSync(file, "utf8")) as { url?: string };
  return url?.replace(/\/$/, "") ?? null;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof DeployError || error instanceof SettingsError || error instanceof EnvError)) throw error;
  process.stderr.write(`deploy: ${error.message}\n`);
  process.exitCode = 1;
}
