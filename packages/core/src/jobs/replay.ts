/** An event that is sent once more, because somebody asks for it. */
import { AppError } from "../errors.ts";
import { type Changed, FIRST_LOOK_MS, type JobStore, updateJob } from "./jobs.ts";

/**
 * Makes the event of an ended job due again. A timer is armed first: otherwise an hour might pass until the sweeper finds an event
 * whose message was lost. Throws `not_found`; `conflict` for a job without a webhook, or one that has not ended.
 */
export async function replayWebhook(store: JobStore, owner: string, id: string): Promise<Changed> {
  await store.records.timers.arm({ atMs: store.clock.now() + FIRST_LOOK_MS, owner, id });
  const changed = await updateJob(store, owner, id, () => ({ by: "api", do: "replay" }));
  if (!changed.stored) throw new AppError("not_found", "There is no job with this id.");
  if (changed.refused === null) return changed;
  const why = changed.stored.record.webhook
    ? "The job has not ended, so that it has no event yet."
    : "The job has no webhook; it is given when a job is created.";
  throw new AppError("conflict", why);
}
