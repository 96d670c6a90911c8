import { describe, expect, test } from "vitest";
import { collect } from "../../../../test/conformance/cases.ts";
import { manualClock } from "../../../../test/support/manual-clock.ts";
import { AppError } from "../errors.ts";
import { memoryFiles } from "../files/memory.ts";
import type { Change } from "../job/change.ts";
import { newId } from "../job/ids.ts";
import { inputKey, outputKey } from "../job/keys.ts";
import { memoryQueue } from "../queue/memory.ts";
import { memoryRecords } from "../records/memory.ts";
import type { Records, StoredRecord } from "../records.ts";
import { createLocalLinks } from "../storage/local-links.ts";
import { deleteJob } from "./close.ts";
import { type CreateJob, createJob, type JobStore, leaseAlive, replayedJob, sha256Hex, updateJob } from "./jobs.ts";

const lost = () => new AppError("storage_unavailable", "The storage does not answer.");
const idempotency = { keySha256: sha256Hex("key"), bodySha256: sha256Hex("body") };

function memoryStore(): JobStore {
  const clock = manualClock();
  const files = memoryFiles({ clock, links: createLocalLinks(Buffer.alloc(32)) });
  return { clock, files, records: memoryRecords({ clock }), queue: memoryQueue({ clock }) };
}

async function putFile({ files }: JobStore, key: string): Promise<void> {
  const body = (async function* () {
    yield Buffer.from("data");
  })();
  await files.put(key, body, { type: "image/png" });
}

function request(store: JobStore, more: Partial<CreateJob> = {}): CreateJob {
  const job = { owner: "local", kind: "animate", queue: "warp", engine: "warp", estimateSeconds: 1 };
  const storeInputs = async (id: string) => {
    const key = inputKey("local", id, "image");
    await putFile(store, key).catch((error: unknown) => {
      if (!(error instanceof AppError && error.code === "already_exists")) throw error;
    });
    return { image: [{ key, type: "image/png", bytes: 4, source: "form" }] };
  };
  return { ...job, params: {}, metadata: {}, storeInputs, ...more };
}

/** What is there: keys of files, timers, ids of jobs, messages. */
async function contents({ files, records, queue }: JobStore) {
  const keys = (await collect(files.list(""))).map(({ key }) => key);
  const timers = await collect(records.timers.due(Number.POSITIVE_INFINITY));
  const jobs = (await records.list("local", { limit: 10 })).records.map(({ id }) => id);
  return { keys, timers: timers.length, jobs, messages: (await queue.depth("warp")).waiting };
}

/** Commits, and then loses the reply, as often as said. */
function losesReplies(records: Records, method: "create" | "replace", times = 1): Records {
  let left = times;
  const losing = async <T>(reply: Promise<T>) => {
    await reply;
    if (left-- > 0) throw lost();
    return reply;
  };
  return method === "create"
    ? { ...records, create: (record) => losing(records.create(record)) }
    : { ...records, replace: (record, etag) => losing(records.replace(record, etag)) };
}

