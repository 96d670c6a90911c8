/**
 * Records as files, for one server per folder (`data-dir.ts` sees to that).
 *
 *     jobs/<owner>/<folder>/job.<rev>.json   created by link() and never changed; the highest rev is the truth, older ones
 *                                            are taken away after it
 *     jobs/<owner>/<folder>/c/<n>/job.<rev>.json     of a child, likewise
 *     due/<moment>/<owner>/<id>              empty
 *     idempotency/<owner>/<sha256>           what the key stands for
 *
 * Writers of one record queue up in this process, so that a revision cannot be created a second time after its successor
 * has replaced it; link() is what keeps a half-written or doubled one from ever having the name. Notes live as long as the
 * process: nobody else could read them.
 */
import { readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { childrenPrefix, jobFolder, jobFolderId, jobPrefix, ownerPrefix } from "../job/keys.ts";
import type { JobRecord } from "../job/record.ts";
import type { Records, StoredRecord } from "../records.ts";
import { errno, removeEmptyFolders, withStorageErrors, writeOnce } from "../storage/durable-files.ts";
import { diskKeys, diskTimers } from "./disk-entries.ts";
import { childNumbers, countYoung, cursorFolder } from "./folders.ts";
import { memoryNotes } from "./memory.ts";
import { createWatchers } from "./watchers.ts";

const RECORD_FILE = /^job\.(\d+)\.json$/;
const READ_TRIES = 50;
const READ_AT_ONCE = 16;

export function diskRecords({ dir, clock }: { dir: string; clock: Clock }): Records {
  const watchers = createWatchers();
  const inTurn = createTurns();
  const folderOf = (owner: string, id: string) => join(dir, jobPrefix(owner, id));
  const key = (record: { owner: string; id: string }) => jobPrefix(record.owner, record.id);

  const write = async (record: JobRecord, taken: string): Promise<StoredRecord> => {
    const folder = folderOf(record.owner, record.id);
    const path = join(folder, `job.${record.rev}.json`);
    const made = await writeOnce(dir, path, clock.now(), (handle) => handle.writeFile(JSON.stringify(record)));
    if (!made) throw new AppError("precondition_failed", taken);
    await removeRevisions(folder, record.rev).catch(() => {}); // the next write does it
    watchers.wake(key(record));
    return { record, etag: etagOf(record), ageMs: 0 };
  };

  const get = (owner: string, id: string) => withStorageErrors(async () => readNewest(folderOf(owner, id), clock));

  return {
    create: async (record) =>
      inTurn(key(record), async () => {
        const taken = "There is a job with this id already.";
        if (await readNewest(folderOf(record.owner, record.id), clock))
          throw new AppError("precondition_failed", taken);
        return write(record, taken);
      }),

    get,

    replace: async (record, etag) =>
      inTurn(key(record), async () => {
        const taken = "The job was changed meanwhile.";
        const now = await readNewest(folderOf(record.owner, record.id), clock);
        if (now?.etag !== etag) throw new AppError("precondition_failed", taken);
        return write(record, taken);
      }),

    remove: async (owner, id) =>
      inTurn(jobPrefix(owner, id), async () => {
        const folder = folderOf(owner, id);
        await removeRevisions(folder, Number.POSITIVE_INFINITY);
        await removeEmptyFolders(dir, folder);
        watchers.wake(jobPrefix(owner, id));
      }),

    list: (owner, { limit, cursor }) =>
      withStorageErrors(async () => {
        const parent = join(dir, ownerPrefix(owner));
        const after = cursor === undefined ? "" : cursorFolder(cursor);
        const names = (await namesIn(parent)).filter((name) => name > after && jobFolderId(name) !== null).sort();
        const records: JobRecord[] = [];
        let next = 0;
        while (records.length < limit && next < names.length) {
          const batch = names.slice(next, next + Math.min(READ_AT_ONCE, limit - records.length));
          next += batch.length;
          const found = await Promise.all(batch.map((name) => readNewest(join(parent, name), clock)));
          records.push(...found.filter((stored) => stored !== null).map((stored) => stored.record));
        }
        const last = records.at(-1);
        return { records, cursor: last && next < names.length ? jobFolder(last.id) : null };
      }),

    countSince: (owner, sinceMs, most) =>
      withStorageErrors(async () => countYoung(await namesIn(join(dir, ownerPrefix(owner))), sinceMs, most)),

    children: (owner, root) =>
      withStorageErrors(async () => childNumbers(await namesIn(join(dir, childrenPrefix(owner, root))))),

    async changed(owner, id, rev, signal) {
      const done = new AbortController();
      const woken = watchers.wait(jobPrefix(owner, id), AbortSignal.any([signal, done.signal]));
      try {
        // looked at only after the waiting has begun, so that no change falls in between
        const stored = await get(owner, id);
        if (stored?.record.rev === rev) await woken;
      } finally {
        done.abort();
      }
    },

    timers: diskTimers(dir),
    keys: diskKeys({ dir, clock }),
    notes: memoryNotes(clock),
  };
}

/** `null` when there is none. Tries again while writers take old revisions away under its hands. */
async function readNewest(folder: string, clock: Clock): Promise<StoredRecord | null> {
  for (let tries = 0; ; tries++) {
    const newest = Math.max(...(await namesIn(folder)).map(revOf));
    if (!(newest > 0)) return null;
    const path = join(folder, `job.${newest}.json`);
    try {
      const [text, { mtimeMs }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
      const record = JSON.parse(text) as JobRecord;
      return { record, etag: etagOf(record), ageMs: Math.max(0, clock.now() - Math.round(mtimeMs)) };
    } catch (error) {
      if (errno(error) !== "ENOENT" || tries === READ_TRIES) throw error;
    }
  }
}

/** Takes away the revisions below this one, the oldest first, so that none of them is ever the newest again. */
async function removeRevisions(folder: string, below: number): Promise<void> {
  const old = (await namesIn(folder)).filter((name) => revOf(name) > 0 && revOf(name) < below);
  for (const name of old.sort((a, b) => revOf(a) - revOf(b))) {
    await unlink(join(folder, name)).catch((error: unknown) => {
      if (errno(error) !== "ENOENT") throw error;
    });
  }
}

function revOf(name: string): number {
  return Number(RECORD_FILE.exec(name)?.[1] ?? 0);
}

function etagOf(record: JobRecord): string {
  return `${record.rev}-${record.write}`;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errno(error) === "ENOENT") return [];
    throw error;
  }
}

/** Runs what is given for the same key one after the other, errors translated. */
function createTurns(): <T>(key: string, run: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, run) => {
    const before = last.get(key) ?? Promise.resolve();
    const turn = before.then(() => withStorageErrors(run));
    const settled = turn.then(
      () => {},
      () => {},
    );
    last.set(key, settled);
    void settled.then(() => {
      if (last.get(key) === settled) last.delete(key);
    });
    return turn;
  };
}
