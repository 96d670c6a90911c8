/** Picks the adapters that the environment asks for: what the API, the worker and the sweeper of one installation share. */
import { fileURLToPath } from "node:url";
import { systemClock } from "@smileloop/core/clock.ts";
import { openDataDir } from "@smileloop/core/data-dir.ts";
import type { Env } from "@smileloop/core/env.ts";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import type { JobStore } from "@smileloop/core/jobs.ts";
import { createKinds, type Kinds } from "@smileloop/core/kinds.ts";
import { createLocalLinks, type LocalLinks } from "@smileloop/core/local-links.ts";
import { createLog, type Log } from "@smileloop/core/log.ts";
import { loadPresets, loadPreviews, type Preset } from "@smileloop/core/preset.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { diskRecords } from "@smileloop/core/records/disk.ts";
import manifest from "../package.json" with { type: "json" };

export type Deps = JobStore & {
  log: Log;
  localLinks: LocalLinks;
  presets: Map<string, Preset>;
  previews: Map<string, Uint8Array>;
  kinds: Kinds;
  /** Absolute; its own server's alone until `close`. */
  dataDir: string;
  version: string;
  close(): void;
};

const PRESETS_DIR = fileURLToPath(new URL("../presets", import.meta.url));

/** Everything on this machine: records and files on disk, the queue in this process. Throws what `openDataDir` throws. */
export async function openDeps(env: Env): Promise<Deps> {
  const clock = systemClock;
  const { dir, secret, close } = await openDataDir(env.DATA_DIR);
  const localLinks = createLocalLinks(secret);
  const presets = loadPresets(PRESETS_DIR);
  return {
    records: diskRecords({ dir, clock }),
    files: diskFiles({ dir, clock, links: localLinks }),
    queue: memoryQueue({ clock }),
    clock,
    log: createLog({ level: env.LOG_LEVEL }),
    localLinks,
    presets,
    previews: loadPreviews(PRESETS_DIR),
    kinds: createKinds({ presets, engines: ["warp"] }),
    dataDir: dir,
    version: manifest.version,
    close,
  };
}
