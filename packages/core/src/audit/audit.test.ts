/** The audit on every home: in a file of its own on disk, one object for each line elsewhere. */
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { manualClock } from "../../../../test/support/manual-clock.ts";
import { memoryStore } from "../../../../test/support/memory-store.ts";
import { openBucket } from "../../../../test/support/s3.ts";
import type { AuditStore } from "../audit.ts";
import { AppError } from "../errors.ts";
import { s3Files } from "../files/s3.ts";
import { createLog } from "../log.ts";
import { s3Records } from "../records/s3.ts";
import { createAudit } from "./audit-log.ts";
import { checkAudit } from "./check.ts";
import { diskAudit } from "./disk.ts";
import { CHAINS } from "./line.ts";
import { storedAudit } from "./stored.ts";
import { trimAudit } from "./upkeep.ts";

const log = createLog({ level: "silent" });
const DAY_MS = 24 * 60 * 60_000;
const entry = (n: number, at = 0) => ({ kind: "consent", at, details: { n } }) as const;

type Home = { open: () => AuditStore; close: () => Promise<void> };
const HOMES: Record<string, () => Promise<Home>> = {
  disk: async () => {
    const dir = await mkdtemp(join(tmpdir(), "smileloop-audit-"));
    return { open: () => diskAudit({ dir, log }), close: () => rm(dir, { recursive: true }) };
  },
  memory: async () => {
    const { files, records } = memoryStore();
    return { open: () => storedAudit({ files, notes: records.notes }), close: async () => {} };
  },
  S3: async () => {
    const { client, bucket, clock, close } = await openBucket();
    const [files, records] = [s3Files({ client, bucket, clock }), s3Records({ client, bucket, clock, log })];
    return { open: () => storedAudit({ files, notes: records.notes }), close };
  },
};

async function texts(store: AuditStore): Promise<string[]> {
  const found: string[] = [];
  for await (const text of store.lines("trust")) found.push(text);
  return found;
}

describe.each(Object.entries(HOMES))("on %s", (name, openHome) => {
  let home: Home;
  beforeEach(async () => {
    home = await openHome();
  });
  afterEach(() => home.close());

  test("lines of many writers at once make one chain without gaps, and a restart goes on with it", async () => {
    // a folder has one process, a bucket several
    const stores = name === "disk" ? [home.open()] : [home.open(), home.open(), home.open()];
    const each = name === "S3" ? 6 : 40;
    await Promise.all(stores.flatMap((store) => Array.from({ length: each }, (_, n) => store.append(entry(n)))));
    await Promise.all(stores.map((store) => store.close()));
    const again = home.open();
    const last = await again.append(entry(-1));
    expect(last.seq).toBe(stores.length * each + 1);
    expect(await checkAudit(again, "trust")).toEqual({
      lines: last.seq,
      head: { seq: last.seq, hash: last.hash },
      faults: [],
    });
    await again.close();
  });

  test("what is older than its time goes from the front, and the rest still holds together", async () => {
    const store = home.open();
    const now = CHAINS.trust.keepDays * DAY_MS + 10 * DAY_MS;
    for (const [n, at] of [0, DAY_MS, now - DAY_MS, now].entries()) await store.append(entry(n, at));
    expect(await trimAudit(store, { now: () => now })).toBe(2);
    expect((await texts(store)).map((text) => JSON.parse(text).seq)).toEqual([3, 4, 5]);
    expect(await checkAudit(store, "trust")).toMatchObject({ lines: 3, faults: [] });
    expect((await store.append(entry(9, now))).seq).toBe(6);
    await store.close();
  });
});

