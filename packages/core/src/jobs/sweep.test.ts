import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { collect } from "../../../../test/conformance/cases.ts";
import { type ManualClock, manualClock } from "../../../../test/support/manual-clock.ts";
import { AppError } from "../errors.ts";
import { diskFiles } from "../files/disk.ts";
import { memoryFiles } from "../files/memory.ts";
import { type Change, LEASE_MS } from "../job/change.ts";
import { newId } from "../job/ids.ts";
import { inputKey, outputKey, uploadKey } from "../job/keys.ts";
import { MAX_JOB_LIFE_MS, RESULT_LIFE_MS, TOMBSTONE_LIFE_MS, UPLOAD_LIFE_MS } from "../job/record.ts";
import { memoryQueue } from "../queue/memory.ts";
import { diskRecords } from "../records/disk.ts";
import { memoryRecords } from "../records/memory.ts";
import { createLocalLinks } from "../storage/local-links.ts";
import { deleteJob } from "./close.ts";
import { CREATION_MS, createJob, FIRST_LOOK_MS, type JobStore, updateJob } from "./jobs.ts";
import { LATE_WRITERS_MS, LOOK_AGAIN_MS } from "./looks.ts";
import { recover } from "./recover.ts";
import { runSweeper, sweepAlone, sweepOnce } from "./sweep.ts";

type Store = JobStore & { clock: ManualClock };
const folders: string[] = [];
/** Of what was recovered. */
const FINE = { unreadable: 0, failed: 0 };
const links = createLocalLinks(Buffer.alloc(32));

function memoryStore(): Store {
  const clock = manualClock();
  return {
    clock,
    queue: memoryQueue({ clock }),
    records: memoryRecords({ clock }),
    files: memoryFiles({ clock, links }),
  };
}

function diskStore(): Store {
  const clock = manualClock();
  const dir = mkdtempSync(join(tmpdir(), "smileloop-"));
  folders.push(dir);
  const queue = memoryQueue({ clock });
  return { clock, queue, records: diskRecords({ dir, clock }), files: diskFiles({ dir, clock, links }) };
}

afterEach(() => {
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true });
});

async function put({ files }: JobStore, key: string): Promise<void> {
  const body = (async function* () {
    yield Buffer.from("data");
  })();
  await files.put(key, body, { type: "video/mp4" });
}

/** A job with one input, its message taken out of the queue. */
async function newJob(store: Store): Promise<string> {
  const job = { owner: "local", kind: "animate", queue: "warp", engine: "warp", estimateSeconds: 1, params: {} };
  const storeInputs = async (id: string) => {
    const key = inputKey("local", id, "image");
    await put(store, key);
    return { image: [{ key, type: "image/png", bytes: 4, source: "form" }] };
  };
  const { record } = await createJob(store, { ...job, metadata: {}, storeInputs });
  await messages(store);
  return record.id;
}

/** How many messages wait; takes them. */
async function messages({ queue }: Store): Promise<number> {
  let count = 0;
  const signal = new AbortController().signal;
  for (;;) {
    const message = await queue.receive("warp", { leaseMs: LEASE_MS, waitMs: 0, signal });
    if (!message) return count;
    await message.ack();
    count++;
  }
}

async function* never(): AsyncGenerator<never> {
  await new Promise(() => {});
}

async function change(store: Store, id: string, what: Change): Promise<void> {
  const { refused } = await updateJob(store, "local", id, () => what);
  expect(refused).toBeNull();
}

const claim = { by: "worker", do: "claim", token: "t", worker: "w", leaseAlive: false } as const;
const holder = { by: "holder", token: "t" } as const;

async function succeed(store: Store, id: string): Promise<void> {
  await change(store, id, claim);
  const key = outputKey("local", id, 1, "video.mp4");
  await put(store, key);
  const shape = { width: 2, height: 2, frames: 25, fps: 25, duration: 1 };
  const video = { key, attempt: 1, type: "video/mp4", bytes: 4, sha256: "0".repeat(64), ...shape };
  await change(store, id, {
    ...{ ...holder, do: "succeed" as const, outputs: { video } },
    ...{ engineVersion: "1", warnings: [], timings: {} },
  });
}

const stateOf = async (store: Store, id: string) => (await store.records.get("local", id))?.record.state ?? null;
const keysOf = async (store: Store) => (await collect(store.files.list(""))).map(({ key }) => key);
const timersOf = async (store: Store) =>
  (await collect(store.records.timers.due(Number.POSITIVE_INFINITY))).map(({ atMs }) => atMs - store.clock.now());

