/** The audit of an installation, to be read from outside of its processes. */
import { resolve } from "node:path";
import { diskAudit } from "@smileloop/core/audit/disk.ts";
import type { AuditStore } from "@smileloop/core/audit.ts";
import { systemClock } from "@smileloop/core/clock.ts";
import type { Env } from "@smileloop/core/env.ts";
import { createLog } from "@smileloop/core/log.ts";

/** `place`: its name for people. Takes no lock: a server may write meanwhile. */
export async function openAudit(env: Env): Promise<{ store: AuditStore; place: string; close(): Promise<void> }> {
  const log = createLog({ level: env.LOG_LEVEL, sync: true });
  if (env.BUCKET === undefined) {
    const dir = resolve(env.DATA_DIR);
    const store = diskAudit({ dir, log });
    return { store, place: dir, close: () => store.close() };
  }
  const { openS3Home } = await import("./s3-home.ts");
  const home = openS3Home(env, env.BUCKET, systemClock, log);
  return { store: home.audit.store, place: home.label, close: async () => home.close() };
}
