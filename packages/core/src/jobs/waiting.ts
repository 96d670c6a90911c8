/**
 * How a plan comes to know that its children have ended.
 *
 * Once the record of a child says that it has ended, a marker `ended/<n>` is written, and the root's id is sent to the root's
 * queue. The markers are counted, in one LIST, when the root has begun to wait, at each such message, and at each look of the
 * sweeper; when all are there, the root is woken, and until then its record says how many are. A missing marker is written by the
 * next process that sees that the child has ended.
 *
 * Of a plan with many children the messages are sent later and the progress is written every two seconds, so that the ends of
 * thousands cost one LIST and one write in that time where a queue sends a job that waits already once.
 */
import type { Clock } from "../clock.ts";
import { eachAtOnce } from "../concurrent.ts";
import { hasCode } from "../errors.ts";
import type { Files } from "../files.ts";
import { childId } from "../job/ids.ts";
import { endedKey, endedNumberOf, endedPrefix } from "../job/keys.ts";
import { endedSum } from "../job/progress.ts";
import { type Ended, isEnded, type JobRecord } from "../job/record.ts";
import type { Records, StoredRecord } from "../records.ts";
import { livingRoot } from "./children.ts";
import { damageOf, failDamaged } from "./damaged.ts";
import { type JobStore, updateJob } from "./jobs.ts";

/** A plan with more children than this counts them no more often than every `COUNT_MS`. */
const MANY_CHILDREN = 100;
export const COUNT_MS = 2000;

/** Marks a child whose record has ended, and tells its root; nothing where the root has ended. Safe to repeat. */
export async function markEnded(store: JobStore, child: JobRecord): Promise<void> {
  if (!isEnded(child.state)) throw new Error(`The child ${child.id} has not ended.`);
  const root = await livingRoot(store, child);
  if (!root) return;
  await store.files
    .put(endedKey(child.owner, child.id), text(child.state), { type: "text/plain" })
    .catch((error: unknown) => {
      if (!hasCode(error, "already_exists")) throw error;
    });
  // if it is lost, the sweeper wakes the root
  const delayMs = hasMany(root) ? COUNT_MS : 0;
  await store.queue.send({ queue: root.queue, owner: root.owner, id: root.id }, { delayMs }).catch(() => {});
}

/** How many of the children that the root counts have ended, by how they have. */
export async function countEnded({ files }: { files: Files }, root: JobRecord): Promise<Ended> {
  const ended: Ended = { succeeded: 0, failed: 0, canceled: 0 };
  for await (const { key, bytes } of files.list(endedPrefix(root.owner, root.id))) {
    const index = endedNumberOf(key);
    // what a plan that crashed has created beyond them does not count
    if (index !== null && index < (root.children ?? 0)) ended[endedAs(bytes)]++;
  }
  return ended;
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
  return wakeIfAll(store, by, root, endedSum(await countEnded(store, root)));
}

/**
 * What a worker does about the message of a root that waits: wakes it if all its children have ended, else writes how many have.
 * Answers in how many milliseconds somebody has to look again; null where the next end of a child is soon enough.
 */
export async function lookAtWaiting(store: JobStore, { record: root, ageMs }: StoredRecord): Promise<number | null> {
  const ended = await countEnded(store, root);
  const done = endedSum(ended);
  if ((await wakeIfAll(store, "worker", root, done)) || done <= (root.progress?.done ?? 0)) return null;
  if (hasMany(root) && ageMs < COUNT_MS) return COUNT_MS - ageMs;
  await updateJob(store, root.owner, root.id, () => ({ by: "worker", do: "count", ended }));
  return null;
}

async function wakeIfAll(
  store: JobStore,
  by: "worker" | "sweeper",
  { owner, id, children = 0 }: JobRecord,
  ended: number,
): Promise<boolean> {
  if (ended < children) return false;
  const { stored, refused } = await updateJob(store, owner, id, () => ({ by, do: "wake", ended }));
  if (!stored || refused) return false;
  await store.queue.send({ queue: stored.record.queue, owner, id }).catch(() => {});
  return true;
}

async function endedNumbers({ files }: { files: Files }, { owner, id }: JobRecord): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { key } of files.list(endedPrefix(owner, id))) {
    const index = endedNumberOf(key);
    if (index !== null) numbers.push(index);
  }
  return numbers;
}

function hasMany({ children = 0 }: JobRecord): boolean {
  return children > MANY_CHILDREN;
}

/** A marker's text is the state that the child ended in: each has another length, which a list tells of thousands at once. */
function endedAs(bytes: number): keyof Ended {
  return bytes === "failed".length ? "failed" : bytes === "canceled".length ? "canceled" : "succeeded";
}

async function* text(of: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(of);
}
