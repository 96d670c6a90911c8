import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { AppError } from "@smileloop/core/errors.ts";
import type { Files } from "@smileloop/core/files.ts";
import { childId, newId } from "@smileloop/core/job/ids.ts";
import { inputKey, jobPrefix } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { cancelJob, deleteJob } from "@smileloop/core/jobs/close.ts";
import { createJob, FIRST_LOOK_MS, updateJob } from "@smileloop/core/jobs/jobs.ts";
import { sweepOnce } from "@smileloop/core/jobs/sweep.ts";
import { COUNT_MS, markEnded } from "@smileloop/core/jobs/waiting.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import type { Queue } from "@smileloop/core/queue.ts";
import type { Records } from "@smileloop/core/records.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LISTS } from "../../../test/echo/lists.ts";
import { type MemoryStore, memoryStore } from "../../../test/support/memory-store.ts";
import { marker, unsigned } from "../../../test/support/signing.ts";
import { wavBytes } from "../../../test/support/silence.ts";
import { CLAIM_TIMES, type JobDeps, runJob } from "./run-job.ts";

const SOUND = wavBytes(2);
const kinds = createKinds({
  kinds: LISTS.kinds,
  presets: new Map(),
  engines: { known: LISTS.engines, serve: new Map([["echo", ["echo"]]]) },
});

let store: MemoryStore;
let workRoot: string;
beforeEach(() => {
  store = memoryStore();
  workRoot = mkdtempSync(join(tmpdir(), "smileloop-plan-"));
});
afterEach(() => rmSync(workRoot, { recursive: true }));

async function newPlan(): Promise<JobRecord> {
  const id = newId(store.clock.now());
  const key = inputKey("ann", id, "sound");
  const storeInputs = async () => {
    await store.files.put(key, Readable.from([SOUND]), { type: "audio/wav" });
    return { sound: [{ key, type: "audio/wav", bytes: SOUND.length, source: "form" }] };
  };
  const job = { id, owner: "ann", kind: "echo_all", queue: "plans", engine: null, estimateSeconds: 1 };
  return (await createJob(store, { ...job, params: { word: "all" }, metadata: {}, storeInputs })).record;
}

type Around = {
  records?: Partial<Records>;
  files?: Partial<Files>;
  queue?: Partial<Queue>;
  signal?: AbortSignal;
};

/** What a worker does with the message of a plan that wants so many children. */
function run(root: JobRecord, count: number, around: Around = {}) {
  const { records, files, queue, signal = new AbortController().signal } = around;
  const inputs = { sound: [{ input: "sound" }] };
  const create = Array.from({ length: count }, (_, n) => ({ kind: "echo", params: { word: `word ${n}` }, inputs }));
  const deps: JobDeps = {
    ...{ ...store, records: { ...store.records, ...records }, files: { ...store.files, ...files } },
    queue: { ...store.queue, ...queue },
    signer: unsigned,
    marker,
    ...{ kinds, handlers: { echo_all: { plan: async () => ({ create }) } }, processes: null, workRoot, worker: "here" },
  };
  return runJob(deps, root, { signal });
}

const childrenOf = ({ owner, id }: JobRecord) => store.records.children(owner, id);
const childOf = (root: JobRecord, n: number) => store.read(childId(root.id, n));

async function endChild(root: JobRecord, n: number, how: "succeed" | "fail"): Promise<void> {
  const { id } = (await store.claimed(childId(root.id, n), "w")).record;
  const by = { by: "holder", token: "w" } as const;
  const error = { code: "no_face", detail: "There is no face." } as const;
  const result = { outputs: {}, engineVersion: "1", warnings: [], timings: {} };
  await updateJob(store, "ann", id, () =>
    how === "succeed" ? { ...by, do: how, ...result } : { ...by, do: how, error },
  );
  await markEnded(store, await store.read(id));
}

test("children share the files of their root where they are: checked once, and none is copied", async () => {
  const root = await newPlan();
  const copy = vi.fn(store.files.copy);
  const get = vi.fn(store.files.get);
  expect(await run(root, 50, { files: { copy, get } })).toMatchObject({ did: "waits" });
  expect(await childrenOf(root)).toHaveLength(50);
  expect(await childOf(root, 49)).toMatchObject({
    params: { word: "word 49" },
    inputs: root.inputs.sound && {
      sound: [
        { key: root.inputs.sound[0]!.key, type: "audio/wav", bytes: SOUND.length, source: `job:${root.id}/sound` },
      ],
    },
  });
  expect(copy).not.toHaveBeenCalled();
  expect(get.mock.calls.length).toBeLessThan(5);
  expect(await store.messages("echo")).toHaveLength(50);

  await deleteJob(store, "ann", root.id);
  expect((await store.keys()).filter((key) => key.startsWith(jobPrefix("ann", root.id)))).toEqual([]);
  expect(await childrenOf(root)).toEqual([]);
});

