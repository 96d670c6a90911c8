/** What a server does about the jobs that the one before has left. */
import { eachAtOnce } from "../concurrent.ts";
import { isEnded } from "../job/record.ts";
import type { Log } from "../log.ts";
import type { Timer } from "../records.ts";
import { damageOf } from "./damaged.ts";
import { type JobStore, updateJob } from "./jobs.ts";
import { tellDeliverers } from "./outbox.ts";
import { markEnded, wakeRoot } from "./waiting.ts";

type Recovered = {
  sent: number;
  handedBack: number;
  closed: number;
  /** Records that can't be read; the storage's adapter says which. */
  unreadable: number;
  /** What could not be done; the sweeper tries again. */
  failed: number;
};

/**
 * At the start of a server whose queue lives in its process: fills it from the records; and where the server holds its storage
 * `exclusive` (`data-dir.ts`), takes back the jobs that the one before was working on, without waiting for their leases.
 *
 * That is safe because nobody can be alive who holds such a claim: its holder lived in a process that held the storage, and
 * this process holds it now. The claim is given back by its own token, which is in the record: to the rules it is the holder
 * who hands back. What was written since `startedAtMs` is left alone, because that may be this server's own; so it may run
 * while the server works. In a storage that others share, their claims are theirs until the lease has run out.
 *
 * Plans are carried on too: a child that had ended is marked, and its root told; a root whose children have all ended is woken.
 */
export async function recover(
  store: JobStore & { log?: Log },
  { exclusive, startedAtMs = store.clock.now() }: { exclusive: boolean; startedAtMs?: number },
): Promise<Recovered> {
  const recovered: Recovered = { sent: 0, handedBack: 0, closed: 0, unreadable: 0, failed: 0 };
  const seen = new Set<string>();
  await eachAtOnce(
    store.records.timers.due(Number.POSITIVE_INFINITY),
    () => false,
    async (timer) => {
      if (seen.has(`${timer.owner}/${timer.id}`)) return;
      seen.add(`${timer.owner}/${timer.id}`);
      try {
        await recoverJob(store, timer, { exclusive, startedAtMs }, recovered);
      } catch (error) {
        // what is wrong with one job keeps no other from going on
        if (damageOf(error)) {
          recovered.unreadable++;
          return;
        }
        recovered.failed++;
        store.log?.error({ err: error, jobId: timer.id }, "recover_failed");
      }
    },
  );
  return recovered;
}

async function recoverJob(
  store: JobStore,
  { owner, id }: Timer,
  { exclusive, startedAtMs }: { exclusive: boolean; startedAtMs: number },
  recovered: Recovered,
): Promise<void> {
  let stored = await store.records.get(owner, id);
  const ours = stored && store.clock.now() - stored.ageMs >= startedAtMs;
  if (exclusive && stored?.record.claim && !ours) {
    const { token } = stored.record.claim;
    const canceling = stored.record.state === "canceling";
    const changed = await updateJob(store, owner, id, ({ record }) => ({
      by: "holder",
      token,
      do: record.state === "canceling" ? "cancelDone" : "handBack",
    }));
    if (!changed.refused) canceling ? recovered.closed++ : recovered.handedBack++;
    stored = changed.stored;
  }
  const record = stored?.record;
  if (record && (await tellDeliverers(store, record))) recovered.sent++;
  if (record?.root !== undefined && isEnded(record.state)) await markEnded(store, record);
  if (record?.state === "queued") {
    await store.queue.send({ queue: record.queue, owner, id });
    recovered.sent++;
  } else if (record && (await wakeRoot(store, "sweeper", record))) recovered.sent++;
}
