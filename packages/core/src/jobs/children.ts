/**
 * The children of a plan: jobs below its record that do parts of its work.
 *
 * A child's id is a pure function of root and number, so that a plan that is run again finds what it had created. Children share
 * owner, deadline and consent with their root, are not listed, and do not expire: they go with it. A child works only while its
 * root lives: it is looked at right before a child is created, and before one starts; what slips through is canceled by its
 * worker or by the sweeper.
 *
 * Once the record of a child says that it has ended, a marker `ended/<n>` is written, and the root's id is sent to the root's
 * queue. The root counts the markers, in one LIST, when it has begun to wait, at each such message, and at each look of the
 * sweeper; when all are there, it is woken. A missing marker is written by the next process that sees that the child has ended.
 */
import type { Clock } from "../clock.ts";
import { eachAtOnce } from "../concurrent.ts";
import { AppError, hasCode } from "../errors.ts";
import type { Files } from "../files.ts";
import { childId, rootOf } from "../job/ids.ts";
import { endedKey, endedNumberOf, endedPrefix, jobPrefix } from "../job/keys.ts";
import { isEnded, isLiving, isPlan, type JobRecord } from "../job/record.ts";
import { readable } from "../job/unreadable.ts";
import type { Records } from "../records.ts";
import { damageOf, failDamaged } from "./damaged.ts";
import { type Created, type CreateJob, createJob, type JobStore, updateJob } from "./jobs.ts";

export type NewChild = Pick<
  CreateJob,
  "kind" | "queue" | "engine" | "estimateSeconds" | "params" | "metadata" | "storeInputs"
>;

type Id = { owner: string; id: string };

/**
 * Creates a child, or finds the one that has this number. `root`: as it was claimed. Throws `canceled` when the root has ended,
 * is being canceled, or is claimed by another; and like `createJob`.
 */
export async function createChild(store: JobStore, root: JobRecord, index: number, child: NewChild): Promise<Created> {
  const { owner, id, deadline_at, consent } = root;
  const now = await store.records.get(owner, id);
  if (!now || !isLiving(now.record) || now.record.attempt !== root.attempt) {
    throw new AppError("canceled", "The job that this one is a part of has ended.");
  }
  return createJob(store, {
    ...child,
    ...{ owner, id: childId(id, index), root: id, index, deadlineAtMs: deadline_at },
    ...(consent === undefined ? {} : { consent }),
  });
}

/** A child's root, if it can be read and can still use the child's result; else null, and the child should not work. */
export async function livingRoot({ records }: { records: Records }, child: Id): Promise<JobRecord | null> {
  const above = rootOf(child.id);
  const stored = above && (await readable(() => records.get(child.owner, above.root)));
  return stored && isLiving(stored.record) ? stored.record : null;
}

/** Marks a child whose record has ended, and tells its root; nothing where the root has ended. Safe to repeat. */
export async function markEnded(store: JobStore, child: JobRecord): Promise<void> {
  if (!isEnded(child.state)) throw new Error(`The child ${child.id} has not ended.`);
  const root = await livingRoot(store, child);
  if (!root) return;
  await store.files.put(endedKey(child.owner, child.id), nothing(), { type: "text/plain" }).catch((error: unknown) => {
    if (!hasCode(error, "already_exists")) throw error;
  });
  // if it is lost, the sweeper wakes the root
  await store.queue.send({ queue: root.queue, owner: root.owner, id: root.id }).catch(() => {});
}

/** How many of the children that the root counts have ended. */
export async function countEnded(store: { files: Files }, root: JobRecord): Promise<number> {
  // what a plan that crashed has created beyond them does not count
  return (await endedNumbers(store, root)).filter((index) => index < (root.children ?? 0)).length;
}

/** The records of all children that have ended, by number. One that can't be read any more has failed. */
export async function endedChildren(
  store: { files: Files; records: Records; clock: Clock },
  root: JobRecord,
): Promise<Map<number, JobRecord>> {
  const found: [number, JobRecord][] = [];
  await eachAtOnce(
    await endedNumbers(store, root),
    () => false,
    async (index) => {
      const stored = await store.records.get(root.owner, childId(root.id, index)).catch((error: unknown) => {
        const damage = damageOf(error);
        if (damage) return failDamaged(store.records, damage, store.clock.now());
        throw error;
      });
      if (stored) found.push([index, stored.record]);
    },
  );
  return new Map(found.sort(([a], [b]) => a - b));
}

/** Wakes a root that waits, and sends its id, if all its children have ended. Answers whether it did. */
export async function wakeRoot(store: JobStore, by: "worker" | "sweeper", root: JobRecord): Promise<boolean> {
  if (root.state !== "waiting") return false;
  const ended = await countEnded(store, root);
  if (ended < (root.children ?? 0)) return false;
  const { owner, id } = root;
  const { stored, refused } = await updateJob(store, owner, id, () => ({ by, do: "wake", ended }));
  if (!stored || refused) return false;
  await store.queue.send({ queue: stored.record.queue, owner, id }).catch(() => {});
  return true;
}

/** Cancels a child whose root no longer lives. Answers the record as it is then; null when there is none. */
export async function cancelChild(
  store: Pick<JobStore, "records" | "clock">,
  by: "api" | "worker" | "sweeper",
  { owner, id }: Id,
): Promise<JobRecord | null> {
  const { stored } = await updateJob(store, owner, id, () => ({ by, do: "cancel" }));
  return stored?.record ?? null;
}

/** Cancels the children of a root that has ended or is being canceled, as far as it can; the rest is the sweeper's. */
export async function cancelChildren(
  store: JobStore,
  by: "api" | "worker" | "sweeper",
  { owner, id, engine }: JobRecord,
): Promise<void> {
  if (engine !== null) return;
  const children = await store.records.children(owner, id).catch(() => []);
  await eachAtOnce(
    children,
    () => false,
    async (index) => {
      await cancelChild(store, by, { owner, id: childId(id, index) }).catch(() => {});
    },
  );
}

/**
 * Takes away what a closed job holds: its files, and its children with theirs. Their records are found by listing, because a plan
 * that crashed may have created more than the root counts.
 */
export async function purgeJob(store: JobStore, record: JobRecord): Promise<void> {
  const { owner, id } = record;
  await store.files.purge(jobPrefix(owner, id));
  if (!isPlan(record)) return;
  await eachAtOnce(
    await store.records.children(owner, id),
    () => false,
    (index) => store.records.remove(owner, childId(id, index)),
  );
}

async function endedNumbers({ files }: { files: Files }, { owner, id }: JobRecord): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { key } of files.list(endedPrefix(owner, id))) {
    const index = endedNumberOf(key);
    if (index !== null) numbers.push(index);
  }
  return numbers;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
