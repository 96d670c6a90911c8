import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import { LEASE_MS, MAX_CLAIMS } from "@smileloop/core/job/change.ts";
import { childId } from "@smileloop/core/job/ids.ts";
import { endedPrefix } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createChild } from "@smileloop/core/jobs/children.ts";
import { deleteJob } from "@smileloop/core/jobs/close.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import { markEnded } from "@smileloop/core/jobs/waiting.ts";
import type { Kind } from "@smileloop/core/kinds/kind.ts";
import type { QueuedJob } from "@smileloop/core/queue.ts";
import type { Records } from "@smileloop/core/records.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type MemoryStore, memoryStore } from "../../../test/support/memory-store.ts";
import { marker, unsigned } from "../../../test/support/signing.ts";
import type { PlanHandler, RunHandler } from "./kinds/handler.ts";
import type { Processes } from "./perform.ts";
import { CLAIM_TIMES, runJob } from "./run-job.ts";

let store: MemoryStore;
let workRoot: string;
/** How often the engine was asked whether it is ready, how often it worked, and how often a record was read. */
let counts: { asked: number; worked: number; reads: number };
beforeEach(() => {
  store = memoryStore();
  workRoot = mkdtempSync(join(tmpdir(), "smileloop-run-"));
  counts = { asked: 0, worked: 0, reads: 0 };
});
afterEach(() => {
  const left = readdirSync(workRoot);
  rmSync(workRoot, { recursive: true });
  // whatever happened: no folder is left, and nobody holds the job any more
  expect(left).toEqual([]);
  expect(store.clock.sleepers).toBe(0);
});

type Around = {
  work?: RunHandler["run"];
  plan?: PlanHandler["plan"];
  /** Happens between the look at the record and the claim. */
  meanwhile?: (() => Promise<unknown>) | undefined;
  signal?: AbortSignal;
  records?: Partial<Records>;
};

/** What a worker does with the message of this job. */
function run({ queue, owner, id }: QueuedJob | JobRecord, { work, plan, meanwhile, signal, records }: Around = {}) {
  const get: Records["get"] = (...args) => {
    counts.reads++;
    return store.records.get(...args);
  };
  const ready = async () => {
    counts.asked++;
    await meanwhile?.();
    return { kinds: ["animate"], checks: ["animate"], engine: "warp", version: "1", services: [] };
  };
  const animate: RunHandler = {
    stages: () => ({ work: [0, 100] }),
    async run(claimed, io) {
      counts.worked++;
      return (await work?.(claimed, io)) ?? { outputs: {}, warnings: [] };
    },
  };
  const checker = { ready: async () => ({ checks: ["animate"] }) };
  const asked = { params: z.looseObject({}), estimateSeconds: () => 1, queueOf: () => "warp" };
  const kind = { ...asked, alters: () => false, unmarked: () => null } as unknown as Kind;
  return runJob(
    {
      ...{
        ...store,
        records: { ...store.records, get, ...records },
        workRoot,
        worker: "here",
        signer: unsigned,
        marker,
      },
      processes: { engine: { ready }, checker, helpers: [] } as unknown as Processes,
      kinds: new Map(["animate", "plan"].map((name) => [name, kind])),
      handlers: { animate, ...(plan && { plan: { plan } }) },
    },
    { queue, owner, id },
    { signal: signal ?? new AbortController().signal },
  );
}

const fails = (error: Error) => () => Promise.reject(error);
const PLAN = { kind: "plan", queue: "plans", engine: null };

/** A plan that waits for its children, and what it waits for; all messages are taken. */
async function waitingPlan(children: number): Promise<{ root: JobRecord; parts: JobRecord[] }> {
  const { record: root } = await store.claimed((await store.newJob(PLAN)).id, "plans");
  const parts: JobRecord[] = [];
  const child = { kind: "animate", queue: "warp", engine: "warp", estimateSeconds: 1, params: {}, metadata: {} };
  for (let index = 0; index < children; index++) {
    parts.push((await createChild(store, root, index, { ...child, storeInputs: async () => ({}) })).record);
  }
  await updateJob(store, "ann", root.id, () => ({ by: "holder", token: "plans", do: "wait", children, ended: 0 }));
  for (const queue of ["plans", "warp"]) await store.messages(queue);
  return { root, parts };
}

/** Claimed by a worker that is gone or not, and canceled. */
async function canceling({ id }: JobRecord): Promise<void> {
  await store.claimed(id, "another");
  await store.cancel(id);
}

