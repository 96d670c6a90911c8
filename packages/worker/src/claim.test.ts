import { AppError } from "@smileloop/core/errors.ts";
import type { Progress } from "@smileloop/core/job/record.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import type { Records } from "@smileloop/core/records.ts";
import { describe, expect, test } from "vitest";
import { type MemoryStore, memoryStore } from "../../../test/support/memory-store.ts";
import { type ClaimTimes, holdClaim, lastWrite } from "./claim.ts";

const HOUR_MS = 3_600_000;
const TIMES = { beatMs: 15_000, lookMs: 2000, progressMs: 500 };
/** The storage tells nobody of changes. */
const silent = { changed: () => new Promise<void>(() => {}) };
const away = () => Promise.reject(new AppError("storage_unavailable", "It does not answer."));
const unreadable = () => Promise.reject(new AppError("record_unreadable", "It is damaged."));
const half: Progress = { stage: "render", done: 1, total: 2, percent: 50 };

type Options = { times?: Partial<ClaimTimes>; onBeat?: () => Promise<void> };

/** A claimed job that is held. `records`: what the holder's storage does differently; `reads`: how many the holder has made. */
async function held({ times, onBeat }: Options, records: (store: MemoryStore) => Partial<Records> = () => ({})) {
  const store = memoryStore();
  const { id } = await store.newJob();
  const stored = await store.claimed(id);
  let reads = 0;
  const get: Records["get"] = (owner, job) => {
    reads++;
    return store.records.get(owner, job);
  };
  const claim = holdClaim({
    ...{ store: { ...store, records: { ...store.records, get, ...records(store) } }, stored, token: "mine" },
    ...{ times: { ...TIMES, ...times }, log: store.log, onBeat },
  });
  await store.clock.advance(0);
  const events = () => store.lines.map(({ event }) => event);
  return { ...store, id, claim, stored, events, reads: () => reads };
}

describe("beats", () => {
  test("where the queue does not answer, the lease is renewed no more often, and a cancel is still heard of", async () => {
    const onBeat = () => Promise.reject(new Error("no answer"));
    const { id, claim, stored, ...job } = await held({ times: { lookMs: HOUR_MS }, onBeat }, () => silent);
    await job.clock.advance(60_000);
    expect((await job.read(id)).rev - stored.record.rev).toBe(4);
    expect(job.events()).toEqual(Array(4).fill("message not kept"));
    await job.cancel(id);
    await job.clock.advance(15_000);
    expect(claim.verdict()).toBe("canceling");
    expect(claim.signal.aborted).toBe(true);
    await claim.release();
  });

  test("one that finds the claim with another is the end of the work", async () => {
    const { id, claim, ...job } = await held({ times: { lookMs: HOUR_MS } }, () => silent);
    await job.claimed(id, "another");
    await job.clock.advance(15_000);
    expect(claim.verdict()).toBe("lost");
    await claim.release();
  });

  test("while progress comes all the time, the message is kept as often, and each step is written once", async () => {
    let kept = 0;
    const onBeat = async () => void kept++;
    const { id, claim, stored, ...job } = await held({ onBeat });
    for (let percent = 1; percent <= 60; percent++) {
      claim.report({ ...half, percent });
      await job.clock.advance(500);
      expect((await job.read(id)).progress?.percent).toBe(percent);
    }
    expect(kept).toBe(2);
    expect((await job.read(id)).rev - stored.record.rev).toBe(60);
    await job.clock.advance(14_500);
    expect((await job.read(id)).rev - stored.record.rev).toBe(60);
    expect(job.events()).toEqual([]);
    await claim.release();
  });

  test("a storage that is away is asked again, with the progress that it has missed", async () => {
    const { id, claim, ...job } = await held({}, ({ clock, records }) => {
      const startMs = clock.now();
      const replace: Records["replace"] = (...args) =>
        clock.now() - startMs < 20_000 ? away() : records.replace(...args);
      return { replace };
    });
    claim.report(half);
    await job.clock.advance(25_000);
    expect(claim.verdict()).toBeNull();
    expect(job.events()).toContain("beat failed");
    expect((await job.read(id)).progress).toEqual(half);
    await claim.release();
  });

  test("a record that can't be read any more is lost", async () => {
    const { claim, clock } = await held({ times: { lookMs: HOUR_MS } }, () => ({ replace: unreadable }));
    await clock.advance(15_000);
    expect(claim.verdict()).toBe("lost");
    await claim.release();
  });

  test("one at a time, and the last one ends before the claim is released", async () => {
    const counts = { now: 0, most: 0 };
    const { claim, clock, ...job } = await held({}, (store) => ({
      async replace(...args) {
        counts.most = Math.max(counts.most, ++counts.now);
        await store.clock.sleep(3000);
        counts.now--;
        return store.records.replace(...args);
      },
    }));
    for (let percent = 1; percent <= 10; percent++) {
      claim.report({ ...half, percent });
      await clock.advance(1000);
    }
    expect(counts).toEqual({ now: 1, most: 1 });
    let released = false;
    const releasing = claim.release().then(() => {
      released = true;
    });
    await clock.advance(0);
    expect(released).toBe(false);
    await clock.advance(3000);
    await releasing;
    expect(counts.now).toBe(0);
    expect(clock.sleepers).toBe(0);
    expect(claim.seen().record).toEqual(await job.read(job.id));
  });
});

