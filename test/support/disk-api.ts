/** An API on disk as a process of its own, to be measured from outside. Says where it is, and ends with its stdin. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@smileloop/core/clock.ts";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { lipsyncApi } from "./lipsync.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-disk-"));
const files = diskFiles({ dir, clock: systemClock, links: createLocalLinks(Buffer.alloc(32)) });
const api = lipsyncApi({ maxFormFileBytes: 500_000_000 }, { files });
await api.listen();
console.log(JSON.stringify({ port: Number(new URL(api.url).port), dir }));
process.stdin.resume().on("end", () => {
  rmSync(dir, { recursive: true, force: true });
  process.exit(0);
});