describe("changing a job", () => {
  test("a write that arrived although its reply was lost is one's own, and is made once", async () => {
    const store = memoryStore();
    const { record } = await createJob(store, request(store));
    const records = losesReplies(store.records, "replace");
    const changed = await updateJob({ ...store, records }, "local", record.id, () => ({ by: "api", do: "cancel" }));
    expect(changed).toMatchObject({ refused: null, stored: { record: { state: "canceled", rev: 2 } } });
  });

  test("a claim whose reply was lost belongs to its worker, not to another with the same attempt", async () => {
    const store = memoryStore();
    const { record } = await createJob(store, request(store));
    const records = losesReplies(store.records, "replace");
    const claim = { by: "worker", do: "claim", worker: "w", leaseAlive: true } as const;
    const mine = await updateJob({ ...store, records }, "local", record.id, () => ({ ...claim, token: "mine" }));
    expect(mine).toMatchObject({ refused: null, stored: { record: { attempt: 1, claim: { token: "mine" } } } });
    const other = await updateJob(store, "local", record.id, () => ({ ...claim, token: "other" }));
    expect(other.refused).toBe("lease_alive");
  });

  test("whoever was slower decides anew on what is there now", async () => {
    const store = memoryStore();
    const { record } = await createJob(store, request(store));
    const seen: string[] = [];
    const records: Records = {
      ...store.records,
      async replace(next, etag) {
        if (seen.length === 1) await updateJob(store, "local", record.id, () => ({ by: "api", do: "cancel" }));
        return store.records.replace(next, etag);
      },
    };
    const changed = await updateJob({ ...store, records }, "local", record.id, ({ record: now }) => {
      seen.push(now.state);
      return { by: "worker", do: "claim", token: "t", worker: "w", leaseAlive: false };
    });
    expect(changed.refused).toBe("ended");
    expect(seen).toEqual(["queued", "canceled"]);
  });

  test("a version that the caller knows saves a read; one that is out of date decides nothing", async () => {
    const store = memoryStore();
    const { record } = await createJob(store, request(store));
    let reads = 0;
    const records: Records = {
      ...store.records,
      get(owner, id) {
        reads++;
        return store.records.get(owner, id);
      },
    };
    const change = (known: StoredRecord, what: Change) =>
      updateJob({ ...store, records }, "local", record.id, () => what, known);
    const created = (await store.records.get("local", record.id))!;
    const claim = { by: "worker", do: "claim", worker: "w", leaseAlive: true } as const;
    const claimed = await change(created, { ...claim, token: "mine" });
    expect([claimed.refused, reads]).toEqual([null, 0]);

    // the storage refuses the write: decided on what is there
    expect((await change(created, { ...claim, token: "other" })).refused).toBe("lease_alive");
    // the table refuses the change of what is out of date: likewise
    const stop = await change(created, { by: "holder", token: "mine", do: "handBack" });
    expect(stop).toMatchObject({ refused: null, stored: { record: { state: "queued", attempt: 1 } } });
    expect(reads).toBe(2);
  });

  test("a storage that stays away is said so, after some tries", async () => {
    const store = memoryStore();
    const { record } = await createJob(store, request(store));
    const records = { ...store.records, replace: () => Promise.reject(lost()) };
    const change = updateJob({ ...store, records }, "local", record.id, () => ({ by: "api", do: "cancel" }));
    await expect(change).rejects.toMatchObject({ code: "storage_unavailable" });
  });

  test("a full storage is said to be full, at once", async () => {
    const store = memoryStore();
    const { record } = await createJob(store, request(store));
    const full = new AppError("storage_full", "The disk is full.");
    const records = { ...store.records, replace: () => Promise.reject(full) };
    const change = updateJob({ ...store, records }, "local", record.id, () => ({ by: "api", do: "cancel" }));
    await expect(change).rejects.toBe(full);
  });
});