const marks = async (root: JobRecord) =>
  (await store.keys()).filter((key) => key.startsWith(endedPrefix("ann", root.id))).length;

describe("what is not started, and no engine is asked for it", () => {
  afterEach(() => expect(counts).toMatchObject({ asked: 0, worked: 0 }));

  test("a job that is gone, has ended, or can't be read", async () => {
    const jobs = [await store.newJob(), await store.newJob(), await store.newJob()];
    await store.records.remove("ann", jobs[0]!.id);
    await store.cancel(jobs[1]!.id);
    const { record, etag } = (await store.records.get("ann", jobs[2]!.id))!;
    await store.records.replace({ ...record, state: "broken" as "queued" }, etag);
    for (const job of jobs) expect(await run(job)).toEqual({ did: "ended", againMs: null });
  });

  test("one that another worker holds: it is looked at again after that one's lease", async () => {
    const job = await store.newJob();
    await store.claimed(job.id, "another");
    expect(await run(job)).toEqual({ did: "busy", againMs: LEASE_MS + 1000 });
    await store.clock.advance(LEASE_MS - 1);
    expect(await run(job)).toEqual({ did: "busy", againMs: 1001 });
  });

  test("one that is being canceled: it is closed once its worker is gone", async () => {
    const job = await store.newJob();
    await canceling(job);
    expect(await run(job)).toEqual({ did: "busy", againMs: LEASE_MS + 1000 });
    await store.clock.advance(LEASE_MS);
    expect(await run(job)).toEqual({ did: "ended", againMs: null });
    expect((await store.read(job.id)).state).toBe("canceled");
  });

  test("one that is being canceled, and is gone before it can be closed", async () => {
    const job = await store.newJob();
    await canceling(job);
    await store.clock.advance(LEASE_MS);
    const replace: Records["replace"] = async (...args) => {
      await store.records.remove("ann", job.id);
      return store.records.replace(...args);
    };
    expect(await run(job, { records: { replace } })).toEqual({ did: "ended", againMs: null });
  });

  test("one that has moved to another queue", async () => {
    const job = await store.newJob({ queue: "long" });
    expect(await run({ ...job, queue: "warp" })).toEqual({ did: "elsewhere", againMs: null });
  });

  test("a plan that waits: it goes on when all its children have ended", async () => {
    const { root, parts } = await waitingPlan(1);
    expect(await run(root)).toEqual({ did: "waits", againMs: null });
    expect((await store.read(root.id)).state).toBe("waiting");
    await store.cancel(parts[0]!.id);
    await markEnded(store, await store.read(parts[0]!.id));
    expect(await run(root)).toEqual({ did: "waits", againMs: null });
    expect((await store.read(root.id)).state).toBe("queued");
  });

  test("a part of a plan that has ended: it is canceled", async () => {
    const { root, parts } = await waitingPlan(1);
    await store.records.remove("ann", root.id);
    expect(await run(parts[0]!)).toEqual({ did: "canceled", againMs: null });
    expect((await store.read(parts[0]!.id)).state).toBe("canceled");
  });

  test("a part that has ended or is closed now: its plan is told", async () => {
    const { root, parts } = await waitingPlan(2);
    await store.cancel(parts[0]!.id);
    await canceling(parts[1]!);
    await store.clock.advance(LEASE_MS);
    for (const [index, part] of parts.entries()) {
      expect(await run(part)).toEqual({ did: "ended", againMs: null });
      expect(await marks(root)).toBe(index + 1);
      expect(await store.messages("plans")).toEqual([root.id]);
    }
  });
});

test("a job that this worker does not serve is left to others", async () => {
  const job = await store.newJob({ kind: "talk" });
  expect(await run(job)).toEqual({ did: "not_for_us", againMs: 30_000 });
  expect(await store.read(job.id)).toMatchObject({ state: "queued", attempt: 0 });
});

test.each([
  ["gone", { did: "ended", againMs: null }, ({ id }: JobRecord) => store.records.remove("ann", id)],
  ["deleted", { did: "ended", againMs: null }, ({ id }: JobRecord) => deleteJob(store, "ann", id)],
  ["claimed", { did: "busy", againMs: LEASE_MS + 1000 }, ({ id }: JobRecord) => store.claimed(id, "another")],
  ["canceled", { did: "busy", againMs: LEASE_MS + 1000 }, canceling],
  [
    "canceled by one that died",
    { did: "ended", againMs: null },
    async (job: JobRecord) => {
      await canceling(job);
      await store.clock.advance(LEASE_MS);
    },
  ],
] as const)("a job that is %s while the engine starts is not worked on", async (_, outcome, happens) => {
  const job = await store.newJob();
  expect(await run(job, { meanwhile: () => happens(job) })).toEqual(outcome);
  expect(counts.worked).toBe(0);
});

