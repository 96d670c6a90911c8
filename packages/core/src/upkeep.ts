/** What is done beside jobs: takedowns each time the sweeper comes, and once a day what is old of audit, tickets and salts goes. */
import { CHAINS } from "./audit/line.ts";
import { trimAudit } from "./audit/upkeep.ts";
import type { JobStore } from "./jobs/jobs.ts";
import { actOnTakedowns } from "./takedowns/act.ts";
import { forgetTakedowns } from "./takedowns/takedowns.ts";

const DAY_MS = 24 * 60 * 60_000;
const NOTE = "upkeep";

/** Throws what the storage throws; the next time goes on where this one ended. */
export async function upkeep(store: JobStore): Promise<void> {
  const { records, clock, files, audit } = store;
  await actOnTakedowns(store);
  const day = new Date(clock.now()).toISOString().slice(0, 10);
  const note = await records.notes.get(NOTE);
  if (note?.text === day || (await records.notes.put(NOTE, day, note?.etag ?? null)) === null) return;
  if (audit) await trimAudit(audit.store, clock);
  await forgetTakedowns(files, clock.now());
  // a salt is of use as long as the lines that were made with it
  for await (const { key, storedAtMs } of files.list("owners/")) {
    if (storedAtMs + CHAINS.trust.keepDays * DAY_MS < clock.now()) await files.purge(key);
  }
}
