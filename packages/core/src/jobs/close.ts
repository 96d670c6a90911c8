/** How a client ends a job before its time, and its children with it. */
import { AppError } from "../errors.ts";
import { cancelChildren, purgeJob } from "./children.ts";
import { type Changed, type JobStore, updateJob } from "./jobs.ts";

/** Cancels a job. The result says how far that got: canceled, canceling while it is being stopped, or refused. */
export async function cancelJob(store: JobStore, owner: string, id: string): Promise<Changed> {
  const changed = await updateJob(store, owner, id, () => ({ by: "api", do: "cancel" }));
  if (changed.stored && !changed.refused) await cancelChildren(store, "api", changed.stored.record);
  return changed;
}

/**
 * Turns a job into a tombstone and takes its files and its children away; a worker that has one of them finds it lost. Throws
 * `not_found`; no error when it is deleted already.
 */
export async function deleteJob(store: JobStore, owner: string, id: string): Promise<void> {
  const { stored } = await updateJob(store, owner, id, () => ({ by: "api", do: "delete" }));
  if (!stored) throw new AppError("not_found", "There is no job with this id.");
  await purgeJob(store, stored.record);
}
