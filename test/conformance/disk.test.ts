import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import { idempotencyKey, jobPrefix, uploadKey } from "@smileloop/core/job/keys.ts";
import { type JobRecord, UPLOAD_LIFE_MS } from "@smileloop/core/job/record.ts";
import { UnreadableRecord } from "@smileloop/core/job/unreadable.ts";
import { sweepOnce } from "@smileloop/core/jobs/sweep.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { diskRecords } from "@smileloop/core/records/disk.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manualClock } from "../support/manual-clock.ts";
import { codeOf, collect } from "./cases.ts";
import { filesSuite } from "./files.ts";
import { newRecord, recordsSuite } from "./records.ts";

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

describe("what is damaged on disk", () => {
  let dir: string;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ dir, close } = await folder());
  });
  afterEach(() => close());

  it("may be a folder in a record's place: it is replaced and removed like any other", async () => {
    const clock = manualClock();
    const records = diskRecords({ dir, clock });
    const { record } = await records.create(newRecord(clock.now()));
    const path = join(dir, jobPrefix("ann", record.id), "job.1.json");
    await rm(path);
    await mkdir(join(path, "below"), { recursive: true });
    const error = await records.get("ann", record.id).catch((error: unknown) => error);
    if (!(error instanceof UnreadableRecord)) throw error;
    await records.replace({ ...record, rev: 2, write: "mended" }, error.damage.etag);
    expect(await readdir(join(dir, jobPrefix("ann", record.id)))).toEqual(["job.2.json"]);
    await mkdir(join(dir, jobPrefix("ann", record.id), "job.3.json"));
    await records.remove("ann", record.id);
    expect(await records.get("ann", record.id)).toBeNull();
  });

  it("may be what an Idempotency-Key stands for: no second job is made for it", async () => {
    const records = diskRecords({ dir, clock: manualClock() });
    const hash = "ab".repeat(32);
    const entry = { job: "a", bodySha256: "b" };
    await records.keys.claim("ann", hash, entry);
    await writeFile(join(dir, idempotencyKey("ann", hash)), '{"job":');
    expect(await codeOf(() => records.keys.get("ann", hash))).toBe("record_unreadable");
    expect(await codeOf(() => records.keys.claim("ann", hash, entry))).toBe("record_unreadable");
  });

  it("may be an upload: nobody can use it, and it is deleted after its hour", async () => {
    const clock = manualClock();
    const store = { records: diskRecords({ dir, clock }), files: diskFiles({ dir, clock, links }) };
    const [damaged, whole] = [uploadKey("ann", newId(clock.now())), uploadKey("ann", newId(clock.now()))];
    for (const key of [damaged, whole]) {
      await store.files.put(key, Readable.from([Buffer.from("data")]), { type: "image/png" });
    }
    await truncate(join(dir, damaged), 100);
    expect(await codeOf(() => store.files.get(damaged))).toBe("not_found");
    await clock.advance(UPLOAD_LIFE_MS);
    expect(await sweepOnce({ ...store, clock, queue: memoryQueue({ clock }) })).toMatchObject({
      uploads: 2,
      failed: 0,
    });
    expect((await readdir(dir, { recursive: true })).filter((name) => name.startsWith("uploads"))).toEqual([]);
  });
});
