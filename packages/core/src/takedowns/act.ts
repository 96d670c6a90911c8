/** What follows of a takedown: the sweeper acts on urgent tickets within a minute, and on the others once the operator has accepted them. */
import type { Audit } from "../audit/audit-log.ts";
import { addBlock, type Block, removeBlock } from "../blocked/block-list.ts";
import { eachAtOnce } from "../concurrent.ts";
import { AppError, hasCode } from "../errors.ts";
import type { JobRecord } from "../job/record.ts";
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

/** Records that are read at most, for all tickets together. */
const MAX_READ = 20_000;

/** Acts on every ticket that is due for it. Answers how many. */
export async function actOnTakedowns(store: Store): Promise<number> {
  const due: Ticket[] = [];
  for await (const takedown of listTakedowns(store.files, { acted: false })) {
    const { ticket, acted, decision } = takedown;
    if (acted || decision?.accepted === false || !(isUrgent(ticket) || decision?.accepted)) continue;
    due.push(ticket);
  }
  if (due.length > 0) await act(store, due);
  return due.length;
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
  if (!accepted) {
    // what was begun may have left an entry, too
    const block = found.acted?.block ?? id;
    const isOff = await removeBlock(files, block).then(...DONE_OR_GONE);
    if (isOff) await audit?.tell({ kind: "unblocked", details: { block, ticket: id } });
  }
  if (accepted && !found.acted) await act(store, [found.ticket]);
  return (await readTakedown(files, id)) ?? found;
}

async function act(store: Store, tickets: Ticket[]): Promise<void> {
  const { files, clock, audit } = store;
  // first of all, and the same again where it is acted on twice
  const blocks = new Map<string, Block | null>();
  for (const { id, sha256, prints } of tickets) {
    blocks.set(id, await addBlock(files, clock.now(), { ticket: id, sha256, prints }));
  }
  const makers = await makersOf(store, new Set(tickets.flatMap(({ sha256 }) => sha256)));
  for (const { id, job, sha256 } of tickets) {
    const found = [
      ...(job ? [job] : []),
      ...makers.filter((maker) => sha256.some((each) => maker.made.includes(each))),
    ];
    const block = blocks.get(id);
    await setActed(files, id, { at: clock.now(), block: block?.id ?? null, jobs: await deleteJobs(store, found) });
    if (block) await audit?.tell({ kind: "blocked", details: { block: block.id, ticket: id } });
  }
}

type Job = { owner: string; id: string };

/**
 * The jobs that have made one of the files: only who was given a result has it, where it is marked as that job's own. That somebody has a
 * picture that others upload, too, is not a proof. A paid result lives for days, so all timers count.
 */
async function makersOf({ records }: Store, wanted: ReadonlySet<string>): Promise<(Job & { made: string[] })[]> {
  const makers: (Job & { made: string[] })[] = [];
  if (wanted.size === 0) return makers;
  let read = 0;
  const isOver = () => read++ === MAX_READ;
  await eachAtOnce(records.timers.due(Number.POSITIVE_INFINITY), isOver, async ({ owner, id }) => {
    const stored = await readable(() => records.get(owner, id));
    const made = stored ? ownFiles(stored.record).filter((each) => wanted.has(each)) : [];
    if (made.length > 0) makers.push({ owner, id: stored!.record.root ?? id, made });
  });
  return makers;
}

/** The job that the link leads into, and those that have made the file. */
async function deleteJobs(store: Store, jobs: Job[]): Promise<number> {
  let deleted = 0;
  for (const { owner, id } of new Map(jobs.map((job) => [job.id, job])).values()) {
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
function ownFiles({ outputs }: JobRecord): string[] {
  return Object.values(outputs).flatMap(({ mark, sha256 }) => ((mark?.c2pa ?? mark?.watermark) ? [sha256] : []));
}
