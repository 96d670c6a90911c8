/**
 * The whole service in one process: API, workers and sweeper over one data directory. The API listens first and the engines
 * start afterwards, so that a server answers at once and work that was waiting on disk does not delay it.
 */
import { getRequestListener } from "@hono/node-server";
import { createApp } from "@smileloop/api/app.ts";
import { DIALECTS } from "@smileloop/api/dialects/index.ts";
import { packageAssets } from "@smileloop/api/package-assets.ts";
import type { Access } from "@smileloop/core/api-keys.ts";
import { accessOf, type Env, saleOf } from "@smileloop/core/env.ts";
import type { Payments } from "@smileloop/core/payments/payments.ts";
import { readRecipientsAside } from "@smileloop/core/recipients/read-aside.ts";
import { ENGINES, findEngines } from "../engines/index.ts";
import { voicesOf } from "../engines/voice-env.ts";
import { localConfig } from "./api-config.ts";
import { type Deps, type Lists, openDeps, PRESETS_DIR } from "./deps.ts";
import { checkOwnQueue } from "./engines-served.ts";
import { tellKeyChanges } from "./key-change.ts";
import { isLoopback, type Listening, listen } from "./listen.ts";
import { type LocalInspector, openLocalInspector } from "./local-inspector.ts";
import { type LocalVerifier, openLocalVerifier } from "./local-verifier.ts";
import { startWork, type Work } from "./local-work.ts";
import { checkMarking } from "./marking.ts";
import { createMetrics, listenForMetrics, placeOfServer } from "./metrics.ts";
import { buildPage, PAGE_DIR } from "./page.ts";
import { withPayments } from "./payments.ts";
import { networkUrl } from "./ready-line.ts";
import { checkAttested, localSafeguards, sayAttested } from "./safeguards.ts";
import { checkSigning } from "./signing.ts";
import { withStorage } from "./storage-state.ts";
import { tokenKeyOf } from "./token-key.ts";
import { watchedHome } from "./watched-home.ts";

type LocalServer = {
  url: string;
  /** Its address for other machines, where it listens for them. */
  network: string | null;
  version: string;
  /** Accepts no new request and no new job; finishes or hands back what is in progress, within some 8 s. */
  stop(): Promise<void>;
};

/** How long requests and jobs in progress may take when the server stops. */
const GRACE_MS = 7_000;

/** Throws EnvError, StartError, or AppError from the data directory, each with a sentence for the person who starts it. */
export async function startLocalServer(env: Env, lists: Lists = {}): Promise<LocalServer> {
  const { engines = ENGINES } = lists;
  const access = accessOf(env, isLoopback(env.HOST) ? null : `HOST ${env.HOST}`);
  checkOwnQueue(env, engines);
  checkAttested(env, lists.dialects ?? DIALECTS);
  saleOf(env);
  const findings = await findEngines(env, engines);
  const all = await openDeps(env, { ...lists, findings, readRecipients: readRecipientsAside });
  try {
    await checkMarking(all.marking);
    await checkSigning(all.signing);
  } catch (error) {
    all.close();
    throw error;
  }
  await buildPage().catch((error: unknown) => all.log.error({ error }, "the page could not be built"));
  const opened = await withPayments(env, { ...all, safeguards: localSafeguards(env, access, all.safeguards) });
  sayAttested(opened.log, opened.safeguards.attested, lists.dialects ?? DIALECTS);
  void tellKeyChanges(opened, env).catch((err: unknown) => opened.log.warn({ err }, "keys not compared"));
  const inspector = openLocalInspector(opened, findings);
  const verifier = openLocalVerifier(opened, findings);
  let work: Work | null = null;
  let listening: Listening | null = null;
  let figures: Listening | null = null;
  let deps = opened;
  try {
    const place = placeOfServer(env);
    const watched = place !== "off" || env.OPERATOR_KEY.size > 0;
    const metrics = watched ? await createMetrics(opened.version) : null;
    if (metrics) deps = watchedHome(opened, metrics);
    const parts = apiDeps(env, access, { ...deps, inspector, verifier }, () => work);
    metrics?.observe({ ...parts, ready: async () => (await parts.ready()).ok });
    const onReply = metrics?.onReply;
    const observed = { engines: async () => (await work?.engines()) ?? [], room: deps.room, figures: metrics?.figures };
    const read = place === "on" ? metrics?.read : undefined;
    const app = createApp({ ...parts, onReply, observed, metrics: read }, lists.dialects);
    listening = await listen(getRequestListener(app.fetch), env.HOST, env.PORT);
    if (metrics && typeof place === "object") figures = await listenForMetrics(metrics, place);
    work = startWork(env, { ...deps, onLost: metrics?.onLost }, findings);
  } catch (error) {
    await Promise.all([listening?.close(0), figures?.close(0)]);
    deps.close();
    throw error;
  }
  const metricsUrl = figures === null ? {} : { metrics: `${figures.url}/metrics` };
  deps.log.info({ url: listening.url, ...metricsUrl, storage: deps.label, version: deps.version }, "started");
  const { url, port, close } = listening;
  const { stop } = work;
  return {
    url,
    network: networkUrl(env.HOST, port),
    version: deps.version,
    stop: async () => {
      deps.log.info("stopping");
      await Promise.all([close(GRACE_MS), stop(GRACE_MS), figures?.close(0)]);
      await Promise.all([inspector?.stop(), verifier.stop()]);
      await deps.audit.close();
      deps.close();
      deps.log.info("stopped");
      deps.log.flush();
    },
  };
}

type ServerDeps = Deps & { inspector: LocalInspector | null; verifier: LocalVerifier; payments?: Payments | undefined };

function apiDeps(env: Env, access: Access, deps: ServerDeps, work: () => Work | null): Parameters<typeof createApp>[0] {
  return {
    ...deps,
    voices: voicesOf(env),
    assets: packageAssets({ presetsDirs: [PRESETS_DIR, env.PRESETS_DIR], pageDir: PAGE_DIR }),
    admission: {
      ...deps.admission,
      queueFor: async (job) => {
        work()?.check(job.queue);
        return deps.admission.queueFor(job);
      },
    },
    tokenKey: tokenKeyOf(env, deps.secret),
    config: localConfig(env, { access, deps }),
    ready: () => withStorage(deps, work()?.ready() ?? { ok: false, parts: { engine: "It is starting." } }),
  };
}
