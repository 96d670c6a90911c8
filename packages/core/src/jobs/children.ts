/**
 * The children of a plan: jobs below its record that do parts of its work.
 *
 * A child's id is a pure function of root and number, so that a plan that is run again finds what it had created. Children share
 * owner, deadline and consent with their root, are not listed, and do not expire: they go with it. A child works only while its
 * root lives: it is looked at before a child is created, before one starts, and while one is at work; what slips through is canceled
 * by its worker or by the sweeper.
 *
 * How a plan comes to know that they have ended is said in `waiting.ts`.
 */
import { eachAtOnce } from "../concurrent.ts";
import { AppError } from "../errors.ts";
import { childId, rootOf } from "../job/ids.ts";
import { jobPrefix } from "../job/keys.ts";
import { isLiving, isPlan, type JobRecord } from "../job/record.ts";
import { readable } from "../job/unreadable.ts";
import type { QueuedJob } from "../queue.ts";
import type { Records } from "../records.ts";
import { type Created, type CreateJob, createJob, type JobStore, updateJob } from "./jobs.ts";

export type NewChild = Pick<
  CreateJob,
  "kind" | "queue" | "engine" | "estimateSeconds" | "params" | "sealed" | "metadata" | "storeInputs"
>;

type Id = { owner: string; id: string };

/**
 * How long a look at the root is good for, ms, where children are created many at a time: they may be created as late as one whose
 * creation takes so long.
 */
const LOOK_MS = 1000;
/** Messages that queues take in one call. */
const SENT_AT_ONCE = 10;

/**
 * Creates a child, or finds the one that has this number. `root`: as it was claimed. Throws `canceled` when the root has ended,
 * is being canceled, or is claimed by another; and like `createJob`.
 */
export async function createChild(store: JobStore, root: JobRecord, index: number, child: NewChild): Promise<Created> {
  await requireClaimed(store, root);
  return create(store, root, index, child);
}

/**
 * Creates children from their numbers, many at a time and in any order, or finds those that have these numbers; a plan that died
 * half-way carries on the same way, because what it had created is found by its number. Their messages are sent a few at a time,
 * also those of children that are there when it fails. Stops at the first error, and at the signal; `onCreated` is told how many there are so far. Throws what `createChild` and `made` throw.
 */
export async function createChildren(
  store: JobStore,
  root: JobRecord,
  numbers: Iterable<number>,
  made: (index: number) => Promise<NewChild>,
  { signal, onCreated }: { signal: AbortSignal; onCreated: (count: number) => void },
): Promise<void> {
  const there = new Set(await store.records.children(root.owner, root.id));
  let looked = { atMs: Number.NEGATIVE_INFINITY, look: Promise.resolve() };
  const look = () => {
    const atMs = store.clock.now();
    if (atMs - looked.atMs >= LOOK_MS) looked = { atMs, look: requireClaimed(store, root) };
    return looked.look;
  };
  const { announce, sendRest } = announcer(store);
  let count = 0;
  try {
    await eachAtOnce(
      numbers,
      () => signal.aborted,
      async (index) => {
        const child = await made(index);
        await look();
        await create(store, root, index, child, { isNew: !there.has(index), announce });
        onCreated(++count);
      },
    );
  } finally {
    await sendRest();
  }
  signal.throwIfAborted();
}

/** Sends messages a few at a time; what is lost, the sweeper sends again. */
function announcer({ queue }: JobStore) {
  const waiting: QueuedJob[] = [];
  const sendRest = () => queue.sendAll(waiting.splice(0)).catch(() => {});
  return {
    sendRest,
    async announce(job: QueuedJob): Promise<void> {
      if (waiting.push(job) >= SENT_AT_ONCE) await sendRest();
    },
  };
}

/** Throws `canceled` unless the root lives and its claim is the one that asks. */
async function requireClaimed({ records }: JobStore, { owner, id, attempt }: JobRecord): Promise<void> {
  const now = await records.get(owner, id);
  if (!now || !isLiving(now.record) || now.record.attempt !== attempt) {
    throw new AppError("canceled", "The job that this one is a part of has ended.");
  }
}

function create(
  store: JobStore,
  { owner, id, deadline_at, consent }: JobRecord,
  index: number,
  child: NewChild,
  { isNew, announce }: { isNew?: boolean; announce?: (job: QueuedJob) => Promise<void> } = {},
): Promise<Created> {
  const shared = { owner, root: id, deadlineAtMs: deadline_at, ...(consent === undefined ? {} : { consent }) };
  return createJob(store, { ...child, isNew, ...shared, id: childId(id, index), index }, announce);
}

/** A child's root, if it can be read and can still use the child's result; else null, and the child should not work. */
export async function livingRoot({ records }: { records: Records }, child: Id): Promise<JobRecord | null> {
  const above = rootOf(child.id);
  const stored = above && (await readable(() => records.get(child.owner, above.root)));
  return stored && isLiving(stored.record) ? stored.record : null;
}

/** Cancels a child whose root no longer lives. Answers the record as it is then; null when there is none. */
export async function cancelChild(
  store: Pick<JobStore, "records" | "clock" | "queue">,
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
