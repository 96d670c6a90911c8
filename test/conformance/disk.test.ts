import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import { jobPrefix } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { diskRecords } from "@smileloop/core/records/disk.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { manualClock } from "../support/manual-clock.ts";
import { collect } from "./cases.ts";
import { filesSuite } from "./files.ts";
import { recordsSuite } from "./records.ts";

const links = createLocalLinks(Buffer.alloc(32));

async function folder() {
  const dir = await mkdtemp(join(tmpdir(), "smileloop-"));
  return { dir, close: () => rm(dir, { recursive: true }) };
}

recordsSuite("disk", async () => {
  const { dir, close } = await folder();
  const clock = manualClock();
  const damage = ({ owner, id, rev }: JobRecord, text: string) =>
    writeFile(join(dir, jobPrefix(owner, id), `job.${rev}.json`), text);
  return { records: diskRecords({ dir, clock }), clock, damage, close };
});

filesSuite("disk", async () => {
  const { dir, close } = await folder();
  const clock = manualClock();
  const files = diskFiles({ dir, clock, links });
  const leftovers = async () => {
    const listed = (await collect(files.list(""))).map(({ key }) => key);
    const names = await readdir(dir, { recursive: true });
    return names.filter((name) => name !== "tmp" && !listed.some((key) => key === name || key.startsWith(`${name}/`)));
  };
  return { files, clock, leftovers, close };
});
