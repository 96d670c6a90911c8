/** Storages in memory under one clock that stands still, and a log whose lines can be read. */
import { Readable } from "node:stream";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createJob, updateJob } from "@smileloop/core/jobs/jobs.ts";
import { createLog } from "@smileloop/core/log.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { memoryRecords } from "@smileloop/core/records/memory.ts";
import type { StoredRecord } from "@smileloop/core/records.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { collect } from "../conformance/cases.ts";
import { manualClock } from "./manual-clock.ts";

export type MemoryStore = ReturnType<typeof memoryStore>;

/** All jobs in it are ann's. */
export function memoryStore() {
  const clock = manualClock();
  const lines: { level: string; event: string; jobId?: string; err?: { message: string } }[] = [];
  const log = createLog({ level: "debug", destination: { write: (line) => void lines.push(JSON.parse(line)) } });
  const files = memoryFiles({ clock, links: createLocalLinks(Buffer.alloc(32)) });
  const store = { clock, records: memoryRecords({ clock }), files, queue: memoryQueue({ clock }) };
  return {
    ...store,
    log,
    lines,
    async newJob(job: { kind?: string; queue?: string; engine?: string | null } = {}): Promise<JobRecord> {
      const made = await createJob(store, {
        ...{ id: newId(clock.now()), owner: "ann", kind: "animate", queue: "warp", engine: "warp", ...job },
        ...{ estimateSeconds: 1, params: {}, metadata: {}, storeInputs: async () => ({}) },
      });
      return made.record;
    },
    /** For the worker of this name, whatever it is now. */
    async claimed(id: string, token = "mine"): Promise<StoredRecord> {
      const change = { by: "worker", do: "claim", token, worker: token, leaseAlive: false } as const;
      return (await updateJob(store, "ann", id, () => change)).stored!;
    },
    cancel: (id: string) => updateJob(store, "ann", id, () => ({ by: "api", do: "cancel" })),
    read: async (id: string) => (await store.records.get("ann", id))!.record,
    put: (key: string) => files.put(key, Readable.from([Buffer.from("data")]), { type: "video/mp4" }),
    keys: async () => (await collect(files.list(""))).map(({ key }) => key),
    /** Ids of the jobs whose messages wait in a queue; takes them. */
    async messages(queue: string): Promise<string[]> {
      const ids: string[] = [];
      const signal = new AbortController().signal;
      for (;;) {
        const message = await store.queue.receive(queue, { leaseMs: 1000, waitMs: 0, signal });
        if (!message) return ids;
        await message.ack();
        ids.push(message.id);
      }
    },
  };
}
