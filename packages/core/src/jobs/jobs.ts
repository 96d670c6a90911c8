/**
 * What is done with jobs, on top of the three ports: create and change (`close.ts` ends them). Every writer of records comes through here, so
 * that the rules of writing are in one place:
 *
 * - *Own write.* Every write carries a fresh `write` nonce. After a 412 or an unknown outcome, read: a nonce of mine = it was
 *   my write (a committed write whose reply was lost answers 412 to the retry, and may even land after it); otherwise decide
 *   again, by what is there now.
 * - *Order at creation*: idempotency entry → timer → record → message. Each step is safe to repeat, so a request that died
 *   half-way is carried on by the next with the same key or id.
 */
import { createHash } from "node:crypto";
import type { Audit } from "../audit/audit-log.ts";
import type { Clock } from "../clock.ts";
import { AppError, hasCode } from "../errors.ts";
import type { Files } from "../files.ts";
import { type Change, changeJob, LEASE_MS } from "../job/change.ts";
import type { Refusal } from "../job/endings.ts";
import { newId } from "../job/ids.ts";
import { jobPrefix } from "../job/keys.ts";
import { type JobInput, type JobRecord, type NewJob, newJobRecord } from "../job/record.ts";
import type { Queue, QueuedJob } from "../queue.ts";
import type { Records, StoredRecord } from "../records.ts";
import type { Seals } from "../seals.ts";
import { tellDeliverers } from "./outbox.ts";

/** How long after its creation a record is looked at for the first time. */
export const FIRST_LOOK_MS = 5 * 60_000;
/** A creation that took longer is given up, so that the sweeper knows from when on no record can follow a timer. */
export const CREATION_MS = 10 * 60_000;
const WRITE_TRIES = 8;

/** What has a say before a result goes, where files are sold (`payments/payments.ts`). */
export type Till = {
  /** Before a job is deleted: what is open can't be paid after that. Answers what is to be done once it is gone. */
  closing(record: JobRecord): Promise<() => Promise<void>>;
  /** Before a result goes with its time: false while it may still turn out to be paid. Carries on a refund that was begun. */
  mayExpire(record: JobRecord): Promise<boolean>;
};

export type JobStore = {
  records: Records;
  files: Files;
  queue: Queue;
  clock: Clock;
  /** How long results and uploads live, where that is less than an hour. */
  lifeMs?: number | undefined;
  /** Absent where nothing is sold. */
  payments?: Till | undefined;
  /** Absent where the installation has no key for it: then no job can have secret params. */
  seals?: Seals | undefined;
  /** Absent in processes of a single person: nothing is written down. */
  audit?: Audit | undefined;
};

/** `refused` is null when the change was made; `stored` is the record as it is now, or null when there is none. */
export type Changed = { stored: StoredRecord | null; refused: Refusal | "missing" | null };

/**
 * Changes a record by compare-and-set, and decides again whenever another writer was faster. The change is made from what is
 * stored, so that a lease is judged by the age of that very version. `known`: the version that the caller has read or written
 * last; while it is the present one it saves a read, and nothing is refused because of one that isn't. A write that makes the job's
 * event due is told to the deliverers (`outbox.ts`).
 */
export async function updateJob(
  { records, clock, queue }: Pick<JobStore, "records" | "clock" | "queue">,
  owner: string,
  id: string,
  changeOf: (stored: StoredRecord) => Change,
  known?: StoredRecord,
): Promise<Changed> {
  const written = new Set<string>();
  let isNews = false;
  let lastError: unknown;
  const told = async (stored: StoredRecord): Promise<Changed> => {
    if (isNews) await tellDeliverers({ queue, clock }, stored.record).catch(() => false);
    return { stored, refused: null };
  };
  for (let tries = 0; tries < WRITE_TRIES; tries++) {
    try {
      const guess = tries === 0 ? known : undefined;
      const stored = guess ?? (await records.get(owner, id));
      if (!stored) return { stored: null, refused: "missing" };
      if (written.has(stored.record.write)) return await told(stored);
      const change = changeOf(stored);
      const next = changeJob(stored.record, change, clock.now());
      if (typeof next === "string") {
        if (guess) continue;
        return { stored, refused: next };
      }
      written.add(next.write);
      isNews = next.webhook !== stored.record.webhook && change.do !== "deliver";
      return await told(await records.replace(next, stored.etag));
    } catch (error) {
      if (!hasCode(error, "precondition_failed", "storage_unavailable")) throw error;
      lastError = error;
    }
  }
  throw new AppError("storage_unavailable", "The job could not be written; try again.", { cause: lastError });
}

/** Whether the holder of this version's claim may still be at work. */
export function leaseAlive(stored: StoredRecord): boolean {
  return stored.record.claim !== null && stored.ageMs < LEASE_MS;
}