describe("creating a job", () => {
  test("a creation whose reply was lost is no replay and makes one job", async () => {
    const store = memoryStore();
    const records = losesReplies(store.records, "create");
    const { record, replayed } = await createJob({ ...store, records }, request(store));
    expect(replayed).toBe(false);
    expect(await contents(store)).toMatchObject({ jobs: [record.id], timers: 1, messages: 1 });
  });

  const storage = (store: JobStore) => store.records;
  const DEATHS: Record<string, (store: JobStore) => Partial<JobStore>> = {
    "after the key": (store) => ({
      records: { ...storage(store), timers: { ...storage(store).timers, arm: () => Promise.reject(lost()) } },
    }),
    "after the timer": (store) => ({ records: { ...storage(store), create: () => Promise.reject(lost()) } }),
    "after the record": (store) => ({
      records: { ...losesReplies(storage(store), "create"), get: dieAfterFirst(storage(store)) },
    }),
    "before the message": (store) => ({ queue: { ...store.queue, send: () => Promise.reject(lost()) } }),
  };
  /** Looks once, for the job that is not there yet; then nothing more is heard. */
  function dieAfterFirst(records: Records): Records["get"] {
    let calls = 0;
    return (owner, id) => (calls++ === 0 ? records.get(owner, id) : Promise.reject(lost()));
  }

  test.each(Object.keys(DEATHS))("is carried on by the next request when the first died %s", async (death) => {
    const store = memoryStore();
    const id = newId(store.clock.now());
    const job = request(store, { id, idempotency });
    await createJob({ ...store, ...DEATHS[death]!(store) }, job).catch(() => {});
    // another id would be made up by the second request; the key stands for the first
    const { record } = await createJob(store, { ...job, id: newId(store.clock.now()) });
    expect(record).toMatchObject({ id, state: "queued" });
    expect(await contents(store)).toEqual({
      jobs: [id],
      keys: [inputKey("local", id, "image")],
      timers: 1,
      messages: 1,
    });
  });

  test("a second request gets the job of the first, and neither inputs nor a message are stored for it", async () => {
    const store = memoryStore();
    const { record } = await createJob(store, request(store, { idempotency }));
    const claim = { by: "worker", do: "claim", token: "mine", worker: "w", leaseAlive: false } as const;
    await updateJob(store, "local", record.id, () => claim);
    const storeInputs = () => Promise.reject(new Error("asked for inputs"));
    const second = await createJob(store, request(store, { idempotency, storeInputs }));
    expect(second).toMatchObject({ replayed: true, record: { id: record.id, state: "running" } });
    expect((await contents(store)).messages).toBe(1);
  });

  test("ten requests with one key at once make one job", async () => {
    const store = memoryStore();
    const made = await Promise.all(Array.from({ length: 10 }, () => createJob(store, request(store, { idempotency }))));
    expect(new Set(made.map(({ record }) => record.id)).size).toBe(1);
    expect(made.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await contents(store)).toMatchObject({ jobs: [made[0]!.record.id], timers: 1, messages: 1 });
  });

  test("one whose twin has read the same key and was faster is a replay of the twin's", async () => {
    const store = memoryStore();
    const keys = store.records.keys;
    const claim: typeof keys.claim = async (...entry) => {
      const claimed = await keys.claim(...entry);
      await createJob(store, request(store, { idempotency }));
      return claimed;
    };
    const late = { ...store, records: { ...store.records, keys: { ...keys, claim } } };
    const { record, replayed } = await createJob(late, request(store, { idempotency }));
    expect(replayed).toBe(true);
    expect(await contents(store)).toMatchObject({ jobs: [record.id], keys: [inputKey("local", record.id, "image")] });
  });

  test("a refused one leaves nothing behind", async () => {
    const store = memoryStore();
    const refusal = new AppError("unsupported_type", "Not a picture.");
    const storeInputs = async (id: string) => {
      await putFile(store, inputKey("local", id, "image"));
      throw refusal;
    };
    await expect(createJob(store, request(store, { storeInputs }))).rejects.toBe(refusal);
    expect(await contents(store)).toEqual({ keys: [], timers: 0, jobs: [], messages: 0 });
  });

  test("one that took longer than ten minutes is given up, because its timer may be gone", async () => {
    const store = memoryStore();
    const storeInputs = async () => {
      await (store.clock as ReturnType<typeof manualClock>).advance(10 * 60_000 + 1);
      return {};
    };
    await expect(createJob(store, request(store, { storeInputs }))).rejects.toMatchObject({ code: "unavailable" });
    expect(await contents(store)).toEqual({ keys: [], timers: 0, jobs: [], messages: 0 });
  });

  test("one that took ten minutes is just in time, and is looked at five minutes after it was asked for", async () => {
    const store = memoryStore();
    const clock = store.clock as ReturnType<typeof manualClock>;
    const askedMs = clock.now();
    const storeInputs = async () => {
      await clock.advance(10 * 60_000);
      return {};
    };
    const { record } = await createJob(store, request(store, { storeInputs }));
    expect(record.state).toBe("queued");
    expect(await collect(store.records.timers.due(askedMs + 5 * 60_000 - 1))).toEqual([]);
    expect(await collect(store.records.timers.due(askedMs + 5 * 60_000))).toMatchObject([{ id: record.id }]);
  });

  test.each<[string, (store: JobStore) => Partial<CreateJob>]>([
    ["with a key", () => ({ idempotency })],
    ["with the client's id", (store) => ({ id: newId(store.clock.now()) })],
  ])(
    "one that fails %s leaves its files and timer, which may be those of a twin that is about to succeed",
    async (_, more) => {
      const store = memoryStore();
      const job = request(store, more(store));
      const storeInputs = async (id: string) => {
        await job.storeInputs(id);
        throw new AppError("unsupported_type", "Not a picture.");
      };
      await expect(createJob(store, { ...job, storeInputs })).rejects.toMatchObject({ code: "unsupported_type" });
      expect(await contents(store)).toMatchObject({
        keys: [expect.stringContaining("/in/image")],
        timers: 1,
        jobs: [],
      });
    },
  );

  test("one of which nobody knows whether it is there keeps its files and its timer", async () => {
    const store = memoryStore();
    const records = { ...store.records, create: () => Promise.reject(lost()) };
    const made = createJob({ ...store, records }, request(store));
    await expect(made).rejects.toMatchObject({ code: "storage_unavailable" });
    expect(await contents(store)).toMatchObject({ keys: [expect.stringContaining("/in/image")], timers: 1, jobs: [] });
  });

  const started: Change[] = [
    { by: "worker", do: "claim", token: "mine", worker: "w", leaseAlive: false },
    { by: "holder", token: "mine", do: "handBack" },
  ];
  test.each<[string, Change[], string]>([
    ["was started before", started, "queued"],
    ["has ended", [{ by: "api", do: "cancel" }], "canceled"],
  ])("a repeated request sends no message for a job that %s", async (_, changes, state) => {
    const store = memoryStore();
    const again = () => createJob(store, request(store, { idempotency }));
    const { record } = await again();
    const signal = new AbortController().signal;
    await (await store.queue.receive("warp", { leaseMs: 1000, waitMs: 0, signal }))!.ack();
    for (const change of changes) await updateJob(store, "local", record.id, () => change);
    expect(await again()).toMatchObject({ replayed: true, record: { state } });
    expect((await contents(store)).messages).toBe(0);
  });

  test("a key that was used with another body is refused, before and at creation", async () => {
    const store = memoryStore();
    const { record } = await createJob(store, request(store, { idempotency }));
    const other = { ...idempotency, bodySha256: sha256Hex("other") };
    const reused = { code: "idempotency_key_reused" };
    await expect(createJob(store, request(store, { idempotency: other }))).rejects.toMatchObject(reused);
    await expect(replayedJob(store, "local", other)).rejects.toMatchObject(reused);
    expect((await replayedJob(store, "local", idempotency))?.id).toBe(record.id);
    expect(await replayedJob(store, "another", idempotency)).toBeNull();
    expect((await contents(store)).jobs).toEqual([record.id]);
  });
});

