import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeOf, collect } from "../../../../test/conformance/cases.ts";
import { newRecord } from "../../../../test/conformance/records.ts";
import { openBucket } from "../../../../test/support/s3.ts";
import { createS3Client, s3Files } from "../files/s3.ts";
import { childId, newId } from "../job/ids.ts";
import { timerKey } from "../job/keys.ts";
import { createJob, updateJob } from "../jobs/jobs.ts";
import { memoryQueue } from "../queue/memory.ts";
import type { Records } from "../records.ts";
import { s3Records } from "./s3.ts";

let home: Awaited<ReturnType<typeof openBucket>>;
let records: Records;
beforeEach(async () => {
  home = await openBucket();
  records = s3Records(home);
});
afterEach(() => home.close());

const next = (record: ReturnType<typeof newRecord>) => ({ ...record, rev: record.rev + 1, write: "next" });
const jobStore = () => ({ records, files: s3Files(home), queue: memoryQueue(home), clock: home.clock });
const newJob = (id?: string) => ({
  ...(id ? { id } : {}),
  ...{ owner: "ann", kind: "animate", queue: "warp", params: {}, metadata: {}, engine: "warp", estimateSeconds: 1 },
  storeInputs: async () => ({}),
});

describe("records in S3", () => {
  it("find more children than one list tells", async () => {
    const { record } = await records.create(newRecord(home.clock.now()));
    const ids = Array.from({ length: 1005 }, (_, n) => childId(record.id, n));
    for (const id of ids) await records.create(newRecord(home.clock.now(), "ann", id));
    expect(await records.children("ann", record.id)).toEqual(ids.map((_, n) => n));
  });

  it.each([
    ["a conflict", ["conflict", "conflict"]],
    ["an error of S3", ["internal"]],
    ["too many requests", ["slow_down"]],
    ["a connection that is cut before", ["cut"]],
  ] as const)("are written after %s", async (_, faults) => {
    const { record, etag } = await records.create(newRecord(home.clock.now()));
    home.double.faults.add("PutObject", [...faults]);
    const stored = await records.replace(next(record), etag);
    expect((await records.get("ann", record.id))?.etag).toBe(stored.etag);
    expect(home.double.faults.left).toBe(0);
  });

  it.each(["lost_reply", "late_error"] as const)("meet their own write after a %s", async (fault) => {
    const { record, etag } = await records.create(newRecord(home.clock.now()));
    home.double.faults.add("PutObject", [fault]);
    expect(await codeOf(() => records.replace(next(record), etag))).toBe("precondition_failed");
    expect((await records.get("ann", record.id))?.record.write).toBe("next");

    home.double.faults.add("PutObject", [fault], record.id);
    const changed = await updateJob(jobStore(), "ann", record.id, () => ({ by: "api", do: "cancel" }));
    expect(changed).toMatchObject({ refused: null, stored: { record: { state: "canceled", rev: 3 } } });
  });

  it("are created once although the reply is lost, and so is what the key stands for", async () => {
    home.double.faults.add("PutObject", ["lost_reply"], "idempotency/");
    home.double.faults.add("PutObject", ["lost_reply"], "job.json");
    home.double.faults.add("PutObject", ["lost_reply"], "due/");
    const idempotency = { keySha256: "ab".repeat(32), bodySha256: "b" };
    const created = await createJob(jobStore(), { ...newJob(), idempotency });
    expect(created.replayed).toBe(false);
    expect(await createJob(jobStore(), { ...newJob(), idempotency })).toMatchObject({
      replayed: true,
      record: { id: created.record.id, rev: 1 },
    });
    expect(home.double.faults.left).toBe(0);
  });

  it("tell that the outcome is unknown when S3 is away", async () => {
    const { record, etag } = await records.create(newRecord(home.clock.now()));
    home.double.faults.decide(() => "internal");
    expect(await codeOf(() => records.replace(next(record), etag))).toBe("storage_unavailable");
    expect(await codeOf(() => records.get("ann", record.id))).toBe("storage_unavailable");
  });

  it("send etags without quotes", async () => {
    const { record, etag } = await records.create(newRecord(home.clock.now()));
    await records.replace(next(record), etag);
    const sent = home.double.seen.flatMap(({ headers }) => headers["if-match"] ?? []);
    expect(sent).toEqual([etag]);
    expect(etag).toMatch(/^[0-9a-f]{32}$/);
  });

  it("say so when the role may not see that a record is missing", async () => {
    const blind = {
      accessKeyId: "BLIND",
      secretAccessKey: "s",
      allows: (action: string) => action !== "s3:ListBucket",
    };
    const bucket = await openBucket({ roles: [blind] });
    const seen = s3Records({ ...bucket, client: bucket.clientOf(blind) });
    await expect(seen.get("ann", newId(bucket.clock.now()))).rejects.toMatchObject({
      code: "internal",
      message: expect.stringContaining("s3:ListBucket"),
    });
    const { record } = await seen.create(newRecord(bucket.clock.now()));
    expect((await seen.get("ann", record.id))?.record).toEqual(record);
    await bucket.close();
  });

  it("have the age that the storage says, whatever this machine's clock", async () => {
    await home.clock.advance(3_600_000);
    const { record } = await records.create(newRecord(home.clock.now()));
    await home.clock.advance(42_000);
    expect((await records.get("ann", record.id))?.ageMs).toBe(42_000);
  });

  it("keep away from a storage of others' keys", async () => {
    const credentials = { accessKeyId: "AKIDADMIN", secretAccessKey: "wrong" };
    const client = createS3Client({ region: "us-east-1", endpoint: home.double.endpoint, credentials });
    const wrong = s3Records({ ...home, client });
    expect(await codeOf(() => wrong.get("ann", newId(home.clock.now())))).toBe("internal");
    client.destroy();
  });

  it("walk thousands of timers page by page, and look at no page that cannot be due", async () => {
    const at = Math.ceil(home.clock.now() / 1000) * 1000;
    const timers = Array.from({ length: 2500 }, (_, i) => ({ atMs: at + i * 1000, owner: "ann", id: newId(at) }));
    for (const timer of timers) {
      home.double.store.put(timerKey(timer), { body: Buffer.alloc(0), type: "", metadata: {} }, {});
    }
    expect(await collect(records.timers.due(at + 9999))).toEqual(timers.slice(0, 10));
    expect(home.double.seen.length).toBe(1);
    expect(await collect(records.timers.due(Number.POSITIVE_INFINITY))).toEqual(timers);
    expect(home.double.seen.length).toBe(4);
  });

  it("are seen by whoever waits on another machine", async () => {
    const { record, etag } = await records.create(newRecord(home.clock.now()));
    const waiting = records.changed("ann", record.id, 1, new AbortController().signal);
    await expect.poll(() => home.clock.sleepers, { interval: 2 }).toBe(1);
    await s3Records(home).replace(next(record), etag);
    await home.clock.advance(1000);
    await waiting;
  });
});
