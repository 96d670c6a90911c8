import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { codeOf, collect } from "../../../../test/conformance/cases.ts";
import { type ManualClock, manualClock } from "../../../../test/support/manual-clock.ts";
import { openBucket } from "../../../../test/support/s3.ts";
import { AppError } from "../errors.ts";
import { diskFiles } from "../files/disk.ts";
import { memoryFiles } from "../files/memory.ts";
import { s3Files } from "../files/s3.ts";
import type { Change } from "../job/change.ts";
import { childId } from "../job/ids.ts";
import { endedKey, endedPrefix, inputKey, outputKey } from "../job/keys.ts";
import { endedSum } from "../job/progress.ts";
import { type JobRecord, RESULT_LIFE_MS, TOMBSTONE_LIFE_MS } from "../job/record.ts";
import { memoryQueue } from "../queue/memory.ts";
import { diskRecords } from "../records/disk.ts";
import { memoryRecords } from "../records/memory.ts";
import { s3Records } from "../records/s3.ts";
import { createLocalLinks } from "../storage/local-links.ts";
import { cancelChild, cancelChildren, createChild, livingRoot, type NewChild, purgeJob } from "./children.ts";
import { cancelJob, deleteJob } from "./close.ts";
import { createJob, FIRST_LOOK_MS, type JobStore, updateJob } from "./jobs.ts";
import { LATE_WRITERS_MS, LOOK_AGAIN_MS } from "./looks.ts";
import { recover } from "./recover.ts";
import { sweepOnce } from "./sweep.ts";
import { countEnded, endedChildren, markEnded, wakeRoot } from "./waiting.ts";

/** `leftovers`: everything that the storage still holds. */
type Store = JobStore & { clock: ManualClock; leftovers(): Promise<string[]> };
const closing: (() => unknown)[] = [];
const links = createLocalLinks(Buffer.alloc(32));

function memoryStore(): Store {
  const clock = manualClock();
  const files = memoryFiles({ clock, links });
  const leftovers = async () => (await collect(files.list(""))).map(({ key }) => key);
  return { clock, queue: memoryQueue({ clock }), records: memoryRecords({ clock }), files, leftovers };
}

function diskStore(): Store {
  const clock = manualClock();
  const dir = mkdtempSync(join(tmpdir(), "smileloop-"));
  closing.push(() => rmSync(dir, { recursive: true }));
  const leftovers = async () =>
    (await readdir(dir, { recursive: true })).filter((name) => name !== "tmp" && name !== "reserve");
  const queue = memoryQueue({ clock });
  return { clock, queue, records: diskRecords({ dir, clock }), files: diskFiles({ dir, clock, links }), leftovers };
}

async function s3Store(): Promise<Store> {
  const home = await openBucket();
  closing.push(home.close);
  const { clock, double } = home;
  const leftovers = async () => double.store.keys();
  return { clock, queue: memoryQueue({ clock }), records: s3Records(home), files: s3Files(home), leftovers };
}

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const claim = { by: "worker", do: "claim", token: "t", worker: "w", leaseAlive: false } as const;
const holder = { by: "holder", token: "t" } as const;
const RESULT = { outputs: {}, engineVersion: null, warnings: [], timings: {} };
const NEW = { owner: "ann", kind: "draw_all", queue: "plans", engine: null, estimateSeconds: 0, params: {} };

async function put({ files }: JobStore, key: string): Promise<void> {
  const body = (async function* () {
    yield Buffer.from("data");
  })();
  await files.put(key, body, { type: "image/png" });
}

async function change(store: JobStore, id: string, what: Change): Promise<JobRecord> {
  const { stored, refused } = await updateJob(store, "ann", id, () => what);
  expect(refused).toBeNull();
  return stored!.record;
}

