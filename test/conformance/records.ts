/** What every adapter of `Records` does (packages/core/src/records.ts). */
import { childId, newId } from "@smileloop/core/job/ids.ts";
import { type JobRecord, newJobRecord } from "@smileloop/core/job/record.ts";
import { UnreadableRecord } from "@smileloop/core/job/unreadable.ts";
import { underLease } from "@smileloop/core/jobs/leases.ts";
import type { Records } from "@smileloop/core/records.ts";
import { expect } from "vitest";
import type { ManualClock } from "../support/manual-clock.ts";
import { codeOf, collect, type Skip, suite } from "./cases.ts";

/** `ageStepMs`: how exactly the storage knows the age of a record; a millisecond where nothing is said. */
export type RecordsHome = { records: Records; clock: ManualClock; ageStepMs?: number; close(): Promise<void> } & {
  /** Puts this text where the record is; where nothing is said, the suite writes what breaks the schema. */
  damage?(record: JobRecord, text: string): Promise<void>;
};

const HASH = "ab".repeat(32);

export function newRecord(nowMs: number, owner = "ann", id = newId(nowMs)): JobRecord {
  const job = { id, owner, kind: "draw", queue: "warp", params: {}, metadata: {}, inputs: {} };
  return newJobRecord({ ...job, engine: "warp", estimateSeconds: 1 }, nowMs);
}

const next = (record: JobRecord, write: string): JobRecord => ({ ...record, rev: record.rev + 1, write });

async function damage(home: RecordsHome, record: JobRecord, text: string): Promise<void> {
  if (home.damage) return home.damage(record, text);
  const { etag } = (await home.records.get(record.owner, record.id))!;
  await home.records.replace({ ...record, state: "broken" as "queued" }, etag);
}

/** Ids of all of ann's records, page by page. */
async function listAll(records: Records, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined, pages = 0; pages < 10; pages++) {
    const page = await records.list("ann", { limit, cursor });
    ids.push(...page.records.map(({ id }) => id));
    if (page.cursor === null) return ids;
    cursor = page.cursor;
  }
  throw new Error("The list does not end.");
}

