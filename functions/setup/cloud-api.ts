/** The API as it runs behind a Function URL. */
import { type App, createApp } from "@smileloop/api/app.ts";
import { OPERATOR_INDEX, PAGE_ASSETS, PAGE_INDEX, previewAsset, storedAssets } from "@smileloop/api/assets.ts";
import { DIALECTS } from "@smileloop/api/dialects/index.ts";
import { accessOf, type Env } from "@smileloop/core/env.ts";
import type { Inspector } from "@smileloop/core/inspector.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import type { Verifier } from "@smileloop/core/verifier.ts";
import { voicesOf } from "../engines/voice-env.ts";
import { lambdaConfig } from "./api-config.ts";
import { openCloudDeps } from "./cloud.ts";
import type { Deps, Lists } from "./deps.ts";
import { withPayments } from "./payments.ts";
import { checkAttested } from "./safeguards.ts";
import { recordsState } from "./storage-state.ts";
import { tokenKeyOf } from "./token-key.ts";

/** Throws EnvError, also for a stack that would be open to everyone. */
export async function openCloudApi(env: Env, lists: Lists = {}): Promise<App> {
  const access = accessOf(env, "This stack");
  checkAttested(env, lists.dialects ?? DIALECTS);
  const deps = await withPayments(env, await openCloudDeps(env, lists));
  const names = [...PAGE_ASSETS, PAGE_INDEX, OPERATOR_INDEX, ...[...deps.presets.keys()].map(previewAsset)];
  const apiDeps = {
    ...deps,
    ...(await openCloudLooks(env)),
    // its functions are deployed with all of them
    voices: voicesOf(env, true),
    assets: storedAssets({ ...deps, names }),
    tokenKey: tokenKeyOf(env),
    config: lambdaConfig(env, { access, deps }),
    ready: () => askAll({ records: () => askStorage(deps), queue: () => askQueues(env, deps) }, recordsState(deps)),
  };
  return createApp(apiDeps, lists.dialects);
}

/** What looks at files for the API. Loads the client only in stacks that have such a function. */
async function openCloudLooks(env: Env): Promise<{ inspector: Inspector | null; verifier: Verifier | null }> {
  const { INSPECT_FUNCTION: functionName, AWS_REGION: region, LAMBDA_ENDPOINT: endpoint } = env;
  if (functionName === undefined) return { inspector: null, verifier: null };
  const { createLambdaClient, lambdaInspector, lambdaVerifier } = await import("@smileloop/core/inspector/lambda.ts");
  const called = { client: createLambdaClient({ region, endpoint }), functionName };
  return { inspector: lambdaInspector(called), verifier: lambdaVerifier(called) };
}

async function askStorage({ records, clock }: Deps): Promise<void> {
  await records.get("public", newId(clock.now()));
}

async function askQueues({ QUEUES }: Env, { queue }: Deps): Promise<void> {
  await Promise.all([...QUEUES.keys()].map((name) => queue.depth(name)));
}

async function askAll(parts: Record<string, () => Promise<void>>, records: string) {
  const answers = await Promise.all(
    Object.entries(parts).map(async ([name, ask]) => [name, await ask().then(...OK_OR_WHY)] as const),
  );
  const states = Object.fromEntries(answers);
  const ok = answers.every(([, answer]) => answer === "ok");
  return { ok, parts: states.records === "ok" ? { ...states, records } : states };
}

const OK_OR_WHY = [() => "ok", () => "It does not answer."] as const;
