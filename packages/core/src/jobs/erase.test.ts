/** Nothing that names an owner is left after an erasure and a day, on any home. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { type ManualClock, manualClock } from "../../../../test/support/manual-clock.ts";
import { openBucket } from "../../../../test/support/s3.ts";
import { createAudit } from "../audit/audit-log.ts";
import { checkAudit } from "../audit/check.ts";
import { diskAudit } from "../audit/disk.ts";
import { storedAudit } from "../audit/stored.ts";
import type { AuditStore } from "../audit.ts";
import { diskFiles } from "../files/disk.ts";
import { s3Files } from "../files/s3.ts";
import { newId } from "../job/ids.ts";
import { cacheKey, inputKey, uploadKey } from "../job/keys.ts";
import { createLog } from "../log.ts";
import { memoryQueue } from "../queue/memory.ts";
import { diskRecords } from "../records/disk.ts";
import { s3Records } from "../records/s3.ts";
import { createLocalLinks } from "../storage/local-links.ts";
import { eraseOwner } from "./erase.ts";
import { createJob, type JobStore, sha256Hex } from "./jobs.ts";
import { sweepOnce } from "./sweep.ts";

const log = createLog({ level: "silent" });
const DAY_MS = 24 * 60 * 60_000;

type Home = {
  store: JobStore & { clock: ManualClock };
  audit: AuditStore;
  /** Everything that is stored, names and contents. */
  all: () => Promise<string>;
  close: () => Promise<void>;
};
const HOMES: Record<string, () => Promise<Home>> = {
  disk: async () => {
    const dir = await mkdtemp(join(tmpdir(), "smileloop-erase-"));
    const clock = manualClock();
    const files = diskFiles({ dir, clock, links: createLocalLinks(Buffer.alloc(32)) });
    const audit = diskAudit({ dir, log });
    const all = async () => {
      const names = await readdir(dir, { recursive: true });
      const texts = names.map((name) => readFile(join(dir, name), "latin1").catch(() => ""));
      return [...names, ...(await Promise.all(texts))].join("\n");
    };
    const store = { records: diskRecords({ dir, clock, log }), files, queue: memoryQueue({ clock }), clock };
    const close = async () => {
      await audit.close();
      await rm(dir, { recursive: true });
    };
    return { store: { ...store, audit: createAudit({ store: audit, files, clock, log }) }, audit, all, close };
  },
  S3: async () => {
    const { client, bucket, clock, close, double } = await openBucket();
    const [files, records] = [s3Files({ client, bucket, clock }), s3Records({ client, bucket, clock, log })];
    const audit = storedAudit({ files, notes: records.notes });
    const store = { records, files, queue: memoryQueue({ clock }), clock };
    const all = async () =>
      double.store
        .keys()
        .flatMap((key) => [key, double.store.get(key)?.body.toString("latin1")])
        .join("\n");
    return { store: { ...store, audit: createAudit({ store: audit, files, clock, log }) }, audit, all, close };
  },
};

describe.each(Object.entries(HOMES))("on %s", (_, open) => {
  let home: Home;
  afterEach(() => home.close());

  test("everything of the owner goes, nothing of others, and the audit still holds together", async () => {
    home = await open();
    const { store, audit, all } = home;
    for (const owner of ["ann-the-owner", "ben-the-owner"]) await use(store, owner);
    expect(await all()).toMatch(/ann-the-owner/);
    expect(await eraseOwner(store, "ann-the-owner")).toEqual({ jobs: 2, uploads: 1 });
    // again, for whom it failed half-way
    expect(await eraseOwner(store, "ann-the-owner")).toEqual({ jobs: 0, uploads: 0 });
    await store.clock.advance(61 * 60_000);
    await sweepOnce(store);
    await store.clock.advance(DAY_MS);
    await sweepOnce(store);
    const left = await all();
    expect(left).not.toMatch(/ann-the-owner/);
    expect(left).toMatch(/ben-the-owner/);
    const report = await checkAudit(audit, "trust");
    expect(report.faults).toEqual([]);
    expect(report.lines).toBeGreaterThanOrEqual(3);
  });
});

async function use(store: JobStore, owner: string): Promise<void> {
  const { clock, files, audit } = store;
  const put = (key: string) => files.put(key, Readable.from([Buffer.from("data")]), { type: "image/jpeg" });
  await put(uploadKey(owner, newId(clock.now())));
  await put(cacheKey({ untilMs: clock.now() + 3600_000, owner, sha256: sha256Hex(owner) }));
  for (const idempotency of [undefined, { keySha256: sha256Hex("key"), bodySha256: sha256Hex("body") }]) {
    const { record } = await createJob(store, {
      ...{ owner, kind: "animate", queue: "warp", engine: "warp", idempotency },
      ...{ estimateSeconds: 1, params: {}, metadata: {}, storeInputs: async () => ({}) },
    });
    await put(inputKey(owner, record.id, "image"));
    await audit?.write({ kind: "consent", owner, details: { job: record.id } });
  }
}
