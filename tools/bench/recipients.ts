/**
 * A list of 5,000 recipients on the disk home: how long the step takes that reads it and makes a job for each, and in how much memory, beside
 * as many durable writes with nothing around them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { systemClock as clock } from "@smileloop/core/clock.ts";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import { childId, newId } from "@smileloop/core/job/ids.ts";
import { inputKey, outputKey } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createJob, type JobStore, updateJob } from "@smileloop/core/jobs/jobs.ts";
import { markEnded } from "@smileloop/core/jobs/waiting.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import { createLog } from "@smileloop/core/log.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { RECIPIENT_LIMITS } from "@smileloop/core/recipients/limits.ts";
import { diskRecords } from "@smileloop/core/records/disk.ts";
import type { Survey } from "@smileloop/core/speech/survey.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { createHandlers } from "@smileloop/worker/kinds/index.ts";
import { runJob } from "@smileloop/worker/run-job.ts";
import { marker, unsigned } from "../../test/support/signing.ts";
import { type Figure, type Part, timed, watchMemory } from "./measure.ts";
import { bareWrites } from "./plans.ts";

const COUNT = RECIPIENT_LIMITS.recipients;
const OWNER = "ann";
/** As much of a video as is looked at where nothing opens it. */
const VIDEO = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypisom"), Buffer.alloc(400)]);
const SURVEY: Survey = {
  film: { width: 64, height: 64, fps: 25, even: true, frames: 50, seconds: 2, begins: 0 },
  sound: { seconds: 2, channels: 1, room: null },
  speech: [{ from: 0, to: 1, loudness: -20 }],
  places: [{ from: 0, to: 1, loudness: -20, marker: null, cut: { from: 0, to: 1 } }],
};

export const recipients: Part = { name: "recipients", figures };

async function figures(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-bench-"));
  try {
    const files = diskFiles({ dir, clock, links: createLocalLinks(Buffer.alloc(32)) });
    const store = { clock, records: diskRecords({ dir, clock }), files, queue: memoryQueue({ clock }) };
    const step = stepper(store, join(dir, "work"));
    const root = await newBatch(store);
    await step(root);
    await endSurvey(store, root);
    // counts that it has ended
    await step(root);
    const memory = watchMemory();
    const cpu = process.cpuUsage();
    const planned = await timed(1, () => step(root));
    const grown = memory.stop();
    const { user, system } = process.cpuUsage(cpu);
    const now = (await store.records.get(OWNER, root.id))?.record;
    if (now?.state !== "waiting" || now.children !== 1 + COUNT) throw new Error(`The batch is ${now?.state}.`);
    const bare = await timed(1, () => bareWrites(dir, JSON.stringify(root).length, COUNT));
    const limit = { name: "bare durable writes", value: bare[0]! / 1000 };
    return [
      { name: "5,000 recipients planned", unit: "s", value: planned[0]! / 1000, target: 10, limit },
      { name: "  processor time for that", unit: "s", value: (user + system) / 1e6, target: null },
      { name: "  memory for that", unit: "MB", value: grown / 1e6, target: 60, note: "highest growth of the process" },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What a worker does with the message of a job. */
function stepper(store: JobStore, workRoot: string): (job: JobRecord) => Promise<void> {
  const serve = new Map(["survey", "insert"].map((kind) => [kind, ["stand-in"]]));
  const engines = { known: [{ name: "stand-in", kinds: [...serve.keys()] }], serve };
  const kinds = createKinds({ presets: new Map(), engines });
  const handlers = createHandlers({ presets: new Map() });
  const log = createLog({ level: "error" });
  const deps = { ...store, kinds, handlers, signer: unsigned, marker, log, processes: null, workRoot, worker: "bench" };
  return async ({ owner, id }) => {
    const { record } = (await store.records.get(owner, id))!;
    await runJob(deps, record, { signal: new AbortController().signal });
  };
}

async function newBatch(store: JobStore): Promise<JobRecord> {
  const id = newId(clock.now());
  const rows = Array.from({ length: COUNT }, (_, n) => `राम ${n},+91 98 ${n},Pune`);
  const put = async (slot: string, type: string, bytes: Buffer) => {
    const key = inputKey(OWNER, id, slot);
    await store.files.put(key, Readable.from([bytes]), { type });
    return [{ key, type, bytes: bytes.length, source: "form" }];
  };
  const storeInputs = async () => ({
    video: await put("video", "video/mp4", VIDEO),
    recipients: await put("recipients", "text/csv", Buffer.from(`name,phone,city\n${rows.join("\n")}\n`)),
  });
  const params = { tier: "gold", text: "{name} from {city}" };
  const job = { id, owner: OWNER, kind: "personalize", queue: "plans", engine: null, estimateSeconds: 1, params };
  return (await createJob(store, { ...job, metadata: {}, storeInputs })).record;
}

async function endSurvey(store: JobStore, root: JobRecord): Promise<void> {
  const id = childId(root.id, 0);
  const token = "bench";
  await updateJob(store, OWNER, id, () => ({ by: "worker", do: "claim", token, worker: "bench", leaseAlive: false }));
  const key = outputKey(OWNER, id, 1, "survey.json");
  const type = "application/json";
  const stored = await store.files.put(key, Readable.from([Buffer.from(JSON.stringify(SURVEY))]), { type });
  const outputs = { survey: { key, attempt: 1, type, bytes: stored.bytes, sha256: stored.sha256 } };
  const result = { outputs, engineVersion: "1", warnings: [], timings: {} };
  await updateJob(store, OWNER, id, () => ({ by: "holder", do: "succeed", token, ...result }));
  await markEnded(store, (await store.records.get(OWNER, id))!.record);
}