export type CreateJob = Omit<NewJob, "id" | "inputs" | "params" | "sealed"> & {
  /** Or what makes them from the job's id: the same ones for the same id. */
  params: Record<string, unknown> | ((id: string) => Record<string, unknown>);
  /** Seals the secret params for the job's id; absent where there are none. */
  sealed?: ((id: string) => Record<string, string>) | undefined;
  /** Chosen by the client, or absent. */
  id?: string | undefined;
  idempotency?: { keySha256: string; bodySha256: string } | undefined;
  /** Whether the caller knows that there was none with this id a moment ago: then it is not looked for first. */
  isNew?: boolean | undefined;
  /** Stores the inputs under the job's prefix, or says where they are; safe to repeat. Runs after the timer was armed, so nothing is left behind. */
  storeInputs: (id: string) => Promise<Record<string, JobInput[]>>;
};

/** `replayed`: the job was there already, made by an earlier request with the same key or id. */
export type Created = { record: JobRecord; replayed: boolean };

/**
 * Creates a job. Whatever fails before the record is written leaves nothing behind. `announce` sends the message of one that
 * nobody has claimed yet, at once unless the caller sends many together; if it is lost, the sweeper sends it. Throws
 * `idempotency_key_reused` when the key was used with another body, and whatever `storeInputs` throws.
 */
export async function createJob(
  store: JobStore,
  job: CreateJob,
  announce: (job: QueuedJob) => Promise<void> = (queued) => store.queue.send(queued).catch(() => {}),
): Promise<Created> {
  const { records, clock } = store;
  const ownId = newId(clock.now());
  let id = job.id ?? ownId;
  if (job.idempotency) {
    const { keySha256, bodySha256 } = job.idempotency;
    const entry = await records.keys.claim(job.owner, keySha256, { job: id, bodySha256 });
    if (entry.bodySha256 !== bodySha256) throw keyReused();
    id = entry.job;
  }
  // what was named just now is made by nobody else, but by a twin that has read the key meanwhile; then the record refuses
  const there = id === ownId || job.isNew ? null : await records.get(job.owner, id);
  if (there) {
    // the first request may have died before it sent the message
    if (there.record.state === "queued" && there.record.attempt === 0) await announce(messageOf(there.record));
    return { record: there.record, replayed: true };
  }

  const timer = { atMs: clock.now() + FIRST_LOOK_MS, owner: job.owner, id };
  await records.timers.arm(timer);
  const { record, mine } = await writeRecord(store, job, id).catch(async (error: unknown) => {
    // Only where nobody else can know the id: the inputs and the timer may be those of a twin that is about to succeed.
    // What is left then, the sweeper takes away; likewise after an unknown outcome.
    const alone = job.id === undefined && job.idempotency === undefined;
    if (alone && !hasCode(error, "storage_unavailable")) await discard(store, timer);
    throw error;
  });
  await announce(messageOf(record));
  return { record, replayed: !mine };
}

function messageOf({ queue, owner, id }: JobRecord): QueuedJob {
  return { queue, owner, id };
}

async function writeRecord(store: JobStore, job: CreateJob, id: string): Promise<{ record: JobRecord; mine: boolean }> {
  const { id: _, idempotency, isNew: __, storeInputs, sealed, ...held } = job;
  const params = typeof job.params === "function" ? job.params(id) : job.params;
  const startedMs = store.clock.now();
  const inputs = await storeInputs(id);
  if (store.clock.now() - startedMs > CREATION_MS) {
    throw new AppError("unavailable", "Storing the inputs took too long; try again.");
  }
  const life = store.lifeMs === undefined ? {} : { result_life_ms: store.lifeMs };
  const kept = { ...held, ...life, ...(sealed && { sealed: sealed(id) }) };
  const record = newJobRecord({ ...kept, id, params, inputs }, store.clock.now());
  try {
    return { record: (await store.records.create(record)).record, mine: true };
  } catch (error) {
    if (!hasCode(error, "precondition_failed", "storage_unavailable")) throw error;
    const there = await store.records.get(job.owner, id);
    if (!there) throw error;
    return { record: there.record, mine: there.record.write === record.write };
  }
}

/** Takes back what a refused creation has stored; a sweep would, but a refused request should not wait for that. */
async function discard(store: JobStore, timer: { atMs: number; owner: string; id: string }): Promise<void> {
  await store.files.purge(jobPrefix(timer.owner, timer.id));
  await store.records.timers.drop(timer);
}

/** The job that an Idempotency-Key made, before any input is looked at; null when the key is new. Throws like createJob. */
export async function replayedJob(
  { records }: Pick<JobStore, "records">,
  owner: string,
  idempotency: { keySha256: string; bodySha256: string },
): Promise<JobRecord | null> {
  const entry = await records.keys.get(owner, idempotency.keySha256);
  if (!entry) return null;
  if (entry.bodySha256 !== idempotency.bodySha256) throw keyReused();
  return (await records.get(owner, entry.job))?.record ?? null;
}

export function sha256Hex(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

function keyReused(): AppError {
  return new AppError(
    "idempotency_key_reused",
    "This Idempotency-Key or job id was used with another request; use a new one.",
  );
}