export function recordsSuite(name: string, open: () => Promise<RecordsHome>, options: { skip?: Skip } = {}): void {
  suite(`records: ${name}`, open, options.skip ?? [], {
    "a record comes back as it was written": async ({ records, clock, ageStepMs = 1 }) => {
      const record = newRecord(clock.now());
      record.metadata = { name: "Zoë \u2028 “quoted” 😀" };
      const created = await records.create(record);
      const stored = await records.get("ann", record.id);
      expect(stored).toEqual({ ...created, ageMs: stored?.ageMs });
      expect(stored?.record).toEqual(record);
      expect(created.ageMs).toBe(0);
      expect(stored?.ageMs).toBeLessThan(ageStepMs);
    },

    "a missing record is null, and so is another owner's": async ({ records, clock }) => {
      const record = newRecord(clock.now());
      await records.create(record);
      expect(await records.get("bob", record.id)).toBeNull();
      expect(await records.get("ann", newId(clock.now()))).toBeNull();
    },

    "owners and ids that are none cannot reach anything": async ({ records, clock }) => {
      const { id } = newRecord(clock.now());
      for (const owner of ["", "..", "../ann", "a/b", "ANN", "a\0", "con", "%2e%2e"]) {
        expect(await codeOf(() => records.get(owner, id)), owner).toBe("not_found");
        expect(await codeOf(() => records.list(owner, { limit: 1 })), owner).toBe("not_found");
      }
      for (const bad of ["", "..", "../../secret", `${id}/`, id.toUpperCase(), "0".repeat(32)]) {
        expect(await codeOf(() => records.get("ann", bad)), bad).toBe("not_found");
      }
    },

    "a record is created once": async ({ records, clock }) => {
      const record = newRecord(clock.now());
      const codes = await Promise.all(
        ["a", "b", "c", "d"].map((write) => codeOf(() => records.create({ ...record, write }))),
      );
      expect(codes.filter((code) => code === null)).toHaveLength(1);
      expect(codes.filter((code) => code === "precondition_failed")).toHaveLength(3);
    },

    "of writers with the same etag one wins, and the record is that one's": async ({ records, clock }) => {
      const first = await records.create(newRecord(clock.now()));
      const writes = Array.from({ length: 12 }, (_, i) => `writer-${i}`);
      const results = await Promise.all(
        writes.map(async (write) => ({
          write,
          code: await codeOf(() => records.replace(next(first.record, write), first.etag)),
        })),
      );
      const winners = results.filter(({ code }) => code === null);
      expect(winners).toHaveLength(1);
      expect(results.filter(({ code }) => code === "precondition_failed")).toHaveLength(11);
      expect((await records.get("ann", first.record.id))?.record.write).toBe(winners[0]!.write);
    },

    "an etag of long ago is refused, however many revisions came since": async ({ records, clock }) => {
      const first = await records.create(newRecord(clock.now()));
      let stored = first;
      for (let i = 0; i < 5; i++) stored = await records.replace(next(stored.record, `w${i}`), stored.etag);
      expect(await codeOf(() => records.replace(next(first.record, "late"), first.etag))).toBe("precondition_failed");
      expect((await records.get("ann", first.record.id))?.record).toEqual(stored.record);
    },

    "a record that is gone cannot be replaced": async ({ records, clock }) => {
      const { record, etag } = await records.create(newRecord(clock.now()));
      await records.remove("ann", record.id);
      await records.remove("ann", record.id);
      expect(await records.get("ann", record.id)).toBeNull();
      expect(await codeOf(() => records.replace(next(record, "x"), etag))).toBe("precondition_failed");
      expect((await records.list("ann", { limit: 10 })).records).toEqual([]);
    },

    "a damaged record is an error for those that ask for it, and for no others": async (home) => {
      const { records, clock } = home;
      for (const text of ["", '{"rev":1,"id":"', "[]", '"text"', "null"]) {
        const [jobs, sinceMs] = [[] as JobRecord[], clock.now()];
        for (let n = 0; n < 5; n++) jobs.push((await records.create(newRecord(sinceMs + n))).record);
        const [damaged, others] = [jobs[2]!, jobs.filter((_, n) => n !== 2)];
        const before = records.unreadable();
        await damage(home, damaged, text);
        expect(await codeOf(() => records.get("ann", damaged.id)), text).toBe("record_unreadable");
        expect(await codeOf(() => records.create(damaged)), text).toBe("precondition_failed");
        expect(await codeOf(() => records.replace(next(damaged, "x"), "0-x")), text).toBe("precondition_failed");
        expect(await listAll(records, 2)).toEqual(others.map(({ id }) => id).reverse());
        expect(await records.countSince("ann", sinceMs, 9)).toBe(5);
        expect(records.unreadable()).toBe(before + 1);
        await records.remove("ann", damaged.id);
        expect(await records.get("ann", damaged.id)).toBeNull();
        expect(records.unreadable()).toBe(before);
        for (const { id } of others) await records.remove("ann", id);
      }
    },

    "a damaged record can be replaced by its etag, once": async (home) => {
      const { records, clock } = home;
      const { record } = await records.create(newRecord(clock.now()));
      await damage(home, record, "{");
      const error = await records.get("ann", record.id).catch((error: unknown) => error);
      if (!(error instanceof UnreadableRecord)) throw error;
      const { owner, id, rev, etag } = error.damage;
      expect({ owner, id }).toEqual({ owner: "ann", id: record.id });
      const mended = { ...record, rev: rev + 1, write: "mended" };
      const stored = await records.replace(mended, etag);
      expect(await codeOf(() => records.replace(mended, etag))).toBe("precondition_failed");
      expect((await records.get("ann", id))?.record).toEqual(mended);
      expect(records.unreadable()).toBe(0);
      await records.replace(next(mended, "later"), stored.etag);
    },

    "the record of another job is not taken for this one's, and what is new or long is no damage": async (home) => {
      const { records, clock } = home;
      const { record, etag } = await records.create(newRecord(clock.now()));
      const newer = { ...next(record, "newer"), invented_later: { x: 1 } };
      const stored = await records.replace(newer, etag);
      expect((await records.get("ann", record.id))?.record).toEqual(newer);
      await damage(home, stored.record, JSON.stringify({ ...newer, rev: newer.rev, id: newId(clock.now()) }));
      expect(await codeOf(() => records.get("ann", record.id))).toBe("record_unreadable");
    },

    "the age of records and notes counts from their last write": async ({ records, clock, ageStepMs = 1 }) => {
      const expectAge = async (ms: number) => {
        const stored = await records.get("ann", record.id);
        const note = await records.notes.get("sweep");
        for (const written of [stored, note])
          expect(Math.abs((written?.ageMs ?? Number.NaN) - ms)).toBeLessThan(ageStepMs);
      };
      const { record, etag } = await records.create(newRecord(clock.now()));
      const first = await records.notes.put("sweep", "Zoë", null);
      await clock.advance(61_500);
      await expectAge(61_500);
      await records.replace(next(record, "beat"), etag);
      await records.notes.put("sweep", "Zoë", first);
      await clock.advance(250);
      await expectAge(250);
    },

    "changing what was handed out changes nothing that is stored": async ({ records, clock }) => {
      const record = newRecord(clock.now());
      const created = await records.create(record);
      created.record.metadata.x = "changed";
      record.metadata.y = "changed";
      expect((await records.get("ann", record.id))?.record.metadata).toEqual({});
    },

    "the list is newest first, in pages, of one owner": async ({ records, clock }) => {
      const ids: string[] = [];
      for (let i = 0; i < 7; i++) {
        await clock.advance(i % 2);
        ids.unshift((await records.create(newRecord(clock.now()))).record.id);
        await records.create(newRecord(clock.now(), "bob"));
        await records.create(newRecord(clock.now(), "ann-2"));
      }
      const times = (page: JobRecord[]) => page.map((record) => record.created_at);
      const seen: JobRecord[] = [];
      let cursor: string | null = null;
      let pages = 0;
      do {
        const page: { records: JobRecord[]; cursor: string | null } = await records.list("ann", {
          limit: 3,
          ...(cursor ? { cursor } : {}),
        });
        seen.push(...page.records);
        cursor = page.cursor;
        pages++;
      } while (cursor);
      expect(pages).toBe(3);
      expect(seen.map((record) => record.id).sort()).toEqual([...ids].sort());
      expect(times(seen)).toEqual(times(seen).sort((a, b) => b - a));
      expect(await records.list("nobody", { limit: 3 })).toEqual({ records: [], cursor: null });
    },

    "a job that is made between two pages does not disturb them": async ({ records, clock }) => {
      for (let i = 0; i < 4; i++) {
        await clock.advance(1);
        await records.create(newRecord(clock.now()));
      }
      const first = await records.list("ann", { limit: 2 });
      await clock.advance(1);
      const late = await records.create(newRecord(clock.now()));
      const second = await records.list("ann", { limit: 2, cursor: first.cursor! });
      const ids = [...first.records, ...second.records].map((record) => record.id);
      expect(new Set(ids).size).toBe(4);
      expect(ids).not.toContain(late.record.id);
      expect(second.cursor).toBeNull();
    },

    "a cursor that was never handed out is refused": async ({ records }) => {
      for (const cursor of ["", "x", "../..", "f".repeat(44), "ü".repeat(44)]) {
        expect(await codeOf(() => records.list("ann", { limit: 1, cursor })), cursor).toBe("invalid_request");
      }
    },

    "whoever waits for a change is told": async ({ records, clock }) => {
      const first = await records.create(newRecord(clock.now()));
      const { id } = first.record;
      const waits = [1, 2].map(() => records.changed("ann", id, 1, new AbortController().signal));
      await records.replace(next(first.record, "w"), first.etag);
      await Promise.all(waits);
      // another revision is there already: no wait, or no longer than until the next look
      for (const other of [id, newId(clock.now())]) {
        const told = records.changed("ann", other, 1, new AbortController().signal, 50);
        await clock.advance(50);
        await told;
      }
    },

    "waiting ends without an error when the signal is aborted": async ({ records, clock }) => {
      const { record } = await records.create(newRecord(clock.now()));
      const stop = new AbortController();
      const waiting = records.changed("ann", record.id, 1, stop.signal);
      stop.abort();
      await waiting;
      await records.changed("ann", record.id, 1, stop.signal);
    },

    "children are records like all others, under their root": async ({ records, clock }) => {
      const root = await records.create(newRecord(clock.now()));
      const { id } = root.record;
      expect(await records.children("ann", id)).toEqual([]);
      for (const index of [10, 0, 2, 99_999]) await records.create(newRecord(clock.now(), "ann", childId(id, index)));
      await records.create(newRecord(clock.now(), "bob", childId(id, 5)));
      expect(await records.children("ann", id)).toEqual([0, 2, 10, 99_999]);
      const child = (await records.get("ann", childId(id, 2)))!;
      await records.replace(next(child.record, "w"), child.etag);
      expect((await records.get("ann", childId(id, 2)))?.record).toMatchObject({ rev: 2, write: "w" });
      expect((await records.get("ann", id))?.record.rev).toBe(1);
      expect(await codeOf(() => records.create(child.record))).toBe("precondition_failed");
      for (const index of [10, 0, 2, 99_999]) await records.remove("ann", childId(id, index));
      expect(await records.children("ann", id)).toEqual([]);
      expect((await records.get("ann", id))?.record).toEqual(root.record);
      for (const bad of ["", "..", "x", childId(id, 1)]) {
        expect(await codeOf(() => records.children("ann", bad)), bad).toBe("not_found");
      }
    },

    "children are neither listed nor counted, and outlive their root's record": async ({ records, clock }) => {
      const sinceMs = clock.now();
      const ids: string[] = [];
      for (let n = 0; n < 3; n++) {
        await clock.advance(1);
        const { record } = await records.create(newRecord(clock.now()));
        ids.unshift(record.id);
        for (const index of [0, 1]) await records.create(newRecord(clock.now(), "ann", childId(record.id, index)));
      }
      const first = await records.list("ann", { limit: 2 });
      expect(first.records.map(({ id }) => id)).toEqual(ids.slice(0, 2));
      const second = await records.list("ann", { limit: 2, cursor: first.cursor! });
      expect([second.records.map(({ id }) => id), second.cursor]).toEqual([ids.slice(2), null]);
      expect(await records.countSince("ann", sinceMs, 10)).toBe(3);
      await records.remove("ann", ids[1]!);
      expect((await records.list("ann", { limit: 10 })).records.map(({ id }) => id)).toEqual([ids[0], ids[2]]);
      expect(await records.children("ann", ids[1]!)).toEqual([0, 1]);
    },

    "a reader that waits for a change of a child is told": async ({ records, clock }) => {
      const root = await records.create(newRecord(clock.now()));
      const child = await records.create(newRecord(clock.now(), "ann", childId(root.record.id, 0)));
      const stop = new AbortController();
      const waiting = records.changed("ann", child.record.id, 1, stop.signal);
      await records.replace(next(child.record, "w"), child.etag);
      await waiting;
    },

    "a child's timer is like any other": async ({ records, clock }) => {
      const at = Math.ceil(clock.now() / 1000) * 1000;
      const root = newId(at);
      const timers = [root, childId(root, 0), childId(root, 12)].map((id) => ({ atMs: at, owner: "ann", id }));
      for (const timer of timers) await records.timers.arm(timer);
      expect((await collect(records.timers.due(at))).map(({ id }) => id).sort()).toEqual(timers.map(({ id }) => id));
      for (const timer of timers) await records.timers.drop(timer);
      expect(await collect(records.timers.due(at))).toEqual([]);
    },

    "timers come oldest first, up to the moment": async ({ records, clock }) => {
      const at = Math.ceil(clock.now() / 1000) * 1000;
      const [a, b, c] = [0, 1, 2].map((i) => ({ atMs: at + i * 1000, owner: "ann", id: newId(at) }));
      for (const timer of [c!, a!, b!, a!]) await records.timers.arm(timer);
      expect(await collect(records.timers.due(at - 1))).toEqual([]);
      expect(await collect(records.timers.due(at + 1000))).toEqual([a, b]);
      await records.timers.drop(a!);
      await records.timers.drop(a!);
      expect(await collect(records.timers.due(at + 5000))).toEqual([b, c]);
      expect(await collect(records.timers.due(at + 5000, at + 1001))).toEqual([c]);
      expect(await collect(records.timers.due(at + 5000, at + 1000))).toEqual([b, c]);
      expect(await collect(records.timers.due(at + 5000, at + 9000))).toEqual([]);
    },

    "a timer is never due before its time": async ({ records, clock }) => {
      const second = Math.ceil(clock.now() / 1000) * 1000;
      const timer = { atMs: second + 1, owner: "ann", id: newId(second) };
      await records.timers.arm(timer);
      expect(await collect(records.timers.due(second + 999))).toEqual([]);
      expect(await collect(records.timers.due(second + 1000))).toEqual([{ ...timer, atMs: second + 1000 }]);
      await records.timers.drop(timer);
      expect(await collect(records.timers.due(second + 1000))).toEqual([]);
    },

    "timers may be moved while they are walked": async ({ records, clock }) => {
      const at = Math.ceil(clock.now() / 1000) * 1000;
      for (let i = 0; i < 5; i++) await records.timers.arm({ atMs: at + i * 1000, owner: "ann", id: newId(at + i) });
      let seen = 0;
      for await (const timer of records.timers.due(at + 4000)) {
        seen++;
        await records.timers.arm({ ...timer, atMs: at + 60_000 });
        await records.timers.drop(timer);
      }
      expect(seen).toBe(5);
      expect(await collect(records.timers.due(at + 4000))).toEqual([]);
      expect(await collect(records.timers.due(at + 60_000))).toHaveLength(5);
    },

    "an idempotency key is claimed once and tells what holds": async ({ records }) => {
      expect(await records.keys.get("ann", HASH)).toBeNull();
      const entries = ["1", "2", "3"].map((job) => ({ job, bodySha256: job }));
      const answers = await Promise.all(entries.map((entry) => records.keys.claim("ann", HASH, entry)));
      expect(new Set(answers.map((answer) => answer.job)).size).toBe(1);
      expect(await records.keys.get("ann", HASH)).toEqual(answers[0]);
      expect(await records.keys.get("bob", HASH)).toBeNull();
      expect(await codeOf(() => records.keys.get("ann", "../../secret"))).toBe("invalid_request");
    },

    "old idempotency keys are forgotten, young ones are not": async ({ records, clock }) => {
      await records.keys.claim("ann", HASH, { job: "old", bodySha256: "b" });
      await clock.advance(1000);
      const young = "cd".repeat(32);
      await records.keys.claim("ann", young, { job: "young", bodySha256: "b" });
      await records.keys.forget(clock.now());
      expect(await records.keys.get("ann", HASH)).toBeNull();
      expect((await records.keys.get("ann", young))?.job).toBe("young");
    },

    "an owner's young records are counted, up to a number": async ({ records, clock }) => {
      const sinceMs = clock.now();
      expect(await records.countSince("ann", sinceMs, 5)).toBe(0);
      await records.create(newRecord(sinceMs - 1));
      await records.create(newRecord(sinceMs + 1, "bob"));
      for (let n = 0; n < 3; n++) await records.create(newRecord(sinceMs + n));
      expect(await records.countSince("ann", sinceMs, 5)).toBe(3);
      expect(await records.countSince("ann", sinceMs - 1, 5)).toBe(4);
      expect(await records.countSince("ann", sinceMs, 2)).toBe(2);
    },

    "of writers of the same version of a note one wins": async ({ records: { notes } }) => {
      expect(await notes.get("sweep")).toBeNull();
      const first = await notes.put("sweep", "first", null);
      expect(await notes.put("sweep", "twice", null)).toBeNull();
      const texts = Array.from({ length: 8 }, (_, n) => `writer-${n}`);
      const etags = await Promise.all(texts.map((text) => notes.put("sweep", text, first)));
      const winner = etags.findIndex((etag) => etag !== null);
      expect(etags.filter((etag) => etag !== null)).toHaveLength(1);
      expect(await notes.get("sweep")).toMatchObject({ text: texts[winner], etag: etags[winner] });
      expect(await notes.put("sweep", "late", first)).toBeNull();
      expect(await notes.put("other", "late", first)).toBeNull();
      expect(await codeOf(() => notes.get("../jobs"))).toBe("not_found");
    },

    "of two that want a lease one runs, and the next when it is done": async ({ records: { notes } }) => {
      const end = Promise.withResolvers<{ by: string }>();
      const first = underLease(notes, "sweep", 60_000, () => end.promise);
      while ((await notes.get("sweep")) === null);
      expect(await underLease(notes, "sweep", 60_000, async () => ({ by: "second" }))).toBeNull();
      expect(await underLease(notes, "scale", 60_000, async () => ({ by: "other" }))).toEqual({ by: "other" });
      end.resolve({ by: "first" });
      expect(await first).toEqual({ by: "first" });
      const many = Array.from({ length: 6 }, (_, n) => underLease(notes, "sweep", 60_000, async () => ({ by: n })));
      expect((await Promise.all(many)).filter((ran) => ran !== null).length).toBeGreaterThanOrEqual(1);
      await expect(underLease(notes, "sweep", 60_000, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
      expect(await underLease(notes, "sweep", 60_000, async () => ({ by: "after" }))).toEqual({ by: "after" });
    },
  });
}
