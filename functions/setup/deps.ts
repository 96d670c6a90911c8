/** Picks the adapters that the environment asks for: what the API, the worker and the sweeper of one installation share. */

import { systemClock } from "@smileloop/core/clock.ts";
import { type Env, EnvError } from "@smileloop/core/env.ts";
import type { JobStore } from "@smileloop/core/jobs/jobs.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import type { Kinds } from "@smileloop/core/kinds/kind.ts";
import { createLog, type Log } from "@smileloop/core/log.ts";
import { loadPresets, type Preset } from "@smileloop/core/motion/preset.ts";
import { type Admission, createAdmission } from "@smileloop/core/scale/admission.ts";
import type { LocalLinks } from "@smileloop/core/storage/local-links.ts";
import type { ClaimTimes } from "@smileloop/worker/claim.ts";
import type { Handlers } from "@smileloop/worker/kinds/handler.ts";
import { createHandlers } from "@smileloop/worker/kinds/index.ts";
import manifest from "../../package.json" with { type: "json" };
import { folderAbove } from "./paths.ts";

/** Where an installation keeps what it has. */
export type Home = JobStore & {
  /** Set where the API itself serves uploads and links. */
  localLinks: LocalLinks | null;
  /** No other process uses what is kept here, so that claims of an earlier one are nobody's. */
  alone: boolean;
  /** For people: a folder, or a bucket. */
  place: string;
  /** Absolute; for jobs under way. */
  workRoot: string;
  /** How a worker keeps its claims, where the usual times do not suit the storage. */
  times?: Partial<ClaimTimes>;
  close(): void;
};

export type Deps = Home & {
  admission: Admission;
  log: Log;
  presets: Map<string, Preset>;
  kinds: Kinds;
  handlers: Handlers;
  version: string;
};

export const PRESETS_DIR = folderAbove("presets");

/**
 * `syncLog`: for processes that are frozen between requests. `engines`: those of `animate`, the default first, where it is not
 * ENGINES that says. Throws what the homes throw.
 */
export async function openDeps(env: Env, options: { syncLog?: boolean; engines?: string[] } = {}): Promise<Deps> {
  const presets = loadPresets(PRESETS_DIR);
  const home = await openHome(env);
  const log = createLog({ level: env.LOG_LEVEL, sync: options.syncLog ?? false });
  const queues = new Set(env.QUEUES.keys());
  return {
    ...home,
    admission: createAdmission({ ...home, log, queues, launched: new Set(env.BATCH_QUEUES.keys()) }),
    log,
    presets,
    kinds: createKinds({ presets, engines: offer(options.engines ?? env.ENGINES.get("animate") ?? []), queues }),
    handlers: createHandlers({ presets }),
    version: manifest.version,
  };
}

const offer = (engines: string[]) => ({
  known: ["warp", "liveportrait"].map((name) => ({ name, kinds: ["animate"] })),
  serve: new Map([["animate", engines]]),
});

/** Only the home that is used is loaded: the other one's packages take a tenth of a second. */
async function openHome(env: Env): Promise<Home> {
  const clock = systemClock;
  if (env.BUCKET === undefined) {
    if (env.QUEUES.size > 0) throw new EnvError("QUEUES: workers elsewhere need BUCKET, too, for records and files");
    return (await import("./disk-home.ts")).openDiskHome(env, clock);
  }
  return (await import("./s3-home.ts")).openS3Home(env, env.BUCKET, clock);
}
