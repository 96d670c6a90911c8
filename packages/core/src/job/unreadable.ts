/**
 * Records that are there and can't be read: truncated by a power cut, changed by hand, of a version that this one does not
 * know. Each hurts its own job alone: adapters throw `UnreadableRecord` where that one is asked for, and leave it out of lists.
 */
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { IdempotencyEntry, StoredRecord } from "../records.ts";
import { idTimeMs } from "./ids.ts";
import { ownerPrefix } from "./keys.ts";
import { type JobRecord, jobRecordSchema, MAX_JOB_LIFE_MS, RESULT_LIFE_MS } from "./record.ts";

/** What is known of it all the same. `ageMs`: time since it was written; `rev` is 1 where nothing tells it. */
export type Damage = { owner: string; id: string; rev: number; etag: string; ageMs: number; why: string };

/** Its `etag` replaces it, as that of any other version. */
export class UnreadableRecord extends AppError {
  readonly damage: Damage;
  constructor(damage: Damage, cause?: unknown) {
    super("record_unreadable", "The record of this job is damaged, so that nothing is known of it. Delete the job.", {
      cause,
    });
    this.damage = damage;
  }
}

/** Throws a sentence that says why the text is not the record of this job. What is new or long in it is no damage. */
export function parseRecord(text: string, owner: string, id: string): JobRecord {
  const record = tryJson(text);
  // not its own message, which quotes the text, and that is a client's
  if (record === undefined) throw new Error(`It is not JSON, and may be cut off (${text.length} characters).`);
  const { error } = jobRecordSchema.safeParse(record);
  const broken = error?.issues.find(({ code }) => code !== "unrecognized_keys" && code !== "too_big");
  if (broken) throw new Error(`${String(broken.path[0] ?? "the whole")}: ${broken.message}`.slice(0, 200));
  const known = record as JobRecord;
  if (known.id !== id || known.owner !== owner) throw new Error("It is the record of another job.");
  const files = [...Object.values(known.inputs).flat(), ...Object.values(known.outputs)];
  if (files.some(({ key }) => !key.startsWith(ownerPrefix(owner))))
    throw new Error("It names a file of somebody else.");
  return known;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Unreadable records that this process has met and that are still there. Each is said once in the log. */
export type Unreadable = {
  /** Answers what is to be thrown. */
  met(damage: Damage, where: string, cause?: unknown): UnreadableRecord;
  /** The record can be read again, or is gone. */
  healed(owner: string, id: string): void;
  count(): number;
};

export function createUnreadable(clock: Clock, log: Log | undefined): Unreadable {
  const known = new Map<string, number>();
  return {
    met(damage, where, cause) {
      const { owner, id, why } = damage;
      if (!known.has(`${owner}/${id}`)) {
        known.set(`${owner}/${id}`, idTimeMs(id) + LONGEST_MS);
        log?.error({ owner, jobId: id, where, why }, UNREADABLE);
      }
      return new UnreadableRecord(damage, cause);
    },
    healed(owner, id) {
      if (known.size > 0) known.delete(`${owner}/${id}`);
    },
    count() {
      // another process may have put a tombstone in its place
      for (const [key, untilMs] of known) if (clock.now() > untilMs) known.delete(key);
      return known.size;
    },
  };
}

/** How old an unreadable record gets before the sweeper replaces it. */
const LONGEST_MS = MAX_JOB_LIFE_MS + 2 * RESULT_LIFE_MS;

const UNREADABLE =
  "a job's record can't be read: restore it from a backup, or delete the job; " +
  "otherwise its files are deleted after their hour, and the record a day later";

/** For `/ready`; null when there are none. */
export function unreadableSentence(count: number): string | null {
  if (count === 0) return null;
  return `${count === 1 ? "1 record" : `${count} records`} can't be read; the log says which, and what to do.`;
}

/** The record, or null where it can't be read: for what goes through many. */
export async function readable(read: () => Promise<StoredRecord | null>): Promise<StoredRecord | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UnreadableRecord) return null;
    throw error;
  }
}

/** A key whose entry can't be read might stand for a job, which must not be made twice. */
export function parseEntry(text: string): IdempotencyEntry {
  const entry = entrySchema.safeParse(tryJson(text));
  if (entry.success) return entry.data;
  throw new AppError("record_unreadable", "What this Idempotency-Key stands for can't be read; use a new key.");
}

const entrySchema = z.object({ job: z.string(), bodySha256: z.string() });

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
