/** The API as it runs behind a Function URL. */
import { type App, createApp } from "@smileloop/api/app.ts";
import { PAGE_ASSETS, previewAsset, storedAssets } from "@smileloop/api/assets.ts";
import { accessOf, type Env } from "@smileloop/core/env.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { openCloudDeps } from "./cloud.ts";
import type { Deps } from "./deps.ts";

/** Lambda takes 6 MB, in which a form stands as base64. Beyond it Lambda itself answers 413. */
const MAX_BODY_BYTES = 4_500_000;
/** A function that waits is paid for: clients come back instead. */
const MAX_WAIT_MS = 10_000;

/** Throws EnvError, also where nobody would be kept out. */
export async function openCloudApi(env: Env): Promise<App> {
  const access = accessOf(env, "This stack");
  const deps = await openCloudDeps(env);
  const names = [...PAGE_ASSETS, ...[...deps.presets.keys()].map(previewAsset)];
  return createApp({
    ...deps,
    assets: storedAssets({ ...deps, names }),
    config: {
      publicUrl: env.PUBLIC_URL?.replace(/\/+$/, "") ?? null,
      loopbackOnly: false,
      allowedHosts: [],
      corsOrigins: env.CORS_ORIGINS,
      access,
      maxBodyBytes: MAX_BODY_BYTES,
      maxWaitMs: MAX_WAIT_MS,
      dialectWaitMs: MAX_WAIT_MS,
      liveEvents: false,
      version: deps.version,
    },
    ready: () => askAll({ records: () => askStorage(deps), queue: () => askQueues(env, deps) }),
  });
}

async function askStorage({ records, clock }: Deps): Promise<void> {
  await records.get("public", newId(clock.now()));
}

async function askQueues({ QUEUES }: Env, { queue }: Deps): Promise<void> {
  await Promise.all([...QUEUES.keys()].map((name) => queue.depth(name)));
}

async function askAll(parts: Record<string, () => Promise<void>>) {
  const answers = await Promise.all(
    Object.entries(parts).map(async ([name, ask]) => [name, await ask().then(...OK_OR_WHY)] as const),
  );
  return { ok: answers.every(([, answer]) => answer === "ok"), parts: Object.fromEntries(answers) };
}

const OK_OR_WHY = [() => "ok", () => "It does not answer."] as const;
