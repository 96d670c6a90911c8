/** The temporary storage of a command: records and queue in memory, files there or in a folder. */
import { createReadStream } from "node:fs";
import { systemClock } from "@smileloop/core/clock.ts";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { inputKey } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createJob, type JobStore } from "@smileloop/core/jobs/jobs.ts";
import { type Submission, workOf } from "@smileloop/core/jobs/submission.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { memoryRecords } from "@smileloop/core/records/memory.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import type { InputFile } from "./input-file.ts";
import type { InputFiles } from "./local-asked.ts";

export const OWNER = "local";

/** `dir`: where the files are; absent: in memory. */
export function openStore(dir?: string): JobStore {
  const clock = systemClock;
  const links = createLocalLinks(new Uint8Array(32));
  const files = dir === undefined ? memoryFiles({ clock, links }) : diskFiles({ dir, clock, links });
  return { records: memoryRecords({ clock }), files, queue: memoryQueue({ clock }), clock };
}

/** Creates the job; answers its id. */
export async function submitLocal(store: JobStore, submission: Submission, files: InputFiles): Promise<string> {
  const { kind, params, engine } = submission;
  const { record } = await createJob(store, {
    owner: OWNER,
    kind: kind.name,
    ...workOf(submission, files),
    engine,
    params: (jobId) => kind.resolveParams(params, jobId),
    metadata: {},
    storeInputs: (id) => storeInputs(store, id, files),
  });
  return record.id;
}

async function storeInputs(
  store: JobStore,
  id: string,
  files: Record<string, InputFile[]>,
): Promise<JobRecord["inputs"]> {
  const inputs: JobRecord["inputs"] = {};
  for (const [slot, list] of Object.entries(files)) {
    inputs[slot] = [];
    for (const [nth, { path, type, bytes }] of list.entries()) {
      const key = inputKey(OWNER, id, slot, nth);
      const { sha256 } = await store.files.put(key, createReadStream(path), { type, bytes });
      inputs[slot].push({ key, type, bytes, sha256, source: "file" });
    }
  }
  return inputs;
}