describe.each([
  ["memory", memoryStore],
  ["disk", diskStore],
])("sweeping, %s", (_, makeStore) => {
  test("nothing is looked at before it is due; then a lost message is sent again", async () => {
    const store = makeStore();
    await newJob(store);
    await store.clock.advance(FIRST_LOOK_MS - 1000);
    expect(await sweepOnce(store)).toMatchObject({ looked: 0, sent: 0 });
    await store.clock.advance(1000);
    expect(await sweepOnce(store)).toMatchObject({ looked: 1, sent: 1, failed: 0 });
    expect(await messages(store)).toBe(1);
    expect(await timersOf(store)).toEqual([LOOK_AGAIN_MS]);
    await store.clock.advance(LOOK_AGAIN_MS);
    expect(await sweepOnce(store)).toMatchObject({ looked: 1, sent: 1 });
  });

  test("a job in a long queue gets ever fewer messages, and one in half an hour at least", async () => {
    const store = makeStore();
    await newJob(store);
    const sentAt: number[] = [];
    for (let minute = 1; minute <= 100; minute++) {
      await store.clock.advance(60_000);
      if ((await sweepOnce(store)).sent > 0) sentAt.push(minute);
    }
    expect(sentAt).toEqual([5, 10, 20, 40, 70, 100]);
  });

  test("of two that sweep at once one works; one that died is replaced", async () => {
    const store = makeStore();
    await newJob(store);
    await store.clock.advance(FIRST_LOOK_MS);
    const both = await Promise.all([sweepAlone(store), sweepAlone(store)]);
    expect(both.filter((swept) => swept === null)).toHaveLength(1);
    expect(both.find((swept) => swept !== null)).toMatchObject({ looked: 1, sent: 1 });

    // its reads never end
    void sweepAlone({ ...store, files: { ...store.files, list: () => never() } });
    await store.clock.advance(0);
    await store.clock.advance(60_000);
    expect(await sweepAlone(store)).toBeNull();
    await store.clock.advance(60_000);
    expect(await sweepAlone(store)).not.toBeNull();
  });

  test("a running job is left alone while its holder lives, and offered again when it does not", async () => {
    const store = makeStore();
    const id = await newJob(store);
    await change(store, id, claim);
    for (let minute = 0; minute < 100; minute++) {
      await store.clock.advance(60_000 - 1);
      await sweepOnce(store);
      await change(store, id, { ...holder, do: "beat", progress: null });
    }
    expect(await stateOf(store, id)).toBe("running");
    expect(await keysOf(store)).toHaveLength(1);
    expect(await messages(store)).toBe(0);
    await store.clock.advance(LOOK_AGAIN_MS);
    await sweepOnce(store);
    expect(await messages(store)).toBe(1);
    expect(await stateOf(store, id)).toBe("running");
  });

  test("a canceled job whose holder is gone is closed", async () => {
    const store = makeStore();
    const id = await newJob(store);
    await change(store, id, claim);
    await store.clock.advance(FIRST_LOOK_MS - 1000);
    await change(store, id, { by: "api", do: "cancel" });
    await store.clock.advance(1000);
    expect(await sweepOnce(store)).toMatchObject({ looked: 1, closed: 0 });
    await store.clock.advance(LOOK_AGAIN_MS);
    expect(await sweepOnce(store)).toMatchObject({ closed: 1 });
    expect(await stateOf(store, id)).toBe("canceled");
    expect(await timersOf(store)).toEqual([RESULT_LIFE_MS]);
  });

  test("what is not done at its deadline has failed; while being canceled, it is canceled", async () => {
    const store = makeStore();
    const [queued, running, canceling] = [await newJob(store), await newJob(store), await newJob(store)];
    for (const id of [running, canceling]) await change(store, id, claim);
    await change(store, canceling, { by: "api", do: "cancel" });
    // nobody swept for half a day
    await store.clock.advance(MAX_JOB_LIFE_MS);
    expect(await sweepOnce(store)).toMatchObject({ closed: 3, failed: 0 });
    expect(await stateOf(store, queued)).toBe("failed");
    expect(await stateOf(store, running)).toBe("failed");
    expect(await stateOf(store, canceling)).toBe("canceled");
    expect(await messages(store)).toBe(0);
  });

  test("a result lives for exactly one hour from its end; its record for one more day", async () => {
    const store = makeStore();
    const id = await newJob(store);
    await store.clock.advance(FIRST_LOOK_MS);
    await succeed(store, id);
    await sweepOnce(store);
    expect(await timersOf(store)).toEqual([RESULT_LIFE_MS]);

    await store.clock.advance(RESULT_LIFE_MS - 1000);
    await sweepOnce(store);
    expect(await stateOf(store, id)).toBe("succeeded");
    expect(await keysOf(store)).toHaveLength(2);

    await store.clock.advance(1000);
    expect(await sweepOnce(store)).toMatchObject({ expired: 1, purged: 1 });
    expect(await stateOf(store, id)).toBe("expired");
    expect(await keysOf(store)).toEqual([]);

    // a worker that had lost its claim comes late
    await put(store, outputKey("local", id, 2, "video.mp4"));
    await store.clock.advance(LATE_WRITERS_MS);
    expect(await sweepOnce(store)).toMatchObject({ purged: 1, removed: 0 });
    expect(await keysOf(store)).toEqual([]);

    await store.clock.advance(TOMBSTONE_LIFE_MS - LATE_WRITERS_MS - 1000);
    await sweepOnce(store);
    expect(await stateOf(store, id)).toBe("expired");
    await store.clock.advance(1000);
    expect(await sweepOnce(store)).toMatchObject({ removed: 1 });
    expect(await stateOf(store, id)).toBeNull();
    expect(await timersOf(store)).toEqual([]);
  });

  test("what a late worker wrote after DELETE goes within two hours", async () => {
    const store = makeStore();
    const id = await newJob(store);
    await change(store, id, claim);
    await deleteJob(store, "local", id);
    await put(store, outputKey("local", id, 1, "video.mp4"));
    for (let minute = 0; minute < 120; minute++) {
      await store.clock.advance(60_000);
      await sweepOnce(store);
      if (minute === 30) await put(store, outputKey("local", id, 2, "video.mp4"));
    }
    expect(await stateOf(store, id)).toBe("deleted");
    expect(await keysOf(store)).toEqual([]);
  });

  test("what a creation that died has left goes once no request can be at it any more", async () => {
    const store = makeStore();
    const id = newId(store.clock.now());
    await store.records.timers.arm({ atMs: store.clock.now() + FIRST_LOOK_MS, owner: "local", id });
    await put(store, inputKey("local", id, "image"));
    await store.clock.advance(CREATION_MS);
    await sweepOnce(store);
    expect(await keysOf(store)).toHaveLength(1);
    await store.clock.advance(LOOK_AGAIN_MS);
    await sweepOnce(store);
    expect(await keysOf(store)).toEqual([]);
    expect(await timersOf(store)).toEqual([]);
  });

  test("the timer of a creation that died takes nothing from the one that carries it on", async () => {
    const store = makeStore();
    const id = newId(store.clock.now());
    const arm = () => store.records.timers.arm({ atMs: store.clock.now() + FIRST_LOOK_MS, owner: "local", id });
    await arm();
    await store.clock.advance(CREATION_MS + LOOK_AGAIN_MS + 1000);
    await arm();
    await put(store, inputKey("local", id, "image"));
    await sweepOnce(store);
    expect(await keysOf(store)).toHaveLength(1);
    expect(await timersOf(store)).toEqual([FIRST_LOOK_MS]);
  });

  test("an upload goes after an hour, and not before", async () => {
    const store = makeStore();
    await put(store, uploadKey("local", newId(store.clock.now())));
    await store.clock.advance(1000);
    const younger = uploadKey("local", newId(store.clock.now()));
    await put(store, younger);
    await store.clock.advance(UPLOAD_LIFE_MS - 1001);
    expect(await sweepOnce(store)).toMatchObject({ uploads: 0 });
    await store.clock.advance(1);
    expect(await sweepOnce(store)).toMatchObject({ uploads: 1 });
    expect(await keysOf(store)).toEqual([younger]);
  });

  test("a crash between the next timer and the old one leaves two, which come together again", async () => {
    const store = makeStore();
    const id = await newJob(store);
    await succeed(store, id);
    await store.clock.advance(FIRST_LOOK_MS);
    const drop = () => Promise.reject(new AppError("storage_unavailable", "gone"));
    const records = { ...store.records, timers: { ...store.records.timers, drop } };
    expect(await sweepOnce({ ...store, records })).toMatchObject({ looked: 1, failed: 1 });
    expect(await timersOf(store)).toHaveLength(2);
    await sweepOnce(store);
    expect(await timersOf(store)).toEqual([RESULT_LIFE_MS - FIRST_LOOK_MS]);
  });

  test("idempotency keys are forgotten after a day", async () => {
    const store = makeStore();
    const entry = { job: newId(store.clock.now()), bodySha256: "1" };
    const key = "a".repeat(64);
    await store.records.keys.claim("local", key, entry);
    await store.clock.advance(24 * 60 * 60_000);
    await sweepOnce(store);
    expect(await store.records.keys.get("local", key)).toEqual(entry);
    await store.clock.advance(1);
    await sweepOnce(store);
    expect(await store.records.keys.get("local", key)).toBeNull();
  });

  test("a server that starts takes back what the one before was at, and nothing of its own", async () => {
    const store = makeStore();
    const [queued, running, canceling] = [await newJob(store), await newJob(store), await newJob(store)];
    const other = await newJob(store);
    for (const id of [running, other, canceling]) await change(store, id, claim);
    await change(store, canceling, { by: "api", do: "cancel" });
    await store.clock.advance(1000);
    const startedAtMs = store.clock.now();
    const own = await newJob(store);
    await change(store, own, claim);

    // others may be at work in a storage that is shared
    expect(await recover(store, { exclusive: false, startedAtMs })).toEqual({
      sent: 1,
      handedBack: 0,
      closed: 0,
      ...FINE,
    });
    expect(await messages(store)).toBe(1);
    expect(await Promise.all([running, canceling].map((id) => stateOf(store, id)))).toEqual(["running", "canceling"]);

    expect(await recover(store, { exclusive: true, startedAtMs })).toEqual({
      sent: 3,
      handedBack: 2,
      closed: 1,
      ...FINE,
    });
    expect(await messages(store)).toBe(3);
    expect((await store.records.get("local", running))?.record).toMatchObject({
      state: "queued",
      failures: 0,
      claim: null,
    });
    expect(await Promise.all([queued, canceling, own].map((id) => stateOf(store, id)))).toEqual([
      ...["queued", "canceled", "running"],
    ]);
    expect(await recover(store, { exclusive: true, startedAtMs })).toMatchObject({ handedBack: 0, closed: 0 });
  });
});

