/** Writes records and files in a folder as fast as it can, until it is killed: `disk-writer.ts <dir>`. */
import { systemClock } from "@smileloop/core/clock.ts";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import { newId, newToken } from "@smileloop/core/job/ids.ts";
import { outputKey } from "@smileloop/core/job/keys.ts";
import { newJobRecord } from "@smileloop/core/job/record.ts";
import { diskRecords } from "@smileloop/core/records/disk.ts";
import { openDataDir } from "@smileloop/core/storage/data-dir.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";

const OWNER = "ann";
const [, , path = ""] = process.argv;
const { dir, secret } = await openDataDir(path);
const records = diskRecords({ dir, clock: systemClock });
const files = diskFiles({ dir, clock: systemClock, links: createLocalLinks(secret) });
console.log("ready");

for (;;) {
  const id = newId(Date.now());
  const job = { id, owner: OWNER, kind: "animate", queue: "warp", params: {}, metadata: {}, inputs: {} };
  let stored = await records.create(newJobRecord({ ...job, engine: "warp", estimateSeconds: 1 }, Date.now()));
  for (let attempt = 1; attempt <= 4; attempt++) {
    const written = files.put(outputKey(OWNER, id, attempt, "video.mp4"), body(), { type: "video/mp4" });
    const { record } = stored;
    stored = await records.replace({ ...record, rev: record.rev + 1, write: newToken() }, stored.etag);
    // what was answered must be there afterwards: the parent reads these lines
    console.log(`${id} ${stored.record.rev}`);
    await written;
    console.log(`${id} ${stored.record.rev} ${attempt}`);
  }
}

/** 300 kB, the number of each chunk in all of its bytes. */
async function* body(): AsyncGenerator<Uint8Array> {
  for (let chunk = 1; chunk <= 10; chunk++) yield Buffer.alloc(30_000, chunk);
}
