/** Plans and their children on each kind of storage. */
import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import { diskFiles } from "@smileloop/core/files/disk.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { s3Files } from "@smileloop/core/files/s3.ts";
import type { Change } from "@smileloop/core/job/change.ts";
import { childId } from "@smileloop/core/job/ids.ts";
import { inputKey, outputKey } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createChild, type NewChild } from "@smileloop/core/jobs/children.ts";
import { createJob, type JobStore, updateJob } from "@smileloop/core/jobs/jobs.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { diskRecords } from "@smileloop/core/records/disk.ts";
import { memoryRecords } from "@smileloop/core/records/memory.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { expect } from "vitest";
import { collect } from "../conformance/cases.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";
import { openBucket } from "./s3.ts";

/** `leftovers`: everything that the storage still holds. */
export type Store = JobStore & { clock: ManualClock; leftovers(): Promise<string[]> };
const closing: (() => unknown)[] = [];
const links = createLocalLinks(Buffer.alloc(32));

export function memoryStore(): Store {
  const clock = manualClock();
  const files = memoryFiles({ clock, links });
  const leftovers = async () => (await collect(files.list(""))).map(({ key }) => key);
  return { clock, queue: memoryQueue({ clock }), records: memoryRecords({ clock }), files, leftovers };
}

export function diskStore(): Store {
  const clock = manualClock();
  const dir = mkdtempSync(join(tmpdir(), "smileloop-"));
  closing.push(() => rmSync(dir, { recursive: true }));
  const leftovers = async () =>
    (await readdir(dir, { recursive: true })).filter((name) => name !== "tmp" && name !== "reserve");
  const queue = memoryQueue({ clock });
  return { clock, queue, records: diskRecords({ dir, clock }), files: diskFiles({ dir, clock, links }), leftovers };
}

export async function s3Store(): Promise<Store> {
  const home = await openBucket();
  closing.push(home.close);
  const { clock, double } = home;
  const leftovers = async () => double.store.keys();
  return { clock, queue: memoryQueue({ clock }), records: s3Records(home), files: s3Files(home), leftovers };
}

export const claim = { by: "worker", do: "claim", token: "t", worker: "w", leaseAlive: false } as const;
export const holder = { by: "holder", token: "t" } as const;
export const RESULT = { outputs: {}, engineVersion: null, warnings: [], timings: {} };
const NEW = { owner: "ann", kind: "draw_all", queue: "plans", engine: null, estimateSeconds: 0, params: {} };

export async function put({ files }: JobStore, key: string): Promise<void> {
  const body = (async function* () {
    yield Buffer.from("data");
  })();
  await files.put(key, body, { type: "image/png" });
}

export async function change(store: JobStore, id: string, what: Change): Promise<JobRecord> {
  const { stored, refused } = await updateJob(store, "ann", id, () => what);
  expect(refused).toBeNull();
  return stored!.record;
}

/** A claimed plan, its message taken. */
export async function newPlan(store: JobStore): Promise<JobRecord> {
  const made = await createJob(store, { ...NEW, metadata: {}, storeInputs: async () => ({}), consent: { by: "ann" } });
  await messages(store, "plans");
  return change(store, made.record.id, claim);
}

export function part(store: JobStore, id: string): NewChild {
  const storeInputs = async () => {
    const key = inputKey("ann", id, "image");
    await put(store, key).catch(() => {}); // it is there already
    return { image: [{ key, type: "image/png", bytes: 4, source: "plan" }] };
  };
  return { kind: "draw", queue: "pens", engine: "pencil", estimateSeconds: 1, params: {}, metadata: {}, storeInputs };
}

export async function addChild(store: JobStore, root: JobRecord, index: number): Promise<JobRecord> {
  return (await createChild(store, root, index, part(store, childId(root.id, index)))).record;
}

/** Its record alone, as if its worker had died then. */
export async function endChild(store: JobStore, { id }: JobRecord): Promise<JobRecord> {
  await change(store, id, claim);
  await put(store, outputKey("ann", id, 1, "image.png"));
  return change(store, id, { ...holder, do: "succeed", ...RESULT });
}

/** A plan that waits for this many children. */
export async function waitingPlan(store: JobStore, count: number): Promise<{ root: JobRecord; children: JobRecord[] }> {
  const plan = await newPlan(store);
  const children: JobRecord[] = [];
  for (let index = 0; index < count; index++) children.push(await addChild(store, plan, index));
  const root = await change(store, plan.id, { ...holder, do: "wait", children: count, ended: 0 });
  await messages(store, "pens");
  return { root, children };
}

/** Ids of the jobs whose messages wait; takes them. */
export async function messages({ queue }: JobStore, name: string): Promise<string[]> {
  const ids: string[] = [];
  const signal = new AbortController().signal;
  for (;;) {
    const message = await queue.receive(name, { leaseMs: 1000, waitMs: 0, signal });
    if (!message) return ids;
    await message.ack();
    ids.push(message.id);
  }
}

export const stateOf = async (store: JobStore, { id }: { id: string }) =>
  (await store.records.get("ann", id))?.record.state ?? null;
export const timersOf = async (store: JobStore) =>
  (await collect(store.records.timers.due(Number.POSITIVE_INFINITY))).map(({ id }) => id);
export const dead = () => Promise.reject(new AppError("storage_unavailable", "gone"));

export const STORES: [name: string, make: () => Store | Promise<Store>][] = [
  ["memory", memoryStore],
  ["disk", diskStore],
  ["S3", s3Store],
];

/** What was opened for a test. */
export async function closeStores(): Promise<void> {
  for (const close of closing.splice(0)) await close();
}
