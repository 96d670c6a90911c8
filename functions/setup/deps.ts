/** Opens the adapters that the environment selects; the API, the worker and the sweeper of one installation share them. */

import type { Dialect } from "@smileloop/api/dialects/dialect.ts";
import { systemClock } from "@smileloop/core/clock.ts";
import { type Env, EnvError, lookalikes } from "@smileloop/core/env.ts";
import type { FetchPolicy } from "@smileloop/core/fetch/target.ts";
import { createKinds, KINDS } from "@smileloop/core/kinds/index.ts";
import type { KindEntry, Kinds } from "@smileloop/core/kinds/kind.ts";
import { createLog, type Log } from "@smileloop/core/log.ts";
import { loadPresets, type Preset } from "@smileloop/core/motion/preset.ts";
import type { ReadRecipients } from "@smileloop/core/recipients/recipients.ts";
import type { Safeguards } from "@smileloop/core/safeguards.ts";
import { type Admission, createAdmission } from "@smileloop/core/scale/admission.ts";
import type { HandlerMaker } from "@smileloop/worker/kinds/handler.ts";
import manifest from "../../package.json" with { type: "json" };
import type { Engine, Finding } from "../engines/engine.ts";
import { ENGINES } from "../engines/index.ts";
import { capabilitiesOf, enginesServed } from "./engines-served.ts";
import { fetchPolicy } from "./fetching.ts";
import type { Home } from "./home.ts";
import type { MarkingSource } from "./marking.ts";
import { folderAbove } from "./paths.ts";
import { safeguardsOf } from "./safeguards.ts";
import type { SigningSource } from "./signing.ts";

/** The lists that say what an installation can do. Each defaults to what this repository has. */
export type Lists = {
  engines?: readonly Engine[] | undefined;
  kinds?: readonly KindEntry[] | undefined;
  dialects?: readonly Dialect[] | undefined;
  /** Makers of handlers, by kind. */
  handlers?: Readonly<Record<string, HandlerMaker>> | undefined;
};

export type Deps = Home & {
  admission: Admission;
  engines: readonly Engine[];
  log: Log;
  presets: Map<string, Preset>;
  kinds: Kinds;
  /** Maximum duration of a talking video, seconds. */
  maxVideoSeconds: number;
  /** How lists of recipients are read; absent: on the caller's thread. */
  readRecipients: ReadRecipients | undefined;
  /** Where inputs by URL may come from. */
  fetchPolicy: FetchPolicy;
  /** Makers of the kinds' handlers where they are not this repository's; only workers call them (`handlers.ts`). */
  handlerMakers: Lists["handlers"];
  safeguards: Safeguards;
  signing: SigningSource;
  marking: MarkingSource;
  version: string;
};

type DepsOptions = Lists & {
  /** For processes that are frozen between requests. */
  syncLog?: boolean;
  readRecipients?: ReadRecipients;
  /** Results of looking for the engines on this machine, by engine. */
  findings?: ReadonlyMap<string, Finding>;
};

/** Of the presets that come with SmileLoop. */
export const PRESETS_DIR = folderAbove("presets");

/** Throws EnvError, and what the homes throw. */
export async function openDeps(env: Env, options: DepsOptions = {}): Promise<Deps> {
  const { engines = ENGINES, kinds: entries = KINDS, findings = null, syncLog = false, readRecipients } = options;
  const presets = loadPresets(PRESETS_DIR, env.PRESETS_DIR);
  const queues = new Set(env.QUEUES.keys());
  const maxVideoSeconds = env.MAX_VIDEO_LENGTH;
  const known = { kinds: entries.map(({ name }) => name), engines };
  const serve = enginesServed(env, known, findings);
  const kinds = createKinds({
    kinds: entries,
    presets,
    engines: {
      known: engines.map((engine) => ({ ...engine, secrets: engine.secretsFor?.(env) })),
      serve,
      capabilities: capabilitiesOf(engines, findings),
    },
    queues,
    maxVideoSeconds,
    readRecipients,
    maxWork: env.MAX_WORK_S,
  });
  const log = createLog({ level: env.LOG_LEVEL, sync: syncLog });
  for (const lookalike of lookalikes()) log.warn(lookalike, "a variable that is not read");
  const safeguards = safeguardsOf(env);
  if (!safeguards.contentCheck) log.warn({ variable: "CONTENT_CHECK" }, "the content check is off");
  const home = await openHome(env, log);
  const launched = new Set(env.BATCH_QUEUES.keys());
  const admission = createAdmission({ ...home, log, queues, launched, maxWaiting: env.MAX_WAITING_JOBS });
  return {
    ...home,
    admission,
    engines,
    log,
    presets,
    kinds,
    maxVideoSeconds,
    readRecipients,
    fetchPolicy: fetchPolicy(env),
    handlerMakers: options.handlers,
    safeguards,
    signing: { key: env.SIGNING_KEY, chain: env.SIGNING_CHAIN, file: home.signingFile },
    marking: { key: env.MARK_KEY, file: home.markFile },
    version: manifest.version,
  };
}

/** Loads only the home that is used: the packages of the other take a tenth of a second. */
async function openHome(env: Env, log: Log): Promise<Home> {
  const clock = systemClock;
  if (env.BUCKET === undefined) {
    if (env.QUEUES.size > 0) throw new EnvError("QUEUES: workers elsewhere also need BUCKET, for records and files");
    return (await import("./disk-home.ts")).openDiskHome(env, clock, log);
  }
  return (await import("./s3-home.ts")).openS3Home(env, env.BUCKET, clock, log);
}
