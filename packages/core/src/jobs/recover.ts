/** What a server does about the jobs that the one before has left. */
import { eachAtOnce } from "../concurrent.ts";
import { type JobStore, updateJob } from "./jobs.ts";

export type Recovered = { sent: number; handedBack: number; closed: number };

/**
 * At the start of a server whose queue lives in its process: fills it from the records; and where the server holds its storage
 * `alone` (`data-dir.ts`), takes back the jobs that the one before was working on, without waiting for their leases.
 *
 * That is safe because nobody can be alive who holds such a claim: its holder lived in a process that held the storage, and
 * this process holds it now. The claim is given back by its own token, which is in the record: to the rules it is the holder
 * who hands back. What was written since `startedAtMs` is left alone, because that may be this server's own; so it may run
 * while the server works. In a storage that others share, their claims are theirs until the lease has run out.
 */
export async function recover(
  store: JobStore,
  { alone, startedAtMs = store.clock.now() }: { alone: boolean; startedAtMs?: number },
): Promise<Recovered> {
  const recovered: Recovered = { sent: 0, handedBack: 0, closed: 0 };
  const seen = new Set<string>();
  await eachAtOnce(
    store.records.timers.due(Number.POSITIVE_INFINITY),
    () => false,
    async ({ owner, id }) => {
      if (seen.has(`${owner}/${id}`)) return;
      seen.add(`${owner}/${id}`);
      let stored = await store.records.get(owner, id);
      const ours = stored && store.clock.now() - stored.ageMs >= startedAtMs;
      if (alone && stored?.record.claim && !ours) {
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
      if (stored?.record.state !== "queued") return;
      await store.queue.send({ queue: stored.record.queue, owner, id });
      recovered.sent++;
    },
  );
  return recovered;
}
