/** Records in the memory of this process, for tests and for the command line. */
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { newToken } from "../job/ids.ts";
import {
  childrenPrefix,
  idempotencyKey,
  idempotencyPrefix,
  jobFolderId,
  jobPrefix,
  noteKey,
  ownerPrefix,
  timerKey,
  timerOfKey,
} from "../job/keys.ts";
import type { JobRecord } from "../job/record.ts";
import { createUnreadable, messageOf, parseRecord, readable } from "../job/unreadable.ts";
import type { Log } from "../log.ts";
import type { Notes } from "../notes.ts";
import type { IdempotencyEntry, IdempotencyKeys, Records, StoredRecord, Timer, Timers } from "../records.ts";
import { childNumbers, countYoung, cursorFolder } from "./folders.ts";
import { createWatchers } from "./watchers.ts";

/** Kept as text, so that nobody shares an object with the storage. */
type Kept = { text: string; etag: string; writtenMs: number };

export function memoryRecords({ clock, log }: { clock: Clock; log?: Log }): Records {
  const kept = new Map<string, Kept>();
  const watchers = createWatchers();
  const unreadable = createUnreadable(clock, log);

  const write = (key: string, record: JobRecord): StoredRecord => {
    const entry = { text: JSON.stringify(record), etag: newToken(), writtenMs: clock.now() };
    kept.set(key, entry);
    watchers.wake(key);
    unreadable.healed(record.owner, record.id);
    return { record: JSON.parse(entry.text) as JobRecord, etag: entry.etag, ageMs: 0 };
  };

  const read = (owner: string, id: string): StoredRecord | null => {
    const entry = kept.get(jobPrefix(owner, id));
    if (!entry) return null;
    const { etag } = entry;
    const ageMs = clock.now() - entry.writtenMs;
    try {
      return { record: parseRecord(entry.text, owner, id), etag, ageMs };
    } catch (error) {
      throw unreadable.met({ owner, id, rev: 1, etag, ageMs, why: messageOf(error) }, "memory", error);
    }
  };

  /** What comes after the prefix in the names of records, without the slash at the end. */
  const under = (prefix: string): string[] =>
    [...kept.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length, -1));

  return {
    async create(record) {
      const key = jobPrefix(record.owner, record.id);
      if (kept.has(key)) throw new AppError("precondition_failed", "There is a job with this id already.");
      return write(key, record);
    },
    async get(owner, id) {
      return read(owner, id);
    },
    async replace(record, etag) {
      const key = jobPrefix(record.owner, record.id);
      if (kept.get(key)?.etag !== etag) throw new AppError("precondition_failed", "The job was changed meanwhile.");
      return write(key, record);
    },
    async remove(owner, id) {
      const key = jobPrefix(owner, id);
      kept.delete(key);
      watchers.wake(key);
      unreadable.healed(owner, id);
    },
    async list(owner, { limit, cursor }) {
      const prefix = ownerPrefix(owner);
      const after = cursor === undefined ? "" : cursorFolder(cursor);
      const folders = under(prefix).filter((name) => name > after && jobFolderId(name) !== null);
      const page = folders.sort().slice(0, limit);
      const found = await Promise.all(page.map((name) => readable(async () => read(owner, jobFolderId(name)!))));
      const records = found.filter((stored) => stored !== null).map(({ record }) => record);
      return { records, cursor: folders.length > limit ? (page.at(-1) ?? null) : null };
    },
    async countSince(owner, sinceMs, most) {
      return countYoung(under(ownerPrefix(owner)), sinceMs, most);
    },
    async children(owner, root) {
      return childNumbers(under(childrenPrefix(owner, root)));
    },
    async changed(owner, id, rev, signal) {
      if (read(owner, id)?.record.rev === rev) await watchers.wait(jobPrefix(owner, id), signal);
    },
    unreadable: unreadable.count,
    timers: memoryTimers(),
    keys: memoryKeys(clock),
    notes: memoryNotes(clock),
  };
}

function memoryTimers(): Timers {
  const armed = new Set<string>();
  return {
    async arm(timer) {
      armed.add(timerKey(timer));
    },
    async drop(timer) {
      armed.delete(timerKey(timer));
    },
    async *due(untilMs, fromMs = 0) {
      for (const key of [...armed].sort()) {
        const timer = timerOfKey(key) as Timer;
        if (timer.atMs > untilMs) return;
        if (timer.atMs >= fromMs && armed.has(key)) yield timer;
      }
    },
  };
}

function memoryKeys(clock: Clock): IdempotencyKeys {
  const entries = new Map<string, { entry: IdempotencyEntry; storedMs: number }>();
  return {
    async get(owner, keySha256) {
      const found = entries.get(idempotencyKey(owner, keySha256));
      return found ? { ...found.entry } : null;
    },
    async claim(owner, keySha256, entry) {
      const key = idempotencyKey(owner, keySha256);
      const found = entries.get(key) ?? { entry: { ...entry }, storedMs: clock.now() };
      entries.set(key, found);
      return { ...found.entry };
    },
    async forget(beforeMs) {
      for (const [key, { storedMs }] of entries) if (storedMs < beforeMs) entries.delete(key);
    },
    async erase(owner) {
      for (const key of entries.keys()) if (key.startsWith(idempotencyPrefix(owner))) entries.delete(key);
    },
  };
}

/** Also for homes that belong to one process alone. */
export function memoryNotes(clock: Clock): Notes {
  const kept = new Map<string, Kept>();
  return {
    async get(name) {
      const entry = kept.get(noteKey(name));
      return entry ? { text: entry.text, etag: entry.etag, ageMs: clock.now() - entry.writtenMs } : null;
    },
    async put(name, text, etag) {
      const key = noteKey(name);
      if ((kept.get(key)?.etag ?? null) !== etag) return null;
      const entry = { text, etag: newToken(), writtenMs: clock.now() };
      kept.set(key, entry);
      return entry.etag;
    },
  };
}