test("a worker holds its job for a minute from its last write", async () => {
  const store = memoryStore();
  const { record } = await createJob(store, request(store));
  const aged = async (ageMs: number) => leaseAlive({ ...(await store.records.get("local", record.id))!, ageMs });
  expect(await aged(0)).toBe(false);
  await updateJob(store, "local", record.id, () => ({
    ...{ by: "worker", do: "claim", token: "mine", worker: "w", leaseAlive: false },
  }));
  expect([await aged(59_999), await aged(60_000)]).toEqual([true, false]);
});

describe("deleting a job", () => {
  test("takes its files, leaves a tombstone, and may be repeated", async () => {
    const store = memoryStore();
    const { record } = await createJob(store, request(store));
    await putFile(store, outputKey("local", record.id, 1, "video.mp4"));
    await deleteJob(store, "local", record.id);
    await deleteJob(store, "local", record.id);
    expect((await contents(store)).keys).toEqual([]);
    expect((await store.records.get("local", record.id))?.record).toMatchObject({
      state: "deleted",
      inputs: {},
      rev: 2,
    });
  });

  test("one that is not there is not found", async () => {
    const store = memoryStore();
    const gone = deleteJob(store, "local", newId(store.clock.now()));
    await expect(gone).rejects.toMatchObject({ code: "not_found" });
  });
});
