/** A whole stack on loopback: the bundled functions on our Lambda, over the S3 double and SQS. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { assetKey } from "@smileloop/api/assets.ts";
import { lanesOf, PLANS } from "../../../infra/policy/engines.ts";
import { corsRules, WEBHOOKS } from "../../../infra/policy.ts";
import { bundleAssets, bundleFunction, FUNCTIONS, type FunctionName } from "../../../scripts/bundle.ts";
import { bundleEngine } from "../../../scripts/engine-bundle.ts";
import { ADMIN, openBucket } from "../s3.ts";
import { deployedRules } from "../s3-double/cors.ts";
import { MARK_KEY, SIGNING_KEY } from "../signing.ts";
import { openSqs } from "../sqs.ts";
import { STUB } from "../worker.ts";
import { type RoleName, roleOf } from "./roles.ts";
import { type Lambda, startLambda } from "./runtime.ts";

const QUEUES = [...lanesOf({ name: "warp" }), PLANS.name, WEBHOOKS.name];

export type Stack = Awaited<ReturnType<typeof openStack>>;

/** `names`: the functions to bundle, workers with this engine. `pages`: origins whose pages may upload. */
export async function openStack(names: FunctionName[], options: { engine?: "stub" | "warp"; pages?: string[] } = {}) {
  const cors = deployedRules(corsRules(options.pages ?? []));
  const out = mkdtempSync(join(tmpdir(), "smileloop-lambda-"));
  const [bucket, sqs, ...bundled] = await Promise.all([
    openBucket({ cors, roles: [ADMIN, ...[...FUNCTIONS, "plans" as const].map(roleOf)] }),
    openSqs([...QUEUES]),
    ...names.map((name) => bundleFunction(name, out)),
  ]);
  const addEngine = options.engine === "warp" ? bundleEngine : addStub;
  for (const name of names) if (name.startsWith("worker")) await addEngine(join(out, name));
  const envOf = (name: RoleName) => {
    const { accessKeyId, secretAccessKey, sessionToken = "" } = roleOf(name);
    return {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      BUCKET: bucket.bucket,
      S3_ENDPOINT: bucket.double.endpoint,
      SQS_ENDPOINT: sqs.endpoint,
      QUEUES: QUEUES.map((name) => `${name}=${sqs.endpoint}/000000000000/${name}`).join(),
      ALLOW_OPEN: "1",
      ...(name.startsWith("worker") ? { SIGNING_KEY, MARK_KEY } : {}),
      WORK_DIR: join(out, "work"),
    };
  };
  const lambdas: Lambda[] = [];
  return {
    out,
    bucket,
    sqs,
    /** What a deployment sets, and the credentials of the function's own role. */
    envOf,
    bundled: Object.fromEntries(names.map((name, i) => [name, bundled[i]!])),
    /** Starts a function, by default with the role of its name; its process starts with the first event. */
    async start(
      name: FunctionName,
      {
        env = {},
        role = name,
        ...more
      }: { dir?: string; prefix?: string[]; timeoutMs?: number; env?: Record<string, string>; role?: RoleName } = {},
    ): Promise<Lambda> {
      const lambda = await startLambda({
        dir: join(out, name),
        handler: `functions/${name}.handler`,
        // each has a folder of its own, which outlives its processes
        env: { ...envOf(role), WORK_DIR: join(out, `work-${lambdas.length}`), ...env },
        ...more,
      });
      lambdas.push(lambda);
      return lambda;
    },
    /** As a deployment does it. */
    async putAssets(version: string): Promise<void> {
      for (const name of await bundleAssets(out)) {
        const body = await readFile(join(out, "assets", name));
        bucket.double.store.put(assetKey(version, name), { body, type: "text/plain", metadata: {} }, {});
      }
    },
    async close() {
      await Promise.all(lambdas.map((lambda) => lambda.close()));
      await Promise.all([bucket.close(), sqs.close()]);
      rmSync(out, { recursive: true, force: true });
    },
  };
}

/** The stub in the place of the engine: Node strips no types in `node_modules`. */
async function addStub(dir: string): Promise<void> {
  const engine = join(dir, "node_modules/@smileloop/engine");
  mkdirSync(engine, { recursive: true });
  const code = async (path: string) => stripTypeScriptTypes(await readFile(path, "utf8")).replaceAll('.ts"', '.mjs"');
  writeFileSync(join(engine, "host.mjs"), await code(STUB));
  writeFileSync(join(engine, "stub-video.mjs"), await code(join(dirname(STUB), "stub-video.ts")));
  writeFileSync(join(engine, "package.json"), JSON.stringify({ exports: { "./host.ts": "./host.mjs" } }));
}
