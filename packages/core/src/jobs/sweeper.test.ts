/** What the sweeper costs and tells, and how it gets on with others; what it does with jobs is in `sweep.test.ts`. */
import { beforeEach, describe, expect, test } from "vitest";
import { type MemoryStore, memoryStore } from "../../../../test/support/memory-store.ts";
import { AppError } from "../errors.ts";
import { newId } from "../job/ids.ts";
import { uploadKey } from "../job/keys.ts";
import { MAX_JOB_LIFE_MS, UPLOAD_LIFE_MS } from "../job/record.ts";
import type { Records, StoredRecord } from "../records.ts";
import { createChild } from "./children.ts";
import { deleteJob } from "./close.ts";
import { FIRST_LOOK_MS, updateJob } from "./jobs.ts";
import { LOOK_AGAIN_MS } from "./looks.ts";
import { runSweeper, sweepOnce } from "./sweep.ts";

const DAY_MS = 24 * 60 * 60_000;
let store: MemoryStore;
beforeEach(() => {
  store = memoryStore();
});

/** The store of a sweeper whose reads of records are preceded or followed by something. */
function reading(around: (read: () => Promise<StoredRecord | null>) => Promise<StoredRecord | null>) {
  const get: Records["get"] = (...args) => around(() => store.records.get(...args));
  return { ...store, records: { ...store.records, get } };
}

const isForgotten = async (key: string) => (await store.records.keys.get("ann", key)) === null;
async function newKey(): Promise<string> {
  const key = "a".repeat(64);
  await store.records.keys.claim("ann", key, { job: newId(store.clock.now()), bodySha256: "1" });
  return key;
}

describe("costs", () => {
  test("a job about which nothing is due is read once in a look", async () => {
    const [, running, canceling, ended, deleted] = await Promise.all([1, 2, 3, 4, 5].map(() => store.newJob()));
    await store.cancel(ended!.id);
    await deleteJob(store, "ann", deleted!.id);
    await store.clock.advance(FIRST_LOOK_MS - 1000);
    for (const { id } of [running!, canceling!]) await store.claimed(id);
    await store.cancel(canceling!.id);
    await store.clock.advance(1000);
    let reads = 0;
    const counted = reading((read) => {
      reads++;
      return read();
    });
    expect(await sweepOnce(counted)).toMatchObject({ looked: 5, sent: 1, closed: 0, expired: 0, failed: 0 });
    expect(reads).toBe(5);
  });

  test("a sweep begins nothing new after 50 seconds", async () => {
    for (let n = 0; n < 70; n++) await store.newJob();
    await store.clock.advance(FIRST_LOOK_MS);
    const queue = { ...store.queue, send: () => store.clock.advance(50_000) };
    expect((await sweepOnce({ ...store, queue })).looked).toBeLessThan(70);
  });

  test("one that is over takes no upload and forgets no key", async () => {
    const key = await newKey();
    await store.put(uploadKey("ann", newId(store.clock.now())));
    await store.newJob();
    await store.clock.advance(DAY_MS + UPLOAD_LIFE_MS);
    for (const options of [{ signal: AbortSignal.abort() }, { maxMs: 0 }]) {
      expect(await sweepOnce(store, options)).toMatchObject({ looked: 0, uploads: 0 });
      expect(await isForgotten(key)).toBe(false);
    }
    expect(await sweepOnce(store, { forgetKeys: false })).toMatchObject({ looked: 1, uploads: 1 });
    expect(await isForgotten(key)).toBe(false);
    await sweepOnce(store);
    expect(await isForgotten(key)).toBe(true);
  });

  test("all keys are looked at when the sweeper starts, and then each half an hour", async () => {
    const forgotAtMinute: number[] = [];
    const startedMs = store.clock.now();
    const forget = async () => void forgotAtMinute.push((store.clock.now() - startedMs) / 60_000);
    const records = { ...store.records, keys: { ...store.records.keys, forget } };
    const stop = new AbortController();
    const running = runSweeper({ ...store, records }, { signal: stop.signal });
    await store.clock.advance(0);
    await store.clock.advance(70 * 60_000);
    stop.abort();
    await running;
    expect(forgotAtMinute).toEqual([0, 30, 60]);
  });
});