/** A claimed plan, its message taken. */
async function newPlan(store: JobStore): Promise<JobRecord> {
  const made = await createJob(store, { ...NEW, metadata: {}, storeInputs: async () => ({}), consent: { by: "ann" } });
  await messages(store, "plans");
  return change(store, made.record.id, claim);
}

function part(store: JobStore, id: string): NewChild {
  const storeInputs = async () => {
    const key = inputKey("ann", id, "image");
    await put(store, key).catch(() => {}); // it is there already
    return { image: [{ key, type: "image/png", bytes: 4, source: "plan" }] };
  };
  return { kind: "draw", queue: "pens", engine: "pencil", estimateSeconds: 1, params: {}, metadata: {}, storeInputs };
}

async function addChild(store: JobStore, root: JobRecord, index: number): Promise<JobRecord> {
  return (await createChild(store, root, index, part(store, childId(root.id, index)))).record;
}

/** Its record alone, as if its worker had died then. */
async function endChild(store: JobStore, { id }: JobRecord): Promise<JobRecord> {
  await change(store, id, claim);
  await put(store, outputKey("ann", id, 1, "image.png"));
  return change(store, id, { ...holder, do: "succeed", ...RESULT });
}

/** A plan that waits for this many children. */
async function waitingPlan(store: JobStore, count: number): Promise<{ root: JobRecord; children: JobRecord[] }> {
  const plan = await newPlan(store);
  const children: JobRecord[] = [];
  for (let index = 0; index < count; index++) children.push(await addChild(store, plan, index));
  const root = await change(store, plan.id, { ...holder, do: "wait", children: count, ended: 0 });
  await messages(store, "pens");
  return { root, children };
}

/** Ids of the jobs whose messages wait; takes them. */
async function messages({ queue }: JobStore, name: string): Promise<string[]> {
  const ids: string[] = [];
  const signal = new AbortController().signal;
  for (;;) {
    const message = await queue.receive(name, { leaseMs: 1000, waitMs: 0, signal });
    if (!message) return ids;
    await message.ack();
    ids.push(message.id);
  }
}

const stateOf = async (store: JobStore, { id }: { id: string }) =>
  (await store.records.get("ann", id))?.record.state ?? null;
const timersOf = async (store: JobStore) =>
  (await collect(store.records.timers.due(Number.POSITIVE_INFINITY))).map(({ id }) => id);
const dead = () => Promise.reject(new AppError("storage_unavailable", "gone"));

