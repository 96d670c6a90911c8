import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { codeOf, collect } from "../../../../test/conformance/cases.ts";
import { type ManualClock, manualClock } from "../../../../test/support/manual-clock.ts";
import { AppError } from "../errors.ts";
import { diskFiles } from "../files/disk.ts";
import { memoryFiles } from "../files/memory.ts";
import type { Change } from "../job/change.ts";
import { childId } from "../job/ids.ts";
import { inputKey, outputKey } from "../job/keys.ts";
import { endedSum } from "../job/progress.ts";
import { MAX_JOB_LIFE_MS, RESULT_LIFE_MS, TOMBSTONE_LIFE_MS } from "../job/record.ts";
import { createLog } from "../log.ts";
import { memoryQueue } from "../queue/memory.ts";
import { diskRecords } from "../records/disk.ts";
import { memoryRecords } from "../records/memory.ts";
import { createLocalLinks } from "../storage/local-links.ts";
import { createChild } from "./children.ts";
import { cancelJob, deleteJob } from "./close.ts";
import { createJob, FIRST_LOOK_MS, type JobStore, updateJob } from "./jobs.ts";
import { LOOK_LATEST_MS } from "./looks.ts";
import { recover } from "./recover.ts";
import { sweepOnce } from "./sweep.ts";
import { countEnded, endedChildren, markEnded } from "./waiting.ts";

type Store = JobStore & { clock: ManualClock; lines: Record<string, unknown>[] };
const folders: string[] = [];
const links = createLocalLinks(Buffer.alloc(32));

function logInto(lines: Record<string, unknown>[]) {
  return createLog({ level: "info", destination: { write: (line: string) => lines.push(JSON.parse(line)) } });
}

function memoryStore(): Store {
  const [clock, lines] = [manualClock(), [] as Store["lines"]];
  const records = memoryRecords({ clock, log: logInto(lines) });
  return { clock, queue: memoryQueue({ clock }), records, files: memoryFiles({ clock, links }), lines };
}

function diskStore(): Store {
  const [clock, lines] = [manualClock(), [] as Store["lines"]];
  const dir = mkdtempSync(join(tmpdir(), "smileloop-"));
  folders.push(dir);
  const records = diskRecords({ dir, clock, log: logInto(lines) });
  return { clock, queue: memoryQueue({ clock }), records, files: diskFiles({ dir, clock, links }), lines };
}

afterEach(() => {
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true });
});

async function put({ files }: JobStore, key: string): Promise<void> {
  await files.put(key, only(Buffer.from("data")), { type: "video/mp4" });
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const JOB = { owner: "ann", kind: "animate", queue: "warp", estimateSeconds: 1, params: {}, metadata: {} };

async function newJob(store: Store, engine: string | null = "warp"): Promise<string> {
  const storeInputs = async (id: string) => {
    const key = inputKey("ann", id, "image");
    await put(store, key);
    return { image: [{ key, type: "image/png", bytes: 4, source: "form" }] };
  };
  return (await createJob(store, { ...JOB, engine, storeInputs })).record.id;
}

async function change(store: Store, id: string, ...changes: Change[]): Promise<void> {
  for (const what of changes) expect((await updateJob(store, "ann", id, () => what)).refused).toBeNull();
}

const claim = { by: "worker", do: "claim", token: "t", worker: "w", leaseAlive: false } as const;
const holder = { by: "holder", token: "t" } as const;
const noFace = { code: "no_face", detail: "No face was found." } as const;

/** By a record that breaks the schema. */
async function damage({ records }: Store, id: string): Promise<void> {
  const { record, etag } = (await records.get("ann", id))!;
  await records.replace({ ...record, rev: record.rev + 1, state: "broken" as "queued" }, etag);
}

const keysOf = async (store: Store) => (await collect(store.files.list(""))).map(({ key }) => key);
const timersOf = (store: Store) => collect(store.records.timers.due(Number.POSITIVE_INFINITY));
const isReadable = (store: Store, id: string) => codeOf(() => store.records.get("ann", id));

/** Sweeps each five minutes for so long. */
async function sweepFor(store: Store, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 300_000) {
    await store.clock.advance(300_000);
    expect(await sweepOnce(store)).toMatchObject({ failed: 0 });
  }
}

/** A storage that has no room for this many writes of records, and for as many creations. */
function full(store: Store, writes: number): Store & { room(): void } {
  let left = writes;
  const refuse = async () => {
    if (left-- > 0) throw new AppError("storage_full", "The disk is full.");
  };
  const { records } = store;
  return {
    ...store,
    records: {
      ...records,
      replace: async (...args) => refuse().then(() => records.replace(...args)),
      create: async (...args) => refuse().then(() => records.create(...args)),
    },
    room: () => {
      left = 0;
    },
  };
}

