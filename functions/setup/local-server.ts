/**
 * The whole service in one process: API, worker and sweeper over one data directory. The API listens first and the engines
 * start afterwards, so that a server answers at once and work that was waiting on disk does not delay it.
 */
import { getRequestListener } from "@hono/node-server";
import { createApp } from "@smileloop/api/app.ts";
import { packageAssets } from "@smileloop/api/package-assets.ts";
import type { Access } from "@smileloop/core/api-keys.ts";
import { accessOf, type Env, EnvError } from "@smileloop/core/env.ts";
import { findLiveportrait, type Liveportrait } from "../engines/liveportrait.ts";
import { type Deps, openDeps, PRESETS_DIR } from "./deps.ts";
import { isLoopback, type Listening, listen } from "./listen.ts";
import { startWork, type Work } from "./local-work.ts";

export type LocalServer = {
  url: string;
  version: string;
  /** No new request and no new job; what is under way is finished or handed back within some 8 s. */
  stop(): Promise<void>;
};

/** How long requests and jobs that are under way may still take when the server stops. */
const GRACE_MS = 7_000;
const MAX_WAIT_MS = 60_000;
const DIALECT_WAIT_MS = 5 * 60_000;

/** Throws EnvError, StartError, or AppError from the data directory, with a sentence for whoever starts it. */
export async function startLocalServer(env: Env): Promise<LocalServer> {
  const access = accessOf(env, isLoopback(env.HOST) ? null : `HOST ${env.HOST}`);
  const liveportrait = await findLiveportrait(env);
  const deps = await openDeps(env, { engines: enginesServed(env, liveportrait) });
  let work: Work | null = null;
  let listening: Listening | null = null;
  try {
    const app = createApp(apiDeps(env, access, deps, () => work));
    listening = await listen(getRequestListener(app.fetch), env.HOST, env.PORT);
    work = startWork(env, deps, liveportrait);
  } catch (error) {
    await listening?.close(0);
    deps.close();
    throw error;
  }
  deps.log.info({ url: listening.url, place: deps.place, version: deps.version }, "started");
  const { url, close } = listening;
  const { stop } = work;
  return {
    url,
    version: deps.version,
    stop: async () => {
      deps.log.info("stopping");
      await Promise.all([close(GRACE_MS), stop(GRACE_MS)]);
      deps.close();
      deps.log.info("stopped");
      deps.log.flush();
    },
  };
}

/**
 * What is asked for and there; `warp` is built in. A LivePortrait that was found, or whose queue is named because its workers are
 * elsewhere, need not be asked for. Throws EnvError.
 */
function enginesServed({ ENGINES, QUEUES }: Env, { engine }: Liveportrait): string[] {
  if (QUEUES.size > 0 && !QUEUES.has("warp")) {
    throw new EnvError("QUEUES: `warp` is missing, the queue of the engine that is built in");
  }
  const asked = [...(ENGINES.get("animate") ?? []), "warp", "liveportrait"];
  return [...new Set(asked)].filter((name) => name === "warp" || engine !== null || QUEUES.has(name));
}

function apiDeps(env: Env, access: Access, deps: Deps, work: () => Work | null): Parameters<typeof createApp>[0] {
  return {
    ...deps,
    assets: packageAssets(PRESETS_DIR),
    admission: {
      ...deps.admission,
      queueFor: async (job) => {
        work()?.check(job.queue);
        return deps.admission.queueFor(job);
      },
    },
    config: {
      publicUrl: env.PUBLIC_URL?.replace(/\/+$/, "") ?? null,
      loopbackOnly: isLoopback(env.HOST),
      allowedHosts: env.ALLOWED_HOSTS,
      corsOrigins: env.CORS_ORIGINS,
      access,
      maxBodyBytes: null,
      maxWaitMs: MAX_WAIT_MS,
      dialectWaitMs: DIALECT_WAIT_MS,
      liveEvents: true,
      version: deps.version,
    },
    ready: async () => work()?.ready() ?? { ok: false, parts: { engine: "It is starting." } },
  };
}
