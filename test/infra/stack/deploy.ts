/**
 * Deploys sst.config.ts for real, as far as that goes without AWS: SST's own components, Pulumi's own runtime, and a mock where the
 * provider would be. What is asked of it is written down. It finds what is missing, wired wrongly or left out; not
 * whether AWS knows an instance type, or whether rights suffice.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as pulumi from "../../../.sst/platform/node_modules/@pulumi/pulumi/index.js";
import { setGlobals } from "./globals.ts";

export type Values = Record<string, unknown>;
export type Resource = { type: string; name: string; inputs: Values };
export type Deployed = {
  resources: Resource[];
  outputs: Values;
  /** The only one of this type and name. */
  find(type: string, name?: string): Resource;
  all(type: string): Resource[];
};

export const ACCOUNT = "123456789012";
/** How Pulumi marks values that its state has to keep encrypted. */
const SECRET = "4dabf18193072939515e22adb298388d";
const REGION = "us-east-1";
/** The secret that every stack has. */
export const SEAL_KEY = "k".repeat(44);
export const SIGNING_KEY = "a key and its certificates";
export const MARK_KEY = "5a".repeat(32);
export const API_URL = "https://abcdef.lambda-url.us-east-1.on.aws/";

/** What there is in the region. */
type World = {
  /** Instance types; unset: every one. */
  offered?: string[];
};

/** A local zone that the account has opted into sorts before the region's own. */
const ZONES = [
  { name: "us-east-1-atl-1a", "opt-in-status": "opted-in" },
  ...["a", "b", "c"].map((letter) => ({ name: `${REGION}${letter}`, "opt-in-status": "opt-in-not-required" })),
];

/** What AWS would add. */
function stateOf(type: string, name: string, inputs: Values): Values {
  const physical = String(inputs.name ?? inputs.bucket ?? name).toLowerCase();
  const arn = (rest: string) => ({ ...inputs, name: inputs.name ?? physical, arn: `arn:aws:${rest}` });
  const short = type.split(":").at(-1)!;
  switch (short) {
    case "Bucket":
      return { ...inputs, bucket: "the-bucket", arn: "arn:aws:s3:::the-bucket" };
    case "Queue": {
      const url = `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${physical}`;
      return { ...arn(`sqs:${REGION}:${ACCOUNT}:${physical}`), url };
    }
    case "Function":
      return arn(`lambda:${REGION}:${ACCOUNT}:function:${physical}`);
    case "FunctionUrl":
      return { ...inputs, functionUrl: API_URL };
    case "Role":
    case "InstanceProfile":
      return arn(`iam::${ACCOUNT}:${short === "Role" ? "role" : "instance-profile"}/${physical}`);
    case "Topic":
      return arn(`sns:${REGION}:${ACCOUNT}:${physical}`);
    case "EventRule":
      return arn(`events:${REGION}:${ACCOUNT}:rule/${physical}`);
    case "LogGroup":
      return arn(`logs:${REGION}:${ACCOUNT}:log-group:${physical}`);
    case "JobQueue":
      return arn(`batch:${REGION}:${ACCOUNT}:job-queue/${physical}`);
    case "LaunchTemplate":
      return { ...inputs, latestVersion: 3 };
    case "ComputeEnvironment":
      return arn(`batch:${REGION}:${ACCOUNT}:compute-environment/${physical}`);
    case "JobDefinition": {
      const arnPrefix = `arn:aws:batch:${REGION}:${ACCOUNT}:job-definition/${physical}`;
      return { ...inputs, arnPrefix, arn: `${arnPrefix}:1` };
    }
    default:
      return { ...inputs };
  }
}

type Filter = { name: string; values: string[] };

