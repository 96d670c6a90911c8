/** What the sweeper does with records that can't be read; the table is in `sweep.ts`. */
import { rootOf } from "../job/ids.ts";
import { jobPrefix } from "../job/keys.ts";
import { isLiving } from "../job/record.ts";
import type { Damage } from "../job/unreadable.ts";
import { purgeJob } from "./children.ts";
import { closeJob } from "./close.ts";
import { damageOf, failDamaged, filesGoMs } from "./damaged.ts";
import type { JobStore } from "./jobs.ts";
import { LOOK_AGAIN_MS, LOOK_LATEST_MS, nextLookMs, type Swept } from "./looks.ts";
import { markEnded } from "./waiting.ts";

/** When to look again; null: never, from now on it goes with its root. */
export function lookAtDamaged(store: JobStore, damage: Damage, swept: Swept): Promise<number | null> {
  return (rootOf(damage.id) === null ? lookAtDamagedRoot : lookAtDamagedChild)(store, damage, swept);
}

/** When to look again. */
async function lookAtDamagedRoot(store: JobStore, damage: Damage, swept: Swept): Promise<number> {
  const { owner, id } = damage;
  const now = store.clock.now();
  const goMs = filesGoMs(damage, now, store.lifeMs);
  if (now < goMs) return Math.max(now + 1000, Math.min(goMs, now + LOOK_LATEST_MS));
  // refused if it was restored just now
  const { stored, refused } = await closeJob(store, owner, id, { by: "sweeper", do: "expire" });
  if (!stored || refused) return now + LOOK_AGAIN_MS;
  await purgeJob(store, stored.record);
  swept.purged++;
  return nextLookMs(stored.record, now);
}

/** When to look again; null: never, from now on it goes with its root. */
async function lookAtDamagedChild(store: JobStore, damage: Damage, swept: Swept): Promise<number | null> {
  const root = await rootState(store, damage);
  if (root === "gone") return removeChild(store, damage, swept);
  const now = store.clock.now();
  if (root !== "lives") return now + LOOK_AGAIN_MS;
  const failed = await failDamaged(store.records, damage, now);
  await markEnded(store, failed.record);
  swept.closed++;
  return null;
}

type Child = { owner: string; id: string };

/** `ended`: has ended, is about to, or can't be read. */
export async function rootState(store: JobStore, { owner, id }: Child): Promise<"lives" | "ended" | "gone"> {
  try {
    const root = await store.records.get(owner, rootOf(id)!.root);
    if (!root) return "gone";
    return isLiving(root.record) ? "lives" : "ended";
  } catch (error) {
    if (damageOf(error)) return "ended";
    throw error;
  }
}

/** When to look again. */
export async function removeChild(store: JobStore, { owner, id }: Child, swept: Swept): Promise<number> {
  await store.records.remove(owner, id);
  await store.files.purge(jobPrefix(owner, id));
  swept.removed++;
  return store.clock.now() + LOOK_AGAIN_MS;
}
