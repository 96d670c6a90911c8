import type { Audit } from "@smileloop/core/audit/audit-log.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { Change } from "@smileloop/core/job/change.ts";
import { attemptPrefix, outputKey } from "@smileloop/core/job/keys.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { createChild } from "@smileloop/core/jobs/children.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import { markEnded } from "@smileloop/core/jobs/waiting.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { type MemoryStore, memoryStore } from "../../../test/support/memory-store.ts";
import type { Claim } from "./claim.ts";
import { changeAfter, conclude } from "./conclude.ts";
import { TooMuchWork } from "./job-io.ts";

const by = { by: "holder", token: "mine" } as const;
const noFace = { code: "no_face", detail: "There is no face." } as const;
const diskFull = Object.assign(new Error("no room"), { code: "ENOSPC", syscall: "write" });

let store: MemoryStore;
beforeEach(() => {
  store = memoryStore();
});

describe("what is written after the work was stopped or failed", () => {
  const after = (error: unknown, verdict: ReturnType<Claim["verdict"]> = null, signal = new AbortController().signal) =>
    changeAfter(error, "mine", { verdict: () => verdict } as Claim, signal, store.log);
  const told = () => store.lines.map(({ level, event }) => `${level}: ${event}`);

  test("what the holder has found out comes before what the work says", () => {
    for (const error of [new TooMuchWork("long", 500), new AppError("no_face", "There is none.")]) {
      expect(after(error, "lost")).toBeNull();
      expect(after(error, "canceling")).toEqual({ ...by, do: "cancelDone" });
    }
    expect(told()).toEqual([]);
  });

  test("more work than was expected moves it, also while the worker stops", () => {
    const moved = { ...by, do: "requeue", queue: "long", estimateSeconds: 500 };
    expect(after(new TooMuchWork("long", 500))).toEqual(moved);
    expect(after(new TooMuchWork("long", 500), null, AbortSignal.abort())).toEqual(moved);
  });

  test("a worker that stops hands it back, whatever that did to the work", () => {
    expect(after(new AppError("engine_crashed", "It is gone."), null, AbortSignal.abort())).toEqual({
      ...by,
      do: "handBack",
    });
    expect(told()).toEqual([]);
  });

  test.each([
    ["a storage that is away", new AppError("storage_unavailable", "No answer."), {}],
    ["something else that is away", new AppError("unavailable", "No answer."), {}],
    ["a lost card", new AppError("device_lost", "It is gone."), {}],
    ["a full storage", new AppError("storage_full", "No room."), { waitsFor: "space" }],
    ["a full disk", diskFull, { waitsFor: "space" }],
  ])("%s is not a fault of the job", (_, error, more) => {
    expect(after(error)).toEqual({ ...by, do: "handBack", ...more });
    expect(told()).toEqual(["warn: job handed back"]);
  });

  test("an error that its user can understand is told, with the input that it speaks of", () => {
    expect(after(new AppError("no_face", "There is no face."))).toEqual({ ...by, do: "fail", error: noFace });
    const second = { ...noFace, input: "image[1]" };
    expect(after(new AppError("no_face", "There is no face.", { input: "image[1]" }))).toMatchObject({ error: second });
    expect(told()).toEqual(Array(2).fill("warn: job attempt failed"));
  });

  test("any other is for the operator alone", () => {
    const detail = "Something went wrong on the server.";
    expect(after(new TypeError("x of undefined"))).toEqual({ ...by, do: "fail", error: { code: "internal", detail } });
    expect(told()).toEqual(["error: job attempt failed"]);
  });
});

