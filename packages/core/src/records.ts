/**
 * The port to where records live. A record changes by compare-and-set only; `etag` is the storage's own name for one version.
 *
 * Errors of all methods: `storage_unavailable` (the outcome is unknown: read before writing again), `storage_full`.
 *
 * A record that is there and can't be read hurts its own job alone: what asks for that one throws `UnreadableRecord`
 * (`job/unreadable.ts`), lists leave it out, `create` finds it there, and it can be replaced by its etag and removed.
 */
import type { JobRecord } from "./job/record.ts";
import type { Notes } from "./notes.ts";

/** `ageMs`: time since this version was written, by the storage's own clock; no machine's clock decides a lease. */
export type StoredRecord = { record: JobRecord; etag: string; ageMs: number };

/** The one timer of a record: when somebody has to look at it again. Seconds count, milliseconds are rounded up. */
export type Timer = { atMs: number; owner: string; id: string };

export type RecordPage = { records: JobRecord[]; cursor: string | null };

export interface Records {
  /** Throws `precondition_failed` when there is one already. */
  create(record: JobRecord): Promise<StoredRecord>;
  /** Throws `record_unreadable`, an `UnreadableRecord`. */
  get(owner: string, id: string): Promise<StoredRecord | null>;
  /** Throws `precondition_failed` when `etag` is no longer the present version, or the record is gone. */
  replace(record: JobRecord, etag: string): Promise<StoredRecord>;
  /** Takes the record away for good; no error when it is gone already. */
  remove(owner: string, id: string): Promise<void>;
  /** An owner's records, newest first, without children. `cursor` is opaque, from the page before; a bad one throws `invalid_request`. */
  list(owner: string, options: { limit: number; cursor?: string | undefined }): Promise<RecordPage>;
  /**
   * The numbers of a root's children that have a record, the smallest first. Numbers whose record is gone may be among them
   * while files of theirs are left.
   */
  children(owner: string, root: string): Promise<number[]>;
  /** How many jobs the owner has created since then, by the times in their ids, without children; counts up to `most`. */
  countSince(owner: string, sinceMs: number, most: number): Promise<number>;
  /**
   * Resolves when the record may have another `rev` than the one given, or the signal is aborted. It may resolve early,
   * so callers read the record again. A storage that is not told of changes resolves every `lookMs`, by default each second.
   */
  changed(owner: string, id: string, rev: number, signal: AbortSignal, lookMs?: number): Promise<void>;
  /** How many records this process could not read that are still there, as far as it knows. */
  unreadable(): number;
  readonly timers: Timers;
  readonly keys: IdempotencyKeys;
  readonly notes: Notes;
}

export interface Timers {
  /** No error when it is armed already. */
  arm(timer: Timer): Promise<void>;
  /** No error when it is gone already. */
  drop(timer: Timer): Promise<void>;
  /** Timers up to this moment, oldest first, none before `fromMs` where that is given; stops reading at the first that is not due. */
  due(untilMs: number, fromMs?: number): AsyncIterable<Timer>;
}

/** What an Idempotency-Key stands for: the job that its first request made, and the hash of that request's body. */
export type IdempotencyEntry = { job: string; bodySha256: string };

export interface IdempotencyKeys {
  /** Throws `record_unreadable`, as does `claim`: nobody knows what the key stands for. */
  get(owner: string, keySha256: string): Promise<IdempotencyEntry | null>;
  /** Stores the entry if there is none; answers the one that holds. */
  claim(owner: string, keySha256: string, entry: IdempotencyEntry): Promise<IdempotencyEntry>;
  /** Forgets what was stored before this moment (in S3 the lifecycle rule does it). */
  forget(beforeMs: number): Promise<void>;
  /** Forgets all that was stored for an owner. */
  erase(owner: string): Promise<void>;
}