function answer(token: string, inputs: Values, { offered }: World): Values {
  const filters = (inputs.filters ?? []) as Filter[];
  switch (token.split("/").at(-1)?.split(":").at(-1)) {
    case "getRegion":
      return { region: REGION, name: REGION, id: REGION };
    case "getCallerIdentity":
      return { accountId: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root`, userId: ACCOUNT };
    case "getPartition":
      return { partition: "aws", dnsSuffix: "amazonaws.com" };
    case "getAvailabilityZones":
      return { names: ZONES.filter((zone) => keeps(filters, zone)).map(({ name }) => name), zoneIds: [] };
    case "getInstanceTypeOfferings": {
      const asked = filters.find(({ name }) => name === "instance-type")?.values ?? [];
      // in no order, like EC2
      return { instanceTypes: asked.filter((type) => offered?.includes(type) ?? true).reverse() };
    }
    case "getPolicyDocument":
      return { ...inputs, json: documentOf((inputs.statements ?? []) as PulumiStatement[]) };
    default:
      throw new Error(`The stack asks AWS for ${token}, which the mock does not know.`);
  }
}

function keeps(filters: Filter[], values: Record<string, string>): boolean {
  return filters.every(({ name, values: wanted }) => wanted.includes(values[name] ?? ""));
}

/** Secrets come wrapped. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (SECRET in value && "value" in value) return plain(value.value);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

type PulumiStatement = {
  effect?: string;
  actions: string[];
  resources: string[];
  principals?: unknown[];
  conditions?: { test: string; variable: string; values: string[] }[];
};

function documentOf(statements: PulumiStatement[]): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map(({ effect = "Allow", actions, resources, conditions, principals }) => ({
      Effect: effect,
      ...(principals ? { Principal: principals } : {}),
      Action: actions,
      Resource: resources,
      ...(conditions?.length
        ? { Condition: Object.fromEntries(conditions.map((one) => [one.test, { [one.variable]: one.values }])) }
        : {}),
    })),
  });
}

/** The part of SST's CLI that components call. */
async function startCli() {
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { method, params } = JSON.parse(text);
    const result: Record<string, unknown> = {
      "Provider.Aws.Bootstrap": {
        asset: "sst-asset",
        assetEcrRegistryId: ACCOUNT,
        assetEcrUrl: "ecr",
        state: "sst-state",
      },
      "Runtime.Build": {
        handler: params[0]?.handler,
        out: params[0]?.bundle,
        errors: [],
        sourcemaps: [],
      },
    };
    response.end(
      JSON.stringify(method in result ? { result: result[method] } : { error: `rpc: can't find ${method}` }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

const BUNDLED = [
  "dist/api/functions/api.mjs",
  "dist/sweep/functions/sweep.mjs",
  "dist/worker-lambda/functions/worker-lambda.mjs",
  "dist/assets/docs/swagger-ui.js",
  "dist/assets/previews/wink.webp",
];

/** One deployment per test file: Pulumi's runtime is global. */
export async function deploy(
  stage: string,
  variables: Record<string, string>,
  { secrets = {}, ...world }: World & { secrets?: Record<string, string> } = {},
): Promise<Deployed> {
  const root = mkdtempSync(join(tmpdir(), "smileloop-infra-"));
  for (const file of BUNDLED) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), "");
  }
  const cli = await startCli();
  const resources: Resource[] = [];
  const failures: unknown[] = [];
  const fail = (error: unknown) => void failures.push(error);
  const before = process.cwd();
  process.on("unhandledRejection", fail);
  try {
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, name, inputs }) => {
          resources.push({ type, name, inputs: plain(inputs) as Values });
          return { id: `${name}-id`, state: stateOf(type, name, inputs) };
        },
        call: ({ token, inputs }) => answer(token, inputs, world),
      },
      "smileloop",
      stage,
    );
    await setGlobals(stage, root, cli.url);
    process.env.SST_SECRET_ApiKeys = "me:0000";
    process.env.SST_SECRET_SealKey = SEAL_KEY;
    process.env.SST_SECRET_SigningKey = SIGNING_KEY;
    process.env.SST_SECRET_MarkKey = MARK_KEY;
    for (const [name, value] of Object.entries(secrets)) process.env[`SST_SECRET_${name}`] = value;
    const { run } = await import("../../../.sst/platform/src/auto/run.ts");
    const { createStack } = await import("../../../infra/stack.ts");
    const found = await pulumi.runtime.runInPulumiStack(() => run(async () => createStack(variables)));
    await pulumi.runtime.disconnect();
    const outputs = await new Promise<Values>((resolve) => void pulumi.output(found ?? {}).apply(resolve));
    if (failures.length > 0) throw failures[0];
    return { resources, outputs, ...lookups(resources) };
  } finally {
    process.off("unhandledRejection", fail);
    process.chdir(before);
    cli.close();
    rmSync(root, { recursive: true, force: true });
  }
}

function lookups(resources: Resource[]): Pick<Deployed, "find" | "all"> {
  const all = (type: string) => resources.filter((resource) => resource.type.endsWith(`:${type}`));
  return {
    all,
    find: (type, name) => {
      const [found, ...more] = all(type).filter((resource) => name === undefined || resource.name === name);
      if (!found || more.length > 0) throw new Error(`${more.length + (found ? 1 : 0)} of ${type} ${name ?? ""}`);
      return found;
    },
  };
}