describe("tells", () => {
  async function lines(from: MemoryStore, forMs: number) {
    const stop = new AbortController();
    const running = runSweeper(from, { signal: stop.signal });
    await store.clock.advance(0);
    await store.clock.advance(forMs);
    stop.abort();
    await running;
    return store.lines.map(({ level, event }) => `${level}: ${event}`);
  }

  test("of a sweep that has done something, and of others only who wants to know all", async () => {
    await store.newJob();
    await store.clock.advance(FIRST_LOOK_MS - 60_000);
    expect(await lines(store, 2 * 60_000)).toEqual(["debug: swept", "info: swept", "debug: swept"]);
  });

  test("nothing bad of another machine that sweeps now", async () => {
    await store.records.notes.put("sweep", "another's", null);
    expect(await lines(store, 0)).toEqual(["debug: swept"]);
  });

  test("of what failed: which job, and why; the sweeper goes on", async () => {
    const { id } = await store.newJob();
    await store.clock.advance(FIRST_LOOK_MS);
    const away = reading(() => Promise.reject(new AppError("storage_unavailable", "It does not answer.")));
    expect(await sweepOnce(away)).toMatchObject({ looked: 1, failed: 1 });
    expect(store.lines).toMatchObject([
      { level: "error", event: "sweep_failed", jobId: id, err: { message: "It does not answer." } },
    ]);
    store.lines.length = 0;
    const notes = { ...store.records.notes, get: () => Promise.reject(new AppError("storage_unavailable", "No.")) };
    expect(await lines({ ...store, records: { ...store.records, notes } }, 60_000)).toEqual([
      ...["error: sweep_failed", "error: sweep_failed"],
    ]);
  });
});

describe("others at work", () => {
  /** A sweep after this has happened between its read of the job and its write. */
  async function sweptWhile(happens: (stored: StoredRecord) => Promise<unknown>) {
    let first = true;
    return sweepOnce(
      reading(async (read) => {
        const stored = await read();
        if (first && stored) {
          first = false;
          await happens(stored);
        }
        return stored;
      }),
    );
  }

  test("a job that its worker has just ended is not ended again", async () => {
    const { id } = await store.newJob();
    await store.claimed(id);
    await store.cancel(id);
    await store.clock.advance(FIRST_LOOK_MS);
    const swept = await sweptWhile(() =>
      updateJob(store, "ann", id, () => ({ by: "holder", token: "mine", do: "cancelDone" })),
    );
    expect(swept).toMatchObject({ looked: 1, closed: 0, failed: 0 });
    expect(await store.read(id)).toMatchObject({ state: "canceled", attempt: 1 });
  });

  test("one that was written just now is judged by that", async () => {
    const { id } = await store.newJob();
    await store.claimed(id);
    await store.cancel(id);
    await store.clock.advance(FIRST_LOOK_MS);
    const swept = await sweptWhile(({ record, etag }) =>
      store.records.replace({ ...record, rev: record.rev + 1, write: "another's" }, etag),
    );
    expect(swept).toMatchObject({ looked: 1, closed: 0, failed: 0 });
    expect((await store.read(id)).state).toBe("canceling");
  });

  test("one that is deleted at its deadline stays deleted", async () => {
    const { id } = await store.newJob();
    await store.clock.advance(MAX_JOB_LIFE_MS);
    const swept = await sweptWhile(() => updateJob(store, "ann", id, () => ({ by: "api", do: "delete" })));
    expect(swept).toMatchObject({ looked: 1, closed: 0, expired: 0, failed: 0 });
    expect((await store.read(id)).state).toBe("deleted");
  });
});

test("a part of a plan whose message was lost has it again; one that is worked on has not", async () => {
  const plan = await store.newJob({ kind: "plan", queue: "plans", engine: null });
  const { record: root } = await store.claimed(plan.id);
  const child = { kind: "animate", queue: "warp", engine: "warp", estimateSeconds: 1, params: {}, metadata: {} };
  const parts = [];
  for (const index of [0, 1])
    parts.push(await createChild(store, root, index, { ...child, storeInputs: async () => ({}) }));
  await store.messages("warp");
  await store.clock.advance(FIRST_LOOK_MS);
  const [lost, working] = parts.map(({ record }) => record.id);
  await store.claimed(working!);
  await store.claimed(root.id);
  expect(await sweepOnce(store)).toMatchObject({ looked: 3, sent: 1 });
  expect(await store.messages("warp")).toEqual([lost]);
  expect(await sweepOnce(store)).toMatchObject({ looked: 0 });
  await store.clock.advance(LOOK_AGAIN_MS);
  expect(await sweepOnce(store)).toMatchObject({ looked: 3, sent: 3 });
});

test("a part that is canceled because its plan has ended is looked at again in five minutes", async () => {
  const plan = await store.newJob({ kind: "plan", queue: "plans", engine: null });
  const { record: root } = await store.claimed(plan.id);
  const child = { kind: "animate", queue: "warp", engine: "warp", estimateSeconds: 1, params: {}, metadata: {} };
  await createChild(store, root, 0, { ...child, storeInputs: async () => ({}) });
  await store.cancel(root.id);
  await store.clock.advance(FIRST_LOOK_MS);
  expect(await sweepOnce(store)).toMatchObject({ looked: 2, closed: 2 });
  expect(await sweepOnce(store)).toMatchObject({ looked: 0 });
});