describe.each([
  ["memory", memoryStore],
  ["disk", diskStore],
])("damaged records, %s", (_, makeStore) => {
  test("a server that starts takes up all the others", async () => {
    const store = makeStore();
    const ids = [];
    for (let n = 0; n < 70; n++) ids.push(await newJob(store));
    await damage(store, ids[40]!);
    expect(await recover(store, { exclusive: true })).toEqual({
      ...{ sent: 69, handedBack: 0, closed: 0, unreadable: 1, failed: 0 },
    });
    expect(store.records.unreadable()).toBe(1);
    await recover(store, { exclusive: true });
    expect(store.lines).toEqual([
      expect.objectContaining({ level: "error", jobId: ids[40], event: expect.stringContaining("delete the job") }),
    ]);
  });

  test("what goes wrong with one job keeps no other from being taken up", async () => {
    const store = makeStore();
    const ids = [await newJob(store), await newJob(store), await newJob(store)];
    const { get } = store.records;
    const fails = async (owner: string, id: string) => {
      if (id === ids[1]) throw new AppError("storage_unavailable", "It does not answer.");
      return get(owner, id);
    };
    const broken = { ...store, records: { ...store.records, get: fails } };
    expect(await recover(broken, { exclusive: true })).toMatchObject({ sent: 2, failed: 1, unreadable: 0 });
  });

  test("its files go after its hour, its record a day later, and the others' sweeping goes on", async () => {
    const store = makeStore();
    const [id, other] = [await newJob(store), await newJob(store)];
    await damage(store, id);
    await sweepFor(store, RESULT_LIFE_MS - 300_000);
    expect(await keysOf(store)).toContain(inputKey("ann", id, "image"));
    expect(await isReadable(store, id)).toBe("record_unreadable");
    await sweepFor(store, LOOK_LATEST_MS);
    expect(await keysOf(store)).toEqual([inputKey("ann", other, "image")]);
    expect((await store.records.get("ann", id))?.record).toMatchObject({ state: "deleted", params: {}, inputs: {} });
    expect(store.records.unreadable()).toBe(0);
    await sweepFor(store, TOMBSTONE_LIFE_MS + 600_000);
    expect(await store.records.get("ann", id)).toBeNull();
    expect((await timersOf(store)).filter((timer) => timer.id === id)).toEqual([]);
  });

  test("it may have been written long after it was created: then its hour counts from there", async () => {
    const store = makeStore();
    const id = await newJob(store);
    await store.clock.advance(3 * RESULT_LIFE_MS);
    await damage(store, id);
    await sweepFor(store, RESULT_LIFE_MS - 300_000);
    expect(await keysOf(store)).toHaveLength(1);
    await sweepFor(store, LOOK_LATEST_MS);
    expect(await keysOf(store)).toEqual([]);
  });

  test("a record that was restored goes on as if nothing had been", async () => {
    const store = makeStore();
    const id = await newJob(store);
    const { record } = (await store.records.get("ann", id))!;
    await damage(store, id);
    await sweepFor(store, FIRST_LOOK_MS);
    await store.records.remove("ann", id);
    await store.records.create(record);
    expect(store.records.unreadable()).toBe(0);
    await store.clock.advance(LOOK_LATEST_MS);
    expect(await sweepOnce(store)).toMatchObject({ sent: 1, failed: 0 });
  });

  test("it is not counted for ever where another process has seen to it", async () => {
    const store = makeStore();
    await damage(store, await newJob(store));
    await recover(store, { exclusive: true });
    expect(store.records.unreadable()).toBe(1);
    await store.clock.advance(MAX_JOB_LIFE_MS + 2 * RESULT_LIFE_MS + 1);
    expect(store.records.unreadable()).toBe(0);
  });

  test("it is deleted like any other, with its files", async () => {
    const store = makeStore();
    const id = await newJob(store);
    await put(store, outputKey("ann", id, 1, "video"));
    await damage(store, id);
    expect(await codeOf(() => cancelJob(store, "ann", id))).toBe("record_unreadable");
    await deleteJob(store, "ann", id);
    expect(await keysOf(store)).toEqual([]);
    expect((await store.records.get("ann", id))?.record).toMatchObject({ id, owner: "ann", state: "deleted" });
    await deleteJob(store, "ann", id);
  });

  test("a child that is damaged has failed, and its root goes on", async () => {
    const store = makeStore();
    const id = await newJob(store, null);
    await change(store, id, claim);
    const root = (await store.records.get("ann", id))!.record;
    for (const index of [0, 1]) {
      const child = { ...JOB, engine: "warp", storeInputs: async () => ({}) };
      await createChild(store, root, index, child);
    }
    await change(store, childId(id, 0), claim, { ...holder, do: "fail", error: noFace });
    await markEnded(store, (await store.records.get("ann", childId(id, 0)))!.record);
    // one after its marker was written, one before
    await damage(store, childId(id, 0));
    await damage(store, childId(id, 1));
    await change(store, id, { ...holder, do: "wait", children: 2, ended: 0 });
    await sweepFor(store, FIRST_LOOK_MS);
    expect(endedSum(await countEnded(store, { ...root, children: 2 }))).toBe(2);
    const bothFailed = async () => {
      const ended = [...(await endedChildren(store, root)).values()];
      expect(ended.map(({ state, error }) => [state, error?.code])).toEqual([
        ["failed", "record_unreadable"],
        ["failed", "record_unreadable"],
      ]);
    };
    await bothFailed();
    // likewise where the root reads it before the sweeper does
    await damage(store, childId(id, 0));
    await bothFailed();
  });

  test("the children of a damaged plan are canceled, and go with it", async () => {
    const store = makeStore();
    const id = await newJob(store, null);
    await change(store, id, claim);
    const root = (await store.records.get("ann", id))!.record;
    await createChild(store, root, 0, { ...JOB, engine: "warp", storeInputs: async () => ({}) });
    await createChild(store, root, 1, { ...JOB, engine: "warp", storeInputs: async () => ({}) });
    await damage(store, id);
    await damage(store, childId(id, 1));
    await sweepFor(store, FIRST_LOOK_MS);
    expect((await store.records.get("ann", childId(id, 0)))?.record.state).toBe("canceled");
    await deleteJob(store, "ann", id);
    expect(await store.records.children("ann", id)).toEqual([]);
    await sweepFor(store, TOMBSTONE_LIFE_MS + 600_000);
    expect(await timersOf(store)).toEqual([]);
  });
});

