/** What follows of a takedown: the sweeper acts on urgent tickets within a minute, and on the others once the operator has accepted them. */
import type { Audit } from "../audit/audit-log.ts";
import { addBlock, removeBlock } from "../blocked/block-list.ts";
import { AppError, hasCode } from "../errors.ts";
import type { JobRecord } from "../job/record.ts";
import { RESULT_LIFE_MS } from "../job/record.ts";
import { readable } from "../job/unreadable.ts";
import { deleteJob } from "../jobs/close.ts";
import type { JobStore } from "../jobs/jobs.ts";
import {
  isUrgent,
  listTakedowns,
  readTakedown,
  setActed,
  setDecision,
  type Takedown,
  type Ticket,
} from "./takedowns.ts";

type Store = JobStore & { audit?: Audit | undefined };

/** Records that are read for one ticket. */
const MAX_READ = 5000;
const HORIZON_MS = RESULT_LIFE_MS + 10 * 60_000;

/** Acts on every ticket that is due for it. Answers how many. */
export async function actOnTakedowns(store: Store): Promise<number> {
  let count = 0;
  for await (const takedown of listTakedowns(store.files, { acted: false })) {
    const { ticket, acted, decision } = takedown;
    if (acted || decision?.accepted === false || !(isUrgent(ticket) || decision?.accepted)) continue;
    await act(store, ticket);
    count += 1;
  }
  return count;
}

/** The operator's decision, once. Throws `not_found`, `conflict`. */
export async function decide(store: Store, id: string, accepted: boolean, reason: string): Promise<Takedown> {
  const { files, clock, audit } = store;
  const found = await readTakedown(files, id);
  if (!found) throw new AppError("not_found", "There is no takedown with this id.");
  // the line first: what cannot be written down is not decided
  if (!found.decision) await audit?.write({ kind: "takedown_decided", details: { ticket: id, accepted } });
  if (found.decision || !(await setDecision(files, id, { at: clock.now(), accepted, reason }))) {
    throw new AppError("conflict", "This takedown was decided before.");
  }
  const { block } = found.acted ?? {};
  if (!accepted && block) {
    await removeBlock(files, block).catch((error: unknown) => {
      if (!hasCode(error, "not_found")) throw error;
    });
    await audit?.tell({ kind: "unblocked", details: { block, ticket: id } });
  }
  if (accepted && !found.acted) await act(store, found.ticket);
  return (await readTakedown(files, id)) ?? found;
}

async function act(store: Store, ticket: Ticket): Promise<void> {
  const { files, clock, audit } = store;
  const { id, sha256, prints } = ticket;
  const block = await addBlock(files, clock.now(), { ticket: id, sha256, prints });
  const jobs = await deleteJobs(store, ticket);
  await setActed(files, id, { at: clock.now(), block: block?.id ?? null, jobs });
  if (block) await audit?.tell({ kind: "blocked", details: { block: block.id, ticket: id } });
}

/**
 * Deletes the job that the link leads into, and those that have made one of the files: only who was given a result has it, where it is marked as
 * that job's own. That somebody has a picture that others upload, too, is no proof.
 */
async function deleteJobs(store: Store, { job, sha256 }: Ticket): Promise<number> {
  const found = new Map<string, { owner: string; id: string }>();
  if (job) found.set(job.id, job);
  let read = 0;
  for await (const { owner, id } of store.records.timers.due(store.clock.now() + HORIZON_MS)) {
    if (sha256.length === 0 || read++ === MAX_READ) break;
    const stored = await readable(() => store.records.get(owner, id));
    if (stored && isMaker(stored.record, sha256)) found.set(id, { owner, id: stored.record.root ?? id });
  }
  let deleted = 0;
  for (const { owner, id } of found.values()) {
    const isDone = await deleteJob(store, owner, id).then(...DONE_OR_GONE);
    if (isDone) deleted += 1;
  }
  return deleted;
}

const DONE_OR_GONE = [
  () => true,
  (error: unknown) => {
    if (hasCode(error, "not_found")) return false;
    throw error;
  },
] as const;

/** A file with neither signature nor mark, such as the times of spoken words, comes out the same for everybody who asks for the same. */
function isMaker({ outputs }: JobRecord, sha256: readonly string[]): boolean {
  return Object.values(outputs).some(({ mark, ...output }) => {
    const isUnique = Boolean(mark?.c2pa ?? mark?.watermark);
    return isUnique && sha256.includes(output.sha256);
  });
}