test("messages of new children are sent a few at a time, and lost ones are found by their timers", async () => {
  const root = await newPlan();
  const sizes: number[] = [];
  const sendAll: Queue["sendAll"] = async (jobs) => {
    if (sizes.push(jobs.length) % 2 === 0) throw new AppError("unavailable", "lost");
    await store.queue.sendAll(jobs);
  };
  const send = vi.fn(store.queue.send);
  expect(await run(root, 95, { queue: { send, sendAll } })).toMatchObject({ did: "waits" });
  expect(sizes).toEqual([...Array(9).fill(10), 5]);
  expect(send.mock.calls.filter(([{ queue }]) => queue === "echo")).toEqual([]);
  const came = await store.messages("echo");
  expect(came).toHaveLength(50);
  await store.clock.advance(FIRST_LOOK_MS + 1000);
  await sweepOnce(store);
  const all = new Set([...came, ...(await store.messages("echo"))]);
  expect(all.size).toBe(95);
});

test("a plan that dies while it creates children carries on: none is missing, and none is doubled", async () => {
  const root = await newPlan();
  let left = 20;
  const create: Records["create"] = async (record) => {
    if (left-- <= 0) throw new AppError("storage_unavailable", "gone");
    return store.records.create(record);
  };
  expect(await run(root, 100, { records: { create } })).toMatchObject({ did: "handed_back" });
  const first = await childOf(root, 0);
  expect((await childrenOf(root)).length).toBe(20);
  // they need not wait until the plan goes on
  expect(await store.messages("echo")).toHaveLength(20);
  expect(await run(root, 100)).toMatchObject({ did: "waits" });
  expect(await childrenOf(root)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  expect(await childOf(root, 0)).toEqual(first);
  expect(await store.read(root.id)).toMatchObject({ state: "waiting", children: 100 });
});

test("a plan that is canceled while it creates children stops, and those that it had created are canceled", async () => {
  const root = await newPlan();
  let made = 0;
  const create: Records["create"] = async (record) => {
    const stored = await store.records.create(record);
    if (++made === 40) {
      await cancelJob(store, "ann", root.id);
      await store.clock.advance(CLAIM_TIMES.lookMs);
    }
    return stored;
  };
  expect(await run(root, 1000, { records: { create } })).toMatchObject({ did: "canceled" });
  const numbers = await childrenOf(root);
  // those that were under way then, and no more
  expect(numbers.length).toBeLessThan(40 + 2 * 32);
  const states = await Promise.all(numbers.map(async (n) => (await childOf(root, n)).state));
  expect(new Set(states)).toEqual(new Set(["canceled"]));
});

test("a plan that waits says how many children have ended, and how", async () => {
  const root = await newPlan();
  await run(root, 4);
  expect(await store.read(root.id)).toMatchObject({ progress: { stage: "waiting", done: 0, total: 4, percent: 0 } });
  await endChild(root, 2, "fail");
  expect(await run(root, 4)).toEqual({ did: "waits", againMs: null });
  await endChild(root, 0, "succeed");
  await run(root, 4);
  expect(await store.read(root.id)).toMatchObject({
    ...{ state: "waiting", ended: { succeeded: 1, failed: 1, canceled: 0 } },
    progress: { done: 2, total: 4, percent: 47.5 },
  });
  // nothing new: nothing is written
  const { rev } = await store.read(root.id);
  await run(root, 4);
  expect((await store.read(root.id)).rev).toBe(rev);
});

test("a plan with many children counts them every two seconds, and none of their ends goes unseen", async () => {
  const root = await newPlan();
  await run(root, 150);
  await store.messages("plans");
  for (let n = 0; n < 10; n++) await endChild(root, n, "succeed");
  expect(await store.messages("plans")).toEqual([]);
  expect(await run(root, 150)).toEqual({ did: "waits", againMs: COUNT_MS });
  await store.clock.advance(COUNT_MS);
  expect(await store.messages("plans")).toEqual([root.id]);
  expect(await run(root, 150)).toEqual({ did: "waits", againMs: null });
  expect(await store.read(root.id)).toMatchObject({ progress: { done: 10, total: 150 }, ended: { succeeded: 10 } });
  for (let n = 10; n < 150; n++) await endChild(root, n, "succeed");
  expect(await run(root, 150)).toEqual({ did: "waits", againMs: null });
  expect(await store.read(root.id)).toMatchObject({ state: "queued" });
});
