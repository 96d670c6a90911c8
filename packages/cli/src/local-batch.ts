/**
 * A plan of a command, in the command's own process: one worker for the plan, one for its parts, whose files are handed over as they
 * come. Files lie in a folder that the caller removes.
 */
import { join } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import { childId } from "@smileloop/core/job/ids.ts";
import { endedNumberOf, endedPrefix } from "@smileloop/core/job/keys.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import type { JobStore } from "@smileloop/core/jobs/jobs.ts";
import type { Submission } from "@smileloop/core/jobs/submission.ts";
import type { Kinds } from "@smileloop/core/kinds/kind.ts";
import { createLog } from "@smileloop/core/log.ts";
import type { Handlers } from "@smileloop/worker/kinds/handler.ts";
import type { Marker } from "@smileloop/worker/marking/marker.ts";
import type { Signer } from "@smileloop/worker/signing/signer.ts";
import { createWorker } from "@smileloop/worker/worker.ts";
import type { WorkerSetup } from "../../../functions/engines/engine.ts";
import { PLAN_WORKER } from "../../../functions/engines/index.ts";
import type { InputFiles } from "./local-asked.ts";
import { OWNER, openStore, submitLocal } from "./local-store.ts";

type LocalBatch = {
  submission: Submission;
  files: InputFiles;
  kinds: Kinds;
  handlers: Handlers;
  signer: Signer;
  marker: Marker;
  /** Of the worker that does the parts. */
  setup: WorkerSetup;
  folder: string;
  signal: AbortSignal;
  /** Told of each part that has ended, once. Its files go when this resolves. */
  onEnded: (child: JobRecord, store: JobStore) => Promise<void>;
};

/** Resolves when all of it is done. Throws what the plan failed with, and the signal's reason; by then no process is left. */
export async function runBatch(batch: LocalBatch): Promise<void> {
  const { submission, files, kinds, handlers, signer, marker, setup, folder, signal } = batch;
  const store = openStore(join(folder, "files"));
  const shared = { ...store, log: createLog({ level: "silent" }), kinds, handlers, signer, marker };
  const workers = [
    createWorker({ ...shared, ...setup, workRoot: join(folder, "work") }),
    createWorker({ ...shared, ...PLAN_WORKER, workRoot: join(folder, "plans") }),
  ];
  const working = workers.map((worker) => worker.run(signal));
  let take = async () => {};
  try {
    const id = await submitLocal(store, submission, files);
    take = takerOf(store, id, batch.onEnded);
    await follow(store, id, signal, take);
  } finally {
    await Promise.all(workers.map((worker) => worker.stop({ graceMs: 0 })));
    await Promise.all(working);
    // what ended while they stopped
    await take();
  }
}

/** Hands over the parts that have ended since it was called last. */
function takerOf(store: JobStore, root: string, onEnded: LocalBatch["onEnded"]): () => Promise<void> {
  const taken = new Set<number>();
  return async () => {
    for await (const { key } of store.files.list(endedPrefix(OWNER, root))) {
      const index = endedNumberOf(key);
      if (index === null || taken.has(index)) continue;
      taken.add(index);
      const stored = await store.records.get(OWNER, childId(root, index));
      if (stored) await onEnded(stored.record, store);
    }
  };
}

async function follow(store: JobStore, id: string, signal: AbortSignal, onChange: () => Promise<void>): Promise<void> {
  for (;;) {
    const stored = await store.records.get(OWNER, id);
    if (!stored) throw new AppError("internal", "The job was lost.");
    const { record } = stored;
    await onChange();
    if (record.state === "succeeded") return;
    if (isEnded(record.state)) {
      throw new AppError(record.error?.code ?? "internal", record.error?.detail ?? `The job ended as ${record.state}.`);
    }
    signal.throwIfAborted();
    await store.records.changed(OWNER, id, record.rev, signal);
  }
}
