/**
 * Records as files, for one server per folder (`data-dir.ts` sees to that).
 *
 *     jobs/<owner>/<folder>/job.<rev>.json   created by link() and never changed; the highest rev is the truth, older ones
 *                                            are taken away after it
 *     jobs/<owner>/<folder>/c/<n>/job.<rev>.json     of a child, likewise
 *     due/<moment>/<owner>/<id>              empty
 *     idempotency/<owner>/<sha256>           what the key stands for
 *     reserve                                room for the last writes of jobs when the disk is full
 *
 * Writers of one record queue up in this process, so that a revision cannot be created a second time after its successor
 * has replaced it; link() is what keeps a half-written or doubled one from ever having the name. Notes live as long as the
 * process: nobody else could read them.
 */
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { childrenPrefix, jobFolderId, jobPrefix, ownerPrefix } from "../job/keys.ts";
import type { JobRecord } from "../job/record.ts";
import { createUnreadable, messageOf, parseRecord, readable, UnreadableRecord } from "../job/unreadable.ts";
import type { Log } from "../log.ts";
import type { Records, StoredRecord } from "../records.ts";
import { errno, removeEmptyFolders, withStorageErrors, writeOnce } from "../storage/durable-files.ts";
import { createReserve } from "../storage/reserve.ts";
import { diskKeys, diskTimers } from "./disk-entries.ts";
import { childNumbers, countYoung, cursorFolder } from "./folders.ts";
import { memoryNotes } from "./memory.ts";
import { createWatchers } from "./watchers.ts";

const RECORD_FILE = /^job\.(\d+)\.json$/;
const READ_TRIES = 50;
const READ_AT_ONCE = 16;

/** Errors of reading one file that say nothing about the others: it is no file, not ours, or its blocks are bad. */
const UNREADABLE = ["EISDIR", "EACCES", "EPERM", "ELOOP", "EIO", "EUCLEAN", "EBADMSG"];

export function diskRecords({ dir, clock, log }: { dir: string; clock: Clock; log?: Log }): Records {
  const watchers = createWatchers();
  const unreadable = createUnreadable(clock, log);
  const reserve = createReserve(dir);
  const inTurn = createTurns();
  const folderOf = (owner: string, id: string) => join(dir, jobPrefix(owner, id));
  const key = (record: { owner: string; id: string }) => jobPrefix(record.owner, record.id);

  const write = async (record: JobRecord, taken: string): Promise<StoredRecord> => {
    const folder = folderOf(record.owner, record.id);
    const path = join(folder, `job.${record.rev}.json`);
    const once = () => writeOnce(dir, path, clock.now(), (handle) => handle.writeFile(JSON.stringify(record)));
    // what begins work has to find room, what ends it gets some
    const begins = record.rev === 1 || record.state === "running";
    if (!(await (begins ? once() : reserve.use(once)))) throw new AppError("precondition_failed", taken);
    if (record.rev > 1) await removeRevisions(folder, record.rev).catch(() => {}); // the next write does it
    if (!begins) await reserve.refill().catch(() => {}); // the next creation does it
    watchers.wake(key(record));
    unreadable.healed(record.owner, record.id);
    return { record, etag: etagOf(record), ageMs: 0 };
  };

  /** `null` when there is none. Tries again while writers take old revisions away under its hands. */
  const read = async (owner: string, id: string): Promise<StoredRecord | null> => {
    const folder = folderOf(owner, id);
    for (let tries = 0; ; tries++) {
      const rev = await newestRevision(folder);
      if (rev === 0) {
        unreadable.healed(owner, id);
        return null;
      }
      const path = join(folder, `job.${rev}.json`);
      let ageMs = 0;
      try {
        const { mtimeMs } = await stat(path);
        ageMs = Math.max(0, clock.now() - Math.round(mtimeMs));
        const record = parseRecord(await readFile(path, "utf8"), owner, id);
        unreadable.healed(owner, id);
        return { record, etag: etagOf(record), ageMs };
      } catch (error) {
        const code = errno(error);
        if (code === "ENOENT" && tries < READ_TRIES) continue;
        if (code !== undefined && !UNREADABLE.includes(code)) throw error;
        throw unreadable.met({ owner, id, rev, etag: `${rev}-unreadable`, ageMs, why: messageOf(error) }, path, error);
      }
    }
  };

  /** The etag of what is there now, whatever it is. */
  const presentEtag = (owner: string, id: string): Promise<string | null> =>
    read(owner, id).then(
      (stored) => stored?.etag ?? null,
      (error: unknown) => {
        if (error instanceof UnreadableRecord) return error.damage.etag;
        throw error;
      },
    );

  const get = (owner: string, id: string) => withStorageErrors(() => read(owner, id));

  return {
    create: async (record) =>
      inTurn(key(record), async () => {
        const taken = "There is a job with this id already.";
        if ((await newestRevision(folderOf(record.owner, record.id))) > 0)
          throw new AppError("precondition_failed", taken);
        if (record.rev === 1) await reserve.refill();
        return write(record, taken);
      }),

    get,

    replace: async (record, etag) =>
      inTurn(key(record), async () => {
        const taken = "The job was changed meanwhile.";
        if ((await presentEtag(record.owner, record.id)) !== etag) throw new AppError("precondition_failed", taken);
        return write(record, taken);
      }),

    remove: async (owner, id) =>
      inTurn(jobPrefix(owner, id), async () => {
        const folder = folderOf(owner, id);
        await removeRevisions(folder, Number.POSITIVE_INFINITY);
        await removeEmptyFolders(dir, folder);
        watchers.wake(jobPrefix(owner, id));
        unreadable.healed(owner, id);
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
          const found = await Promise.all(batch.map((name) => readable(() => read(owner, jobFolderId(name)!))));
          records.push(...found.filter((stored) => stored !== null).map((stored) => stored.record));
        }
        return { records, cursor: next < names.length ? (names[next - 1] ?? null) : null };
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

    unreadable: unreadable.count,
    timers: diskTimers(dir),
    keys: diskKeys({ dir, clock }),
    notes: memoryNotes(clock),
  };
}

/** 0 when there is none. */
async function newestRevision(folder: string): Promise<number> {
  return Math.max(0, ...(await namesIn(folder)).map(revOf));
}

/** Takes away the revisions below this one, the oldest first, so that none of them is ever the newest again. */
async function removeRevisions(folder: string, below: number): Promise<void> {
  const old = (await namesIn(folder)).filter((name) => revOf(name) > 0 && revOf(name) < below);
  for (const name of old.sort((a, b) => revOf(a) - revOf(b))) {
    // what is damaged may be a folder
    await rm(join(folder, name), { recursive: true, force: true });
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