describe("the end of a claim", () => {
  /** Ends the first attempt of a job, which has stored a file, with this change. */
  async function end(change: Change | null, job: JobRecord, records: Partial<MemoryStore["records"]> = {}) {
    const seen = (await store.records.get("ann", job.id))!;
    const deps = { ...store, records: { ...store.records, ...records } };
    return conclude(deps, { record: job, token: "mine", seen, stopping: false }, change);
  }

  async function claimedJob(): Promise<JobRecord> {
    const { record } = await store.claimed((await store.newJob()).id);
    await store.messages("warp");
    await store.put(outputKey("ann", record.id, record.attempt, "video.mp4"));
    return record;
  }

  const plan = { kind: "plan", queue: "plans", engine: null };
  const child = { kind: "animate", queue: "warp", engine: "warp", estimateSeconds: 1, params: {}, metadata: {} };
  async function planOf(children: number): Promise<{ root: JobRecord; children: JobRecord[] }> {
    const { record: root } = await store.claimed((await store.newJob(plan)).id);
    await store.messages("plans");
    const made: JobRecord[] = [];
    for (let index = 0; index < children; index++) {
      made.push((await createChild(store, root, index, { ...child, storeInputs: async () => ({}) })).record);
    }
    return { root, children: made };
  }

  async function succeed({ id, attempt }: JobRecord, token: string): Promise<JobRecord> {
    const key = outputKey("ann", id, attempt, "video.mp4");
    const video = { key, attempt, type: "video/mp4", bytes: 4, sha256: "0".repeat(64) };
    const { stored } = await updateJob(store, "ann", id, () => ({ ...success, token, outputs: { video } }));
    return stored!.record;
  }
  const success = {
    ...{ ...by, do: "succeed" as const },
    ...{ outputs: {}, engineVersion: "1", warnings: [], timings: {} },
  };

  test("a job that has succeeded keeps its files; a retry whose first reply was lost says the same", async () => {
    const job = await claimedJob();
    expect(await end(success, job)).toEqual({ did: "succeeded", againMs: null });
    expect(await end(success, job)).toEqual({ did: "succeeded", againMs: null });
    expect(await store.read(job.id)).toMatchObject({ state: "succeeded" });
    expect(await store.keys()).toEqual([outputKey("ann", job.id, 1, "video.mp4")]);
  });

  test("the audit says which mark is the job's, once its files are there for good", async () => {
    const lines: { kind: string; details?: Record<string, unknown> }[] = [];
    const audit = { tell: async (line: (typeof lines)[number]) => void lines.push(line) } as unknown as Audit;
    const job = await claimedJob();
    const watermark = { key: "0a1b2c3d", payload: 123456789 };
    const key = outputKey("ann", job.id, 1, "video.mp4");
    const video = { key, attempt: 1, type: "video/mp4", bytes: 4, sha256: "0".repeat(64), mark: { watermark } };
    const seen = (await store.records.get("ann", job.id))!;
    const attempt = { record: job, token: "mine", seen, stopping: false };
    await conclude({ ...store, audit }, attempt, { ...success, outputs: { video } });
    expect(lines).toMatchObject([{ kind: "marked", details: { job: job.id } }]);
    expect(JSON.stringify(lines[0]!.details!.marks)).toContain(String(watermark.payload));
  });

  test("what another holds now is looked at again, and the files of this attempt go, and no others", async () => {
    for (const change of [null, success]) {
      const job = await claimedJob();
      const { record: others } = await store.claimed(job.id, "another");
      const kept = outputKey("ann", job.id, others.attempt, "video.mp4");
      await store.put(kept);
      expect(await end(change, job)).toEqual({ did: "lost", againMs: 0 });
      expect(await store.read(job.id)).toMatchObject({ state: "running", attempt: 2, claim: { token: "another" } });
      expect(await store.keys()).toEqual([kept]);
      await succeed(others, "another");
      expect(await end(change, job)).toEqual({ did: "lost", againMs: 0 });
      expect(await store.keys()).toEqual([kept]);
      await store.files.purge(kept);
    }
  });

  test("one that is gone leaves nothing", async () => {
    const job = await claimedJob();
    const seen = (await store.records.get("ann", job.id))!;
    await store.records.remove("ann", job.id);
    expect(await conclude(store, { record: job, token: "mine", seen, stopping: false }, success)).toEqual({
      ...{ did: "lost", againMs: 0 },
    });
    expect(await store.keys()).toEqual([]);
  });

  test("one whose record can't be read is done with here, and its files go", async () => {
    const job = await claimedJob();
    const replace = () => Promise.reject(new AppError("record_unreadable", "It is damaged."));
    expect(await end(success, job, { replace })).toEqual({ did: "lost", againMs: null });
    expect(await store.keys()).toEqual([]);
  });

  test("after a write of unknown outcome, its files stay, and somebody looks soon", async () => {
    const job = await claimedJob();
    const replace = () => Promise.reject(new AppError("unauthorized", "The key has been changed."));
    expect(await end(success, job, { replace })).toEqual({ did: "unknown", againMs: 5000 });
    expect(await store.keys()).toHaveLength(1);
    expect(store.lines).toMatchObject([{ level: "error", event: "last write of unknown outcome" }]);
  });

  test("a retry waits a second, then two; a job that has failed is done with", async () => {
    const crashed = { code: "engine_crashed", detail: "It is gone." } as const;
    const { id } = await store.newJob();
    for (const outcome of [
      { did: "retried", againMs: 1000 },
      { did: "retried", againMs: 2000 },
      { did: "failed", againMs: null },
    ]) {
      const { record } = await store.claimed(id);
      await store.put(`${attemptPrefix("ann", id, record.attempt)}video.mp4`);
      expect(await end({ ...by, do: "fail", error: crashed }, record)).toEqual(outcome);
      expect(await store.keys()).toEqual([]);
    }
  });

  test("a cancel that came with the end of the work is heard", async () => {
    const job = await claimedJob();
    await store.cancel(job.id);
    expect(await end(success, job)).toEqual({ did: "canceled", againMs: null });
    expect(await store.read(job.id)).toMatchObject({ state: "canceled", outputs: {} });
    expect(await store.keys()).toEqual([]);
  });

  test("what was handed back waits longer each time, but not where its worker stops", async () => {
    const { id } = await store.newJob();
    for (const againMs of [2000, 4000, 8000]) {
      const { record } = await store.claimed(id);
      expect(await end({ ...by, do: "handBack" }, record)).toEqual({ did: "handed_back", againMs });
    }
    const seen = await store.claimed(id);
    const attempt = { record: seen.record, token: "mine", seen, stopping: true };
    expect(await conclude(store, attempt, { ...by, do: "handBack" })).toEqual({ did: "handed_back", againMs: 0 });
  });

  test("what moves has its message in the other queue, and none here", async () => {
    const job = await claimedJob();
    expect(await end({ ...by, do: "requeue", queue: "long", estimateSeconds: 500 }, job)).toEqual({
      ...{ did: "moved", againMs: null },
    });
    expect(await store.messages("long")).toEqual([job.id]);
    expect(await store.keys()).toEqual([]);
  });

  test("what can't move is handed back", async () => {
    const job = await claimedJob();
    expect(await end({ ...by, do: "requeue", queue: "warp", estimateSeconds: 500 }, job)).toMatchObject({
      ...{ did: "handed_back" },
    });
    expect(await store.read(job.id)).toMatchObject({ state: "queued", queue: "warp", claim: null });
  });

  test("a plan waits for its children, and goes on at once where the last one has ended meanwhile", async () => {
    for (const marked of [false, true]) {
      const { root, children } = await planOf(1);
      const { record } = await store.claimed(children[0]!.id, "other");
      const ended = await succeed(record, "other");
      if (marked) await markEnded(store, ended);
      await store.messages("plans");
      expect(await end({ ...by, do: "wait", children: 1, ended: 0 }, root)).toEqual({ did: "waits", againMs: null });
      expect((await store.read(root.id)).state).toBe(marked ? "queued" : "waiting");
      expect(await store.messages("plans")).toEqual(marked ? [root.id] : []);
    }
  });

  test("a plan that has failed takes its children along", async () => {
    const { root, children } = await planOf(2);
    expect(await end({ ...by, do: "fail", error: noFace }, root)).toEqual({ did: "failed", againMs: null });
    for (const { id } of children) expect((await store.read(id)).state).toBe("canceled");
  });

  test("files that can't be taken away now keep nothing from going on", async () => {
    const job = await claimedJob();
    store.files.purge = () => Promise.reject(new AppError("storage_unavailable", "No answer."));
    expect(await end({ ...by, do: "handBack" }, job)).toMatchObject({ did: "handed_back" });
    expect(store.lines).toMatchObject([{ level: "warn", event: "files of an attempt stay" }]);
  });
});