describe("a chain that was tampered with", () => {
  let lines: string[];
  beforeEach(async () => {
    const { files, records } = memoryStore();
    const store = storedAudit({ files, notes: records.notes });
    for (let n = 1; n <= 6; n++) await store.append(entry(n));
    lines = await texts(store);
  });
  const faults = async (changed: string[], known = [headOf(lines)]) => {
    const store = {
      head: async () => null,
      lines: async function* () {
        yield* changed;
      },
    };
    return (await checkAudit(store, "trust", known)).faults.map(({ detail }) => detail);
  };
  const headOf = (all: string[]) => {
    const { seq, hash } = JSON.parse(all.at(-1)!);
    return { seq, hash };
  };
  const without = (n: number) => lines.filter((_, at) => at !== n - 1);

  test("is sound as it was written", async () => {
    expect(await faults(lines)).toEqual([]);
  });

  test.each<[string, () => string[], RegExp]>([
    ["changed", () => lines.with(2, lines[2]!.replace('"n":3', '"n":4')), /line 3 was changed/],
    ["cut off", () => lines.with(2, lines[2]!.slice(0, 40)), /cannot be read/],
    ["written in other ways", () => lines.with(2, lines[2]!.replace(",", ", ")), /cannot be read/],
    ["removed", () => without(3), /line 3 is missing/],
    ["removed at the front", () => without(1), /line 1 is missing/],
    ["removed at the end", () => without(6), /line 6 is missing/],
    ["put in again", () => lines.toSpliced(4, 0, lines[1]!), /line 2 was put in, repeated or moved/],
    ["moved", () => lines.with(2, lines[3]!).with(3, lines[2]!), /line 3 was put in, repeated or moved/],
  ])("a line that was %s is found", async (_, change, fault) => {
    expect((await faults(change())).join("\n")).toMatch(fault);
  });

  test("a line that was rewritten with a hash that fits is found by the one after it, and the last one by its head", async () => {
    const { files, records } = memoryStore();
    const forger = storedAudit({ files, notes: records.notes });
    for (const n of [1, 2, 33, 4, 5, 66]) await forger.append(entry(n));
    const forged = await texts(forger);
    expect((await faults(lines.with(2, forged[2]!))).join()).toMatch(/line 4 was written after another line 3/);
    expect((await faults([...lines.slice(0, 5), forged[5]!])).join()).toMatch(/line 6/);
    expect((await faults(forged)).join()).toMatch(/line 6 was exchanged/);
  });

  test("lines that were trimmed are missing only as far as the chain says", async () => {
    const { files, records } = memoryStore();
    const store = storedAudit({ files, notes: records.notes });
    for (const at of [0, 0, CHAINS.trust.keepDays * DAY_MS]) await store.append(entry(1, at));
    await trimAudit(store, { now: () => CHAINS.trust.keepDays * DAY_MS + 1 });
    const kept = await texts(store);
    expect(await faults(kept, [])).toEqual([]);
    expect(await faults(kept.slice(1), [])).toEqual(["lines 1 to 3 are missing"]);
  });
});

describe("on disk", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "smileloop-audit-"));
    const store = diskAudit({ dir, log });
    for (let n = 1; n <= 3; n++) await store.append(entry(n));
    await store.close();
  });
  afterEach(() => rm(dir, { recursive: true }));
  const path = () => join(dir, "audit", "trust.jsonl");
  const check = async () => (await checkAudit(diskAudit({ dir, log }), "trust")).faults.map(({ detail }) => detail);

  test("a part of a line that a crash has left is told of, and cut off by the next writer", async () => {
    await appendFile(path(), '{"seq":4,"at":"2026-0');
    expect(await check()).toEqual(["cannot be read: it was changed, or cut off"]);
    const store = diskAudit({ dir, log });
    expect((await store.append(entry(4))).seq).toBe(4);
    await store.close();
    expect(await check()).toEqual([]);
  });

  test("a last line that somebody has cut off or taken away is missed for ever", async () => {
    const whole = await readFile(path(), "utf8");
    await truncate(path(), whole.length - 10);
    expect(await check()).toEqual(["cannot be read: it was changed, or cut off"]);
    const store = diskAudit({ dir, log });
    expect((await store.append(entry(4))).seq).toBe(4);
    await store.close();
    expect(await check()).toEqual(["line 3 is missing"]);
  });

  test("a last line that was spoiled keeps nobody from writing, and is still found", async () => {
    const whole = await readFile(path(), "utf8");
    await writeFile(path(), whole.replace('"n":3', '"n":9'));
    const store = diskAudit({ dir, log });
    await store.append(entry(4));
    await store.close();
    expect(await check()).toEqual(["line 3 was changed: its hash is that of another line"]);
  });

  test("a head that a crash has left behind the lines is not a fault", async () => {
    const head = await readFile(join(dir, "audit", "trust.head"), "utf8");
    const store = diskAudit({ dir, log });
    await store.append(entry(4));
    await store.close();
    await writeFile(join(dir, "audit", "trust.head"), head);
    expect(await check()).toEqual([]);
    const again = diskAudit({ dir, log });
    expect((await again.append(entry(5))).seq).toBe(5);
    await again.close();
  });
});