test("32 are looked at at a time, and one that fails does not keep the others", async () => {
  const store = memoryStore();
  for (let n = 0; n < 70; n++) await newJob(store);
  await store.clock.advance(FIRST_LOOK_MS);
  const counts = { now: 0, most: 0, calls: 0 };
  const send = async () => {
    counts.most = Math.max(counts.most, ++counts.now);
    await new Promise((resolve) => setImmediate(resolve));
    counts.now--;
    if (++counts.calls === 3) throw new AppError("storage_unavailable", "gone");
  };
  const swept = await sweepOnce({ ...store, queue: { ...store.queue, send } });
  expect(swept).toMatchObject({ looked: 70, sent: 69, failed: 1 });
  expect(counts.most).toBe(32);
  expect(await sweepOnce(store)).toMatchObject({ looked: 1, sent: 1 });
});

test("a sweep that takes too long, or is stopped, takes nothing new; the rest is for the next", async () => {
  const store = memoryStore();
  for (let n = 0; n < 70; n++) await newJob(store);
  await store.clock.advance(FIRST_LOOK_MS);
  const send = () => store.clock.advance(1000);
  const swept = await sweepOnce({ ...store, queue: { ...store.queue, send } }, { maxMs: 500 });
  expect(swept.looked).toBeLessThan(70);
  expect(await sweepOnce(store, { signal: AbortSignal.abort() })).toMatchObject({ looked: 0 });
  expect(await sweepOnce(store)).toMatchObject({ looked: 70 - swept.looked });
});

test("the sweeper sweeps each minute until it is stopped", async () => {
  const store = memoryStore();
  const id = await newJob(store);
  const stop = new AbortController();
  const running = runSweeper(store, { signal: stop.signal });
  await store.clock.advance(0);
  await store.clock.advance(FIRST_LOOK_MS + 60_000);
  expect(await messages(store)).toBe(1);
  expect(await stateOf(store, id)).toBe("queued");
  stop.abort();
  await running;
});