describe.each([
  ["memory", memoryStore],
  ["disk", diskStore],
  ["S3", s3Store],
])("children, %s", (_, makeStore) => {
  test("a child shares owner, deadline and consent, has its own timer and message, and is created once", async () => {
    const store = await makeStore();
    const root = await newPlan(store);
    await store.clock.advance(1000);
    const child = await addChild(store, root, 7);
    expect(child).toMatchObject({
      ...{ id: childId(root.id, 7), owner: "ann", root: root.id, index: 7, kind: "draw", dialect: null },
      ...{ deadline_at: root.deadline_at, consent: { by: "ann" }, state: "queued", engine: { name: "pencil" } },
    });
    expect(await messages(store, "pens")).toEqual([child.id]);
    expect((await timersOf(store)).sort()).toEqual([root.id, child.id]);

    const again = await createChild(store, root, 7, part(store, child.id));
    expect(again).toEqual({ record: child, replayed: true });
    expect(await store.records.children("ann", root.id)).toEqual([7]);
    expect((await store.records.list("ann", { limit: 10 })).records).toHaveLength(1);
    expect(await store.records.countSince("ann", 0, 10)).toBe(1);
  });

  test("a plan that died half-way through a child's creation carries it on", async () => {
    const store = await makeStore();
    const root = await newPlan(store);
    const id = childId(root.id, 0);
    const records = { ...store.records, create: dead };
    expect(await codeOf(() => createChild({ ...store, records }, root, 0, part(store, id)))).toBe(
      "storage_unavailable",
    );
    expect(await addChild(store, root, 0)).toMatchObject({ id, state: "queued" });
    expect(await timersOf(store)).toHaveLength(2);
    expect(await messages(store, "pens")).toEqual([id]);
  });

  test("a root that has ended, is being canceled, or is claimed by another gets no child", async () => {
    const store = await makeStore();
    const root = await newPlan(store);
    const refused = () => codeOf(() => addChild(store, root, 0));
    await change(store, root.id, claim);
    expect(await refused()).toBe("canceled");
    await change(store, root.id, { by: "api", do: "cancel" });
    expect(await refused()).toBe("canceled");
    await change(store, root.id, { ...holder, do: "cancelDone" });
    expect(await refused()).toBe("canceled");
    await store.records.remove("ann", root.id);
    expect(await refused()).toBe("canceled");
    expect(await store.records.children("ann", root.id)).toEqual([]);
    expect(await timersOf(store)).toEqual([root.id]);
  });

  test("the end of a child is marked once, and tells the root", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    await expect(markEnded(store, children[1]!)).rejects.toThrow("has not ended");
    const ended = await endChild(store, children[1]!);
    await markEnded(store, ended);
    await markEnded(store, ended);
    expect((await collect(store.files.list(endedPrefix("ann", root.id)))).map(({ key }) => key)).toEqual([
      endedKey("ann", ended.id),
    ]);
    expect(await messages(store, "plans")).toEqual([root.id]);
    expect(endedSum(await countEnded(store, root))).toBe(1);
    expect([...(await endedChildren(store, root))]).toEqual([[1, ended]]);
  });

  test("a child that cannot be marked is not taken for marked: its root would wait for ever", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 1);
    const ended = await endChild(store, children[0]!);
    const files = { ...store.files, put: dead };
    expect(await codeOf(() => markEnded({ ...store, files }, ended))).toBe("storage_unavailable");
    expect(await messages(store, "plans")).toEqual([]);
    await markEnded(store, ended);
    expect(endedSum(await countEnded(store, root))).toBe(1);
  });

  test("a root is woken when all have ended, once", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    for (const child of children) {
      // the markers tell; the record is not read for each child that ends
      expect(await wakeRoot({ ...store, records: { ...store.records, get: dead } }, "worker", root)).toBe(false);
      await markEnded(store, await endChild(store, child));
    }
    await messages(store, "plans");
    // of a root that works, no markers are listed
    const list = vi.fn(store.files.list);
    expect(await wakeRoot({ ...store, files: { ...store.files, list } }, "worker", { ...root, state: "running" })).toBe(
      false,
    );
    expect(list).not.toHaveBeenCalled();
    expect(await wakeRoot(store, "worker", root)).toBe(true);
    expect(await stateOf(store, root)).toBe("queued");
    expect(await messages(store, "plans")).toEqual([root.id]);
    expect(await wakeRoot(store, "sweeper", root)).toBe(false);
  });

  test("markers are counted in one list, and those of children that are not counted are not", async () => {
    const store = await makeStore();
    const plan = await newPlan(store);
    for (const index of [0, 1, 2]) await addChild(store, plan, index);
    // a plan that crashed had created one more than the next run did
    const root = await change(store, plan.id, { ...holder, do: "wait", children: 2, ended: 0 });
    for (const index of [0, 2]) {
      await markEnded(store, await endChild(store, (await store.records.get("ann", childId(root.id, index)))!.record));
    }
    let lists = 0;
    const list = (prefix: string) => {
      lists++;
      return store.files.list(prefix);
    };
    expect(endedSum(await countEnded({ files: { ...store.files, list } }, root))).toBe(1);
    expect(lists).toBe(1);
    expect(await wakeRoot(store, "worker", root)).toBe(false);
    expect([...(await endedChildren(store, root)).keys()]).toEqual([0, 2]);
  });

  test("of the children that have ended, those whose records are gone are left out; a storage that is away is an error", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    for (const child of children) await markEnded(store, await endChild(store, child));
    const away = { ...store, records: { ...store.records, get: dead } };
    expect(await codeOf(() => endedChildren(away, root))).toBe("storage_unavailable");
    await store.records.remove("ann", children[0]!.id);
    expect([...(await endedChildren(store, root)).keys()]).toEqual([1]);
  });

  test("canceling a child answers how it stands then, and nothing where there is none", async () => {
    const store = await makeStore();
    const { children } = await waitingPlan(store, 2);
    await change(store, children[1]!.id, claim);
    expect(await cancelChild(store, "worker", children[0]!)).toMatchObject({ state: "canceled" });
    expect(await cancelChild(store, "worker", children[1]!)).toMatchObject({ state: "canceling" });
    await store.records.remove("ann", children[0]!.id);
    expect(await cancelChild(store, "worker", children[0]!)).toBeNull();
  });

  test("canceling a root cancels its children, and they are not marked", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 3);
    await change(store, children[1]!.id, claim);
    const ended = await endChild(store, children[2]!);
    expect(await cancelJob(store, "ann", root.id)).toMatchObject({
      refused: null,
      stored: { record: { state: "canceled" } },
    });
    expect(await Promise.all(children.map((child) => stateOf(store, child)))).toEqual([
      ...["canceled", "canceling", "succeeded"],
    ]);
    expect(await livingRoot(store, children[0]!)).toBeNull();
    await markEnded(store, ended);
    expect(await collect(store.files.list(endedPrefix("ann", root.id)))).toEqual([]);
    expect(await cancelJob(store, "ann", root.id)).toMatchObject({ refused: "ended" });
  });

  test("children whose cancel was missed are canceled when the sweeper looks at them", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    await change(store, children[1]!.id, claim);
    const records = { ...store.records, children: dead };
    await cancelJob({ ...store, records }, "ann", root.id);
    expect(await stateOf(store, children[0]!)).toBe("queued");
    await store.clock.advance(FIRST_LOOK_MS);
    await sweepOnce(store);
    expect([await stateOf(store, children[0]!), await stateOf(store, children[1]!)]).toEqual(["canceled", "canceling"]);
    expect(await messages(store, "pens")).toEqual([]);
    await store.clock.advance(LOOK_AGAIN_MS);
    await sweepOnce(store);
    expect(await stateOf(store, children[1]!)).toBe("canceled");
    await store.clock.advance(LOOK_AGAIN_MS);
    await sweepOnce(store);
    expect(await timersOf(store)).toEqual([root.id]);
  });

  test("deleting a root takes its children's records and files away at once, stragglers too", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    await change(store, root.id, { by: "sweeper", do: "wake", ended: 2 });
    await addChild(store, await change(store, root.id, claim), 2);
    await markEnded(store, await endChild(store, children[0]!));
    await deleteJob(store, "ann", root.id);
    expect(await store.records.children("ann", root.id)).toEqual([]);
    expect(await collect(store.files.list(""))).toEqual([]);
    expect(await stateOf(store, root)).toBe("deleted");
  });

  test("an ended child is marked by the sweeper, which wakes the root and then leaves the child alone", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    for (const child of children) await endChild(store, child);
    await store.clock.advance(FIRST_LOOK_MS);
    await sweepOnce(store);
    await store.clock.advance(LOOK_AGAIN_MS);
    await sweepOnce(store);
    expect(await stateOf(store, root)).toBe("queued");
    expect(await messages(store, "plans")).toEqual([root.id]);
    expect(await timersOf(store)).toEqual([root.id]);
    expect(await Promise.all(children.map((child) => stateOf(store, child)))).toEqual(["succeeded", "succeeded"]);
  });

  test("children outlive their own hour and go with their root; at the end nothing is left", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 2);
    for (const child of children) await markEnded(store, await endChild(store, child));
    await store.clock.advance(3 * RESULT_LIFE_MS);
    await sweepOnce(store);
    expect(await endedChildren(store, root)).toHaveProperty("size", 2);
    expect(await collect(store.files.list(outputKey("ann", children[0]!.id, 1, "image.png")))).toHaveLength(1);

    await change(store, root.id, { ...claim });
    await change(store, root.id, { ...holder, do: "succeed", ...RESULT });
    // a plan that was given up creates one more, and its worker writes a file, after the root was closed
    await store.clock.advance(RESULT_LIFE_MS + LOOK_AGAIN_MS * 6);
    await sweepOnce(store);
    expect(await stateOf(store, root)).toBe("expired");
    expect(await store.records.children("ann", root.id)).toEqual([]);
    const late = childId(root.id, 5);
    const child = {
      ...part(store, late),
      owner: "ann",
      id: late,
      root: root.id,
      index: 5,
      deadlineAtMs: root.deadline_at,
    };
    await createJob(store, child);
    await put(store, endedKey("ann", late));
    for (const ms of [LATE_WRITERS_MS, TOMBSTONE_LIFE_MS, LOOK_AGAIN_MS, RESULT_LIFE_MS]) {
      await store.clock.advance(ms);
      await sweepOnce(store);
    }
    expect(await store.leftovers()).toEqual([]);
    expect(await timersOf(store)).toEqual([]);
    expect(await store.records.get("ann", late)).toBeNull();
  });

  test("a child whose root is gone goes", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 1);
    await store.records.remove("ann", root.id);
    for (const ms of [FIRST_LOOK_MS, LOOK_AGAIN_MS, 2 * LOOK_AGAIN_MS, 4 * LOOK_AGAIN_MS]) {
      await store.clock.advance(ms);
      await sweepOnce(store);
    }
    expect(await stateOf(store, children[0]!)).toBeNull();
    expect(await store.leftovers()).toEqual([]);
  });

  test("a root that waits has its deadline; its children have the same", async () => {
    const store = await makeStore();
    const { root, children } = await waitingPlan(store, 1);
    await store.clock.advance(root.deadline_at - store.clock.now());
    await sweepOnce(store);
    expect([await stateOf(store, root), await stateOf(store, children[0]!)]).toEqual(["failed", "failed"]);
  });

  test("a server that starts marks what had ended, and wakes the plans that can go on", async () => {
    const store = await makeStore();
    const ready = await waitingPlan(store, 1);
    await markEnded(store, await endChild(store, ready.children[0]!));
    const unmarked = await waitingPlan(store, 2);
    await endChild(store, unmarked.children[0]!);
    await messages(store, "plans");
    await recover(store, { exclusive: false });
    expect(await stateOf(store, ready.root)).toBe("queued");
    expect(await stateOf(store, unmarked.root)).toBe("waiting");
    expect(endedSum(await countEnded(store, unmarked.root))).toBe(1);
    expect((await messages(store, "plans")).sort()).toEqual([ready.root.id, unmarked.root.id].sort());
    expect(await messages(store, "pens")).toEqual([unmarked.children[1]!.id]);
  });
});

test("no children are looked for when a job of an engine is canceled or taken away", async () => {
  const store = memoryStore();
  const { root, children } = await waitingPlan(store, 1);
  const asked: string[] = [];
  const records: JobStore["records"] = {
    ...store.records,
    children(owner, id) {
      asked.push(id);
      return store.records.children(owner, id);
    },
  };
  for (const job of [children[0]!, root]) {
    await cancelChildren({ ...store, records }, "api", job);
    await purgeJob({ ...store, records }, job);
  }
  expect(asked).toEqual([root.id, root.id]);
});

test("a file among the markers that is none counts for no child", async () => {
  const store = memoryStore();
  const { root } = await waitingPlan(store, 1);
  await put(store, `${endedPrefix("ann", root.id)}notes.txt`);
  expect(endedSum(await countEnded(store, root))).toBe(0);
});