describe.each([
  ["memory", memoryStore],
  ["disk", diskStore],
])("a full storage, %s", (_, makeStore) => {
  async function succeeded(store: Store): Promise<string> {
    const id = await newJob(store);
    const key = outputKey("ann", id, 1, "video");
    await put(store, key);
    const video = { key, attempt: 1, type: "video/mp4", bytes: 4, sha256: "0".repeat(64) };
    const result = { outputs: { video }, engineVersion: "1", warnings: [], timings: {} };
    await change(store, id, claim, { ...holder, do: "succeed", ...result });
    return id;
  }

  test.each([
    ["room comes with its files", 1, "deleted"],
    ["room comes with its record", 2, "deleted"],
    ["there is no room at all", 9, null],
  ])("a job is deleted: %s", async (_, writes, state) => {
    for (const damaged of [false, true]) {
      const store = makeStore();
      const id = await succeeded(store);
      if (damaged) await damage(store, id);
      await deleteJob(full(store, writes), "ann", id);
      expect(await keysOf(store)).toEqual([]);
      expect((await store.records.get("ann", id))?.record.state ?? null).toBe(state);
      await sweepFor(store, TOMBSTONE_LIFE_MS + 2 * RESULT_LIFE_MS);
      expect(await timersOf(store)).toEqual([]);
    }
  });

  test.each([1, 2, 9])("results go after their hour (%i refusals)", async (writes) => {
    const store = makeStore();
    const id = await succeeded(store);
    await store.clock.advance(RESULT_LIFE_MS);
    expect(await sweepOnce(full(store, writes))).toMatchObject({ expired: 1, failed: 0 });
    expect(await keysOf(store)).toEqual([]);
    expect((await store.records.get("ann", id))?.record.state ?? null).toBe(writes > 2 ? null : "expired");
    await sweepFor(store, TOMBSTONE_LIFE_MS + 2 * RESULT_LIFE_MS);
    expect(await timersOf(store)).toEqual([]);
  });

  test("nothing goes before its time", async () => {
    const store = makeStore();
    const id = await succeeded(store);
    await store.clock.advance(RESULT_LIFE_MS - 60_000);
    await sweepOnce(full(store, 9));
    expect(await keysOf(store)).toHaveLength(2);
    expect((await store.records.get("ann", id))?.record.state).toBe("succeeded");
  });
});
