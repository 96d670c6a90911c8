/** Everything on this machine: records and files on disk, the queue in this process. */
import { join } from "node:path";
import { createAudit } from "@smileloop/core/audit/audit-log.ts";
import { diskAudit } from "@smileloop/core/audit/disk.ts";
import type { Clock } from "@smileloop/core/clock.ts";
import type { Env } from "@smileloop/core/env.ts";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import type { Log } from "@smileloop/core/log.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { diskRecords } from "@smileloop/core/records/disk.ts";
import { openDataDir } from "@smileloop/core/storage/data-dir.ts";
import { roomIn } from "@smileloop/core/storage/disk-room.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import type { Home } from "./home.ts";
import { sealsOf } from "./seal-keys.ts";
import { webhooksOf } from "./webhook-keys.ts";

/** Throws what `openDataDir` throws. No other process can open the folder until `close`. */
export async function openDiskHome(env: Env, clock: Clock, log: Log): Promise<Home> {
  const { dir, secret, close } = await openDataDir(env.DATA_DIR);
  const localLinks = createLocalLinks(secret);
  const files = diskFiles({ dir, clock, links: localLinks });
  return {
    records: diskRecords({ dir, clock, log }),
    files,
    audit: createAudit({ store: diskAudit({ dir, log }), files, clock, log }),
    queue: memoryQueue({ clock }),
    clock,
    lifeMs: env.RESULT_TTL_S * 1000,
    localLinks,
    secret,
    signingFile: join(dir, "signing.pem"),
    markFile: join(dir, "mark.key"),
    seals: sealsOf(env, secret),
    webhooks: webhooksOf(env, secret),
    exclusive: true,
    label: dir,
    workRoot: join(dir, "work"),
    room: () => roomIn(dir),
    close,
  };
}