describe("looks", () => {
  const onlyLooks = { beatMs: HOUR_MS, progressMs: HOUR_MS };

  test.each([
    ["canceled", "canceling", (job: MemoryStore, id: string) => job.cancel(id)],
    ["claimed by another", "lost", (job: MemoryStore, id: string) => job.claimed(id, "another")],
    ["gone", "lost", (job: MemoryStore, id: string) => job.records.remove("ann", id)],
    [
      "deleted",
      "lost",
      (job: MemoryStore, id: string) => updateJob(job, "ann", id, () => ({ by: "api", do: "delete" })),
    ],
  ] as const)("a job that is %s is heard of within two seconds", async (_, verdict, happens) => {
    const { claim, clock, ...job } = await held({ times: onlyLooks }, () => silent);
    await clock.advance(TIMES.lookMs + 1000);
    expect(claim.verdict()).toBeNull();
    await happens({ ...job, clock }, job.id);
    await clock.advance(TIMES.lookMs);
    expect(claim.verdict()).toBe(verdict);
    expect(claim.seen().record).toMatchObject({ id: job.id });
    expect(job.events()).toEqual([]);
    await claim.release();
    expect(clock.sleepers).toBe(0);
  });

  test("and at once, where the storage tells of changes", async () => {
    const { id, claim, clock, cancel } = await held({ times: onlyLooks });
    await cancel(id);
    await clock.advance(0);
    expect(claim.verdict()).toBe("canceling");
    await claim.release();
  });

  test("where it can't tell, there are looks all the same", async () => {
    const { id, claim, clock, cancel } = await held({ times: onlyLooks }, () => ({ changed: away }));
    await cancel(id);
    await clock.advance(TIMES.lookMs);
    expect(claim.verdict()).toBe("canceling");
    await claim.release();
  });

  test("a storage that is away does not end the work; a record that can't be read does", async () => {
    let get = away as Records["get"];
    const { claim, clock, events } = await held({ times: onlyLooks }, () => ({ ...silent, get: () => get("", "") }));
    await clock.advance(TIMES.lookMs);
    expect(claim.verdict()).toBeNull();
    expect(events()).toEqual(["look failed"]);
    get = unreadable;
    await clock.advance(TIMES.lookMs + 1000);
    expect(claim.verdict()).toBe("lost");
    await claim.release();
  });

  test("beats that arrive are as good as looks, so that nothing is read", async () => {
    /** It tells of a change before its writer has the reply. */
    const slow = ({ records, clock }: MemoryStore): Partial<Records> => ({
      async replace(...args) {
        const stored = await records.replace(...args);
        await clock.sleep(100);
        return stored;
      },
    });
    for (const records of [() => ({}), () => silent, slow]) {
      const { claim, clock, reads } = await held({ times: { beatMs: 1000 } }, records);
      await clock.advance(60_000);
      await claim.release();
      expect(reads()).toBe(0);
    }
  });

  test("between two there is a pause, also where the storage speaks of changes all the time", async () => {
    for (const [changed, most] of [
      [silent.changed, 5],
      [async () => {}, 10_000 / 50],
    ] as const) {
      const { claim, clock, reads } = await held({ times: onlyLooks }, () => ({ changed }));
      await clock.advance(10_000);
      expect(reads()).toBeGreaterThan(most / 2);
      expect(reads()).toBeLessThanOrEqual(most + 1);
      const before = reads();
      await claim.release();
      expect(reads()).toBe(before);
    }
  });

  test("one that a beat has overtaken brings nothing old back", async () => {
    const { id, claim, clock, read } = await held({ times: { lookMs: 200 } }, ({ clock, records }) => ({
      ...silent,
      async get(owner, job) {
        const stored = await records.get(owner, job);
        await clock.sleep(1000);
        return stored;
      },
    }));
    claim.report(half);
    await clock.advance(1300);
    expect(claim.seen().record).toEqual(await read(id));
    const released = claim.release();
    await clock.advance(1000);
    await released;
  });
});

describe("the last write", () => {
  /** Written to a storage that refuses for so many milliseconds. */
  async function written(code: "storage_full" | "storage_unavailable" | "unauthorized", refusesMs: number) {
    const { clock, records, queue, newJob, claimed } = memoryStore();
    const seen = await claimed((await newJob()).id);
    const startMs = clock.now();
    const replace: Records["replace"] = async (...args) => {
      if (clock.now() - startMs < refusesMs) throw new AppError(code, "It refuses.");
      return records.replace(...args);
    };
    const store = { clock, queue, records: { ...records, replace } };
    const writing = lastWrite(store, seen, { by: "holder", token: "mine", do: "handBack" }).then(
      ({ stored }) => stored?.record.state,
      (error: AppError) => error.code,
    );
    await clock.advance(0);
    const quick = await Promise.race([writing, Promise.resolve("tried again")]);
    await clock.advance(60_000);
    return [quick, await writing];
  }

  test("is tried for five seconds", async () => {
    for (const code of ["storage_full", "storage_unavailable"] as const) {
      expect(await written(code, 4900)).toEqual(["tried again", "queued"]);
      expect(await written(code, 5100)).toEqual(["tried again", code]);
    }
  });

  test("what waiting does not help is said at once", async () => {
    expect(await written("unauthorized", 100)).toEqual(["unauthorized", "unauthorized"]);
  });
});
