/**
 * How a job is ended before its time, and how what it holds goes. Deleting must not need room: on a full disk the job's files go
 * first, and then, if not even its tombstone can be written, its record.
 */
import { waitAtMost } from "../concurrent.ts";
import { AppError, hasCode } from "../errors.ts";
import { type Change, changeJob } from "../job/change.ts";
import { jobPrefix } from "../job/keys.ts";
import { isPlan } from "../job/record.ts";
import { readable } from "../job/unreadable.ts";
import type { StoredRecord } from "../records.ts";
import { cancelChildren, purgeJob } from "./children.ts";
import { buryDamaged, damageOf, tombstoneOf } from "./damaged.ts";
import { type Changed, type JobStore, updateJob } from "./jobs.ts";

/**
 * Maximum time, ms, that a request to cancel or delete a plan waits until its children are canceled, or gone. What is left then
 * goes on in this process; where that ends, children stop by themselves once they see that their root has ended, and the sweeper
 * takes away the rest.
 */
const ANSWER_MS = 2000;

/** Cancels a job. The result says how far that got: canceled, canceling while it is being stopped, or refused. */
export async function cancelJob(store: JobStore, owner: string, id: string): Promise<Changed> {
  const changed = await updateJob(store, owner, id, () => ({ by: "api", do: "cancel" }));
  const { record } = changed.stored ?? {};
  if (!record || changed.refused) return changed;
  await waitAtMost(store.clock, ANSWER_MS, cancelChildren(store, "api", record));
  // nobody holds one whose work is done elsewhere: a worker has to come for it; if the message is lost, the sweeper closes it
  if (record.state === "canceling" && !record.claim) await store.queue.send(record).catch(() => {});
  return changed;
}

/**
 * Turns a job into a tombstone and takes its files and its children away; a worker that has one of them finds it lost. Throws
 * `not_found`; no error when it is deleted already.
 */
export async function deleteJob(store: JobStore, owner: string, id: string): Promise<void> {
  const settle = await closeCheckouts(store, owner, id);
  const { stored } = await closeJob(store, owner, id, { by: "api", do: "delete" });
  await settle?.();
  if (!stored) throw new AppError("not_found", "There is no job with this id.");
  const purge = purgeJob(store, stored.record);
  await (isPlan(stored.record) ? waitAtMost(store.clock, ANSWER_MS, purge) : purge);
}

/** What was paid at the last moment is given back once the job is gone. */
async function closeCheckouts({ payments, records }: JobStore, owner: string, id: string) {
  if (!payments) return null;
  const stored = await readable(() => records.get(owner, id));
  return stored && payments.closing(stored.record);
}

/**
 * Makes the change, which leaves a tombstone. A record that can't be read becomes the tombstone of a deleted job. Where there is
 * no room for one, the files go first, which the caller would have taken away next; and in the end the record itself, so
 * that the job may be forgotten, but never stays because the disk is full.
 */
export async function closeJob(
  store: JobStore,
  owner: string,
  id: string,
  change: Change & { do: "delete" | "expire" },
  known?: StoredRecord,
): Promise<Changed> {
  const write = () => updateOrBury(store, owner, id, change, known);
  const none = await write().catch(ifFull);
  if (none !== null) return none;
  const last = await tombstone(store, owner, id, change);
  if (!last || "refused" in last) return last ?? { stored: null, refused: "missing" };
  await store.files.purge(jobPrefix(owner, id));
  const roomMade = await write().catch(ifFull);
  if (roomMade !== null) return roomMade;
  await store.records.remove(owner, id);
  const created = await store.records.create(last.record).catch(() => null);
  return { stored: created ?? { record: last.record, etag: "", ageMs: 0 }, refused: null };
}

function ifFull(error: unknown): null {
  if (hasCode(error, "storage_full")) return null;
  throw error;
}

async function updateOrBury(
  store: JobStore,
  owner: string,
  id: string,
  change: Change,
  known: StoredRecord | undefined,
): Promise<Changed> {
  for (let tries = 1; ; tries++) {
    try {
      return await updateJob(store, owner, id, () => change, known).catch(async (error: unknown) => {
        const damage = damageOf(error);
        if (!damage) throw error;
        return { stored: await buryDamaged(store.records, damage, store.clock.now()), refused: null };
      });
    } catch (error) {
      // somebody has replaced it meanwhile
      if (!hasCode(error, "precondition_failed") || tries === 3) throw error;
    }
  }
}

/** What the record would be after the change; as it is, where the change is refused; null when there is none. */
async function tombstone(
  { records, clock }: JobStore,
  owner: string,
  id: string,
  change: Change,
): Promise<{ record: StoredRecord["record"] } | (Changed & { refused: string }) | null> {
  try {
    const stored = await records.get(owner, id);
    if (!stored) return null;
    const next = changeJob(stored.record, change, clock.now());
    return typeof next === "string" ? { stored, refused: next } : { record: next };
  } catch (error) {
    const damage = damageOf(error);
    if (damage) return { record: tombstoneOf(damage, clock.now()) };
    throw error;
  }
}
