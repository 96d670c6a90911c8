/** When the sweeper looks at a job whose record can't be read, and what it then does. What becomes of it in the end is in `damaged.test.ts`. */
import { beforeEach, expect, test } from "vitest";
import { collect } from "../../../../test/conformance/cases.ts";
import { type MemoryStore, memoryStore } from "../../../../test/support/memory-store.ts";
import { childId } from "../job/ids.ts";
import { inputKey } from "../job/keys.ts";
import type { JobRecord } from "../job/record.ts";
import { createChild } from "./children.ts";
import { sweepOnce } from "./sweep.ts";

const MINUTE_MS = 60_000;
let store: MemoryStore;
let madeMs: number;
beforeEach(() => {
  store = memoryStore();
  madeMs = store.clock.now();
});

async function damage(id: string): Promise<void> {
  const { record, etag } = (await store.records.get("ann", id))!;
  await store.records.replace({ ...record, rev: record.rev + 1, state: "broken" as "queued" }, etag);
}

/** Minutes from the start to the job's next look; null without one. */
async function nextLook(id: string): Promise<number | null> {
  const timers = await collect(store.records.timers.due(Number.POSITIVE_INFINITY));
  const timer = timers.find((one) => one.id === id);
  return timer ? (timer.atMs - madeMs) / MINUTE_MS : null;
}

async function sweepAt(minutes: number, of = store as Parameters<typeof sweepOnce>[0]) {
  await store.clock.advance(madeMs + minutes * MINUTE_MS - store.clock.now());
  return sweepOnce(of);
}

/** A plan with a child, whose record can't be read. */
async function damagedChild(): Promise<{ root: JobRecord; id: string }> {
  const { id: rootId } = await store.newJob({ engine: null });
  const root = (await store.claimed(rootId)).record;
  const job = { owner: "ann", kind: "animate", queue: "warp", engine: "warp", estimateSeconds: 1 };
  await createChild(store, root, 0, { ...job, params: {}, metadata: {}, storeInputs: async () => ({}) });
  const id = childId(rootId, 0);
  await store.put(inputKey("ann", id, "image"));
  await damage(id);
  return { root, id };
}

test("it is looked at each half hour at the latest, when its hour ends, and an hour after its files went", async () => {
  const { id } = await store.newJob();
  await store.put(inputKey("ann", id, "image"));
  await damage(id);
  expect(await nextLook(id)).toBe(5);
  expect(await sweepAt(5)).toMatchObject({ looked: 1, purged: 0 });
  expect(await nextLook(id)).toBe(35);
  await sweepAt(35);
  expect(await nextLook(id)).toBe(60);
  expect(await sweepAt(60)).toMatchObject({ looked: 1, purged: 1, failed: 0 });
  expect(await store.keys()).toEqual([]);
  expect(await nextLook(id)).toBe(120);
});

test("a record that is restored while the sweeper looks keeps its files", async () => {
  const { id } = await store.newJob();
  await store.put(inputKey("ann", id, "image"));
  const { record } = (await store.records.get("ann", id))!;
  await damage(id);
  for (const minutes of [5, 35]) await sweepAt(minutes);
  let looks = 0;
  const get: typeof store.records.get = async (...args) => {
    const found = await store.records.get(...args).catch((error: unknown) => error as Error);
    if (looks++ === 0) {
      await store.records.remove("ann", id);
      await store.records.create(record);
    }
    if (found instanceof Error) throw found;
    return found;
  };
  const restoring = { ...store, records: { ...store.records, get } };
  expect(await sweepAt(60, restoring)).toMatchObject({ looked: 1, purged: 0, failed: 0 });
  expect(await store.keys()).toEqual([inputKey("ann", id, "image")]);
  expect((await store.read(id)).state).toBe("queued");
  expect(await nextLook(id)).toBe(65);
});

test("a child has failed while its root lives, and is then looked at no more", async () => {
  const { root, id } = await damagedChild();
  expect(await sweepAt(5)).toMatchObject({ closed: 1, failed: 0 });
  expect((await store.read(id)).state).toBe("failed");
  expect(await nextLook(id)).toBeNull();
  expect(await nextLook(root.id)).not.toBeNull();
});

test("a child of a root that has ended stays as it is until the root takes it along", async () => {
  const { root, id } = await damagedChild();
  await store.cancel(root.id);
  const { record, etag } = (await store.records.get("ann", root.id))!;
  const ended = {
    state: "canceled",
    claim: null,
    ended_at: store.clock.now(),
    expires_at: madeMs + 60 * MINUTE_MS,
  } as const;
  await store.records.replace({ ...record, ...ended, rev: record.rev + 1 }, etag);
  expect(await sweepAt(5)).toMatchObject({ closed: 0, removed: 0, failed: 0 });
  await expect(store.read(id)).rejects.toMatchObject({ code: "record_unreadable" });
  expect(await nextLook(id)).toBe(10);
});

test("a child whose root is gone goes with its files, and is looked for once more", async () => {
  const { root, id } = await damagedChild();
  await store.records.remove("ann", root.id);
  expect(await sweepAt(5)).toMatchObject({ removed: 1, failed: 0 });
  expect(await store.records.get("ann", id)).toBeNull();
  expect(await store.keys()).toEqual([]);
  expect(await nextLook(id)).toBe(10);
});

test("a storage that fails while the root is read is no sign that it ended", async () => {
  const { root, id } = await damagedChild();
  const get: typeof store.records.get = async (owner, job) => {
    if (job === root.id) throw new Error("no reply");
    return store.records.get(owner, job);
  };
  // the root's own look fails, too
  expect(await sweepAt(5, { ...store, records: { ...store.records, get } })).toMatchObject({ failed: 2, closed: 0 });
  await expect(store.read(id)).rejects.toMatchObject({ code: "record_unreadable" });
});