test("a job that was claimed ten times in vain has failed, and is not tried again", async () => {
  const job = await store.newJob();
  for (let n = 0; n < MAX_CLAIMS; n++) await store.claimed(job.id, "gone");
  await store.clock.advance(LEASE_MS);
  expect(await run(job)).toEqual({ did: "failed", againMs: null });
  expect(counts.worked).toBe(0);
  expect(await store.read(job.id)).toMatchObject({ state: "failed", error: { code: "worker_lost" } });
});

describe("work", () => {
  test("that goes well reads the record once, and says how long the job has waited", async () => {
    const job = await store.newJob();
    await store.clock.advance(7000);
    expect(await run(job)).toEqual({ did: "succeeded", againMs: null });
    expect(await store.read(job.id)).toMatchObject({ state: "succeeded", attempt: 1, timings: { queued: 7000 } });
    expect(counts).toEqual({ asked: 1, worked: 1, reads: 1 });
  });

  test("a machine whose clock is behind says that the job has not waited", async () => {
    const job = await store.newJob();
    const { record, etag } = (await store.records.get("ann", job.id))!;
    await store.records.replace({ ...record, queued_at: record.queued_at + 5000 }, etag);
    await run(job);
    expect((await store.read(job.id)).timings.queued).toBe(0);
  });

  test("that a stopping worker hands back is not the fault of its device", async () => {
    const job = await store.newJob();
    const stop = new AbortController();
    const work = async () => {
      stop.abort();
      throw new AppError("canceled", "It was stopped.");
    };
    expect(await run(job, { work, signal: stop.signal })).toEqual({ did: "handed_back", againMs: 0 });
    expect(await store.read(job.id)).toMatchObject({ state: "queued", failures: 0, claim: null });
  });

  test("whose device was lost says so, unless the job was canceled meanwhile", async () => {
    const lost = new AppError("device_lost", "The card is gone.");
    const job = await store.newJob();
    expect(await run(job, { work: fails(lost) })).toEqual({ did: "device_lost", againMs: 0 });
    expect(await store.read(job.id)).toMatchObject({ state: "queued", failures: 0 });

    const other = await store.newJob();
    const work = async () => {
      await store.cancel(other.id);
      throw lost;
    };
    expect(await run(other, { work })).toEqual({ did: "canceled", againMs: null });
  });

  test("on a part of a plan: the plan is told when it has ended, and not when it comes again", async () => {
    const { root, parts } = await waitingPlan(2);
    const away = fails(new AppError("storage_unavailable", "No answer."));
    expect(await run(parts[0]!, { work: away })).toEqual({ did: "handed_back", againMs: 2000 });
    expect(await marks(root)).toBe(0);
    expect(await store.messages("plans")).toEqual([]);
    expect(await run(parts[0]!)).toEqual({ did: "succeeded", againMs: null });
    expect(await marks(root)).toBe(1);
    expect(await store.messages("plans")).toEqual([root.id]);
  });

  test("on a part of a plan stops once the plan has ended, whoever was to cancel it", async () => {
    const { root, parts } = await waitingPlan(1);
    const work: RunHandler["run"] = async (_, io) => {
      await store.clock.advance(CLAIM_TIMES.lookMs);
      io.signal.throwIfAborted();
      return { outputs: {}, warnings: [] };
    };
    // the plan's own record alone, after it was looked at
    const meanwhile = () => store.cancel(root.id);
    expect(await run(parts[0]!, { work, meanwhile })).toEqual({ did: "canceled", againMs: null });
    expect(await store.read(parts[0]!.id)).toMatchObject({ state: "canceled" });
  });

  test("on a part that is deleted with its plan has come to nothing", async () => {
    const { root, parts } = await waitingPlan(1);
    const work = async () => {
      await deleteJob(store, "ann", root.id);
      return { outputs: {}, warnings: [] };
    };
    expect(await run(parts[0]!, { work })).toMatchObject({ did: "lost" });
    expect(await store.records.get("ann", childId(root.id, 0))).toBeNull();
  });
});
