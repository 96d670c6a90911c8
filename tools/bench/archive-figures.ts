/**
 * The archive of a batch on the disk home: 1 GB out of a hundred files, in how much memory and time. Beside a copy of as many bytes. Prints
 * figures as JSON.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { systemClock as clock } from "@smileloop/core/clock.ts";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { outputKey } from "@smileloop/core/job/keys.ts";
import { newJobRecord } from "@smileloop/core/job/record.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { createStoreIo } from "@smileloop/worker/job-io.ts";
import { storeArchive } from "@smileloop/worker/kinds/archive.ts";
import { unsigned } from "../../test/support/signing.ts";
import { type Figure, timed, watchMemory } from "./measure.ts";

const FILES = 100;
const FILE_BYTES = 10_000_000;

process.stdout.write(JSON.stringify(await figures()));

async function figures(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-bench-"));
  try {
    const files = diskFiles({ dir, clock, links: createLocalLinks(Buffer.alloc(32)) });
    const id = newId(clock.now());
    const job = { id, owner: "ann", kind: "bench", queue: "plans", engine: null, estimateSeconds: 1, params: {} };
    const record = { ...newJobRecord({ ...job, metadata: {}, inputs: {} }, clock.now()), attempt: 1 };
    const key = outputKey("ann", `${id}.0`, 1, "video.mp4");
    const { bytes } = await files.put(key, Readable.from([Buffer.alloc(FILE_BYTES, "video")]), { type: "video/mp4" });
    const io = createStoreIo({
      signing: unsigned,
      marking: null,
      files,
      record,
      dir: join(dir, "work"),
      signal: new AbortController().signal,
    });
    const entries = Array.from({ length: FILES }, (_, n) => ({ name: `राम (${n}).mp4`, file: { key, bytes } }));
    const memory = watchMemory();
    const cpu = process.cpuUsage();
    const made = await timed(1, () => storeArchive(io, "archive", entries, 0));
    const grown = memory.stop();
    const { user, system } = process.cpuUsage(cpu);
    const copied = await timed(1, async () => copyAll(dir));
    return [
      {
        ...{ name: "archive of 1 GB", unit: "s", value: made[0]! / 1000, target: null },
        limit: { name: "copied", value: copied[0]! / 1000 },
      },
      { name: "  processor time for that", unit: "s", value: (user + system) / 1e6, target: null },
      { name: "  memory for that", unit: "MB", value: grown / 1e6, target: 50, note: "highest growth of the process" },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** As many bytes from one file to another. */
function copyAll(dir: string): void {
  const [from, to] = [join(dir, "copied-from"), join(dir, "copied-to")];
  writeFileSync(from, Buffer.alloc(FILE_BYTES, "video"));
  for (let n = 0; n < FILES; n++) copyFileSync(from, to);
}