describe("what is written down", () => {
  const open = (append?: (next: AuditStore["append"]) => AuditStore["append"]) => {
    const { files, records } = memoryStore();
    const clock = manualClock();
    const lines: Record<string, unknown>[] = [];
    const told = createLog({ level: "info", destination: { write: (line: string) => lines.push(JSON.parse(line)) } });
    const stored = storedAudit({ files, notes: records.notes });
    const store = append ? { ...stored, append: append(stored.append) } : stored;
    return { audit: createAudit({ store, files, clock, log: told }), clock, lines, files };
  };

  test("owners stand there by a hash that is theirs alone, until its salt is thrown away", async () => {
    const { audit, files } = open();
    const ann = await audit.ownerHash("ann");
    expect(await audit.ownerHash("ann")).toBe(ann);
    expect(await audit.ownerHash("ben")).not.toBe(ann);
    await audit.write({ kind: "consent", owner: "ann", details: { job: "1" } });
    const [line] = await texts(audit.store);
    expect(JSON.parse(line!)).toMatchObject({ owner_hash: ann, job: "1" });
    expect(line).not.toContain("ann");
    await files.purge("owners/ann");
    expect(await audit.ownerHash("ann")).not.toBe(ann);
  });

  test("what only tells of something never fails: it waits and is tried again, in order", async () => {
    let broken = true;
    const { audit, clock, lines } = open((append) => async (line) => {
      if (broken) throw new AppError("storage_unavailable", "not now");
      return append(line);
    });
    await audit.tell({ kind: "marked", details: { job: "1" } });
    await audit.tell({ kind: "blocked", details: { id: "2" } });
    expect(lines.map(({ event }) => event)).toEqual(["audit line not written yet"]);
    await expect(audit.write({ kind: "consent" })).rejects.toThrow("not now");
    broken = false;
    await clock.advance(2000);
    expect(await texts(audit.store)).toHaveLength(1);
    await audit.close();
    expect(lines.filter(({ event }) => event === "audit line lost")).toEqual([]);
  });

  test("what cannot be written to the end is in the log, without an owner", async () => {
    const { audit, lines } = open(() => async () => {
      throw new AppError("storage_unavailable", "never");
    });
    await audit.tell({ kind: "marked", owner: "ann", details: { job: "1" } });
    await audit.close();
    const lost = lines.filter(({ event }) => event === "audit line lost");
    expect(lost).toMatchObject([{ kind: "marked", details: { job: "1" } }]);
    expect(JSON.stringify(lost)).not.toContain("ann");
  });

  test("the head of the days before is in the log once a day", async () => {
    const { audit, clock, lines } = open();
    const first = await audit.write({ kind: "consent" });
    await audit.write({ kind: "consent" });
    await clock.advance(DAY_MS);
    await audit.write({ kind: "consent" });
    const heads = lines.filter(({ event }) => event === "audit_head");
    expect(heads).toMatchObject([{ seq: 0 }, { seq: 2 }]);
    const known = [{ seq: 1, hash: first.hash }];
    expect((await checkAudit(audit.store, "trust", known)).faults).toEqual([]);
  });
});
