/** Files on every home, each empty and on a clock of the test's. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { s3Files } from "@smileloop/core/files/s3.ts";
import type { Files } from "@smileloop/core/files.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";
import { openBucket } from "./s3.ts";

export type Home = { files: Files; clock: ManualClock; close: () => Promise<void> };

const links = createLocalLinks(Buffer.alloc(32));

export const HOMES: Readonly<Record<string, () => Promise<Home>>> = {
  memory: async () => {
    const clock = manualClock();
    return { files: memoryFiles({ clock, links }), clock, close: async () => {} };
  },
  disk: async () => {
    const dir = await mkdtemp(join(tmpdir(), "smileloop-home-"));
    const clock = manualClock();
    return { files: diskFiles({ dir, clock, links }), clock, close: () => rm(dir, { recursive: true }) };
  },
  S3: async () => {
    const { client, bucket, clock, close } = await openBucket();
    return { files: s3Files({ client, bucket, clock }), clock, close };
  },
};
