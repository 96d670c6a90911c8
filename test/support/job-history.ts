/**
 * A referee: it sees every version of every record as the storage took it, with whoever wrote it, and knows the table of
 * `job/change.ts` by heart. It shares no code with the writers.
 */
import { type JobRecord, type JobState, jobRecordSchema } from "@smileloop/core/job/record.ts";

/** `by`: `api`, `sweeper`, or a worker as it names itself in records. */
export type Version = { record: JobRecord; by: string; atMs: number };

export type JobHistory = {
  /** Takes the next version of a record. */
  add(version: { body: Uint8Array; by: string; atMs: number }): void;
  /** Of one job, oldest first. */
  of(id: string): Version[];
  /** Resolves with the first version in which the job has ended, whatever became of it later. */
  ended(id: string): Promise<JobRecord>;
  endedCount(): number;
  /** What was against the rules, in sentences. */
  readonly wrong: string[];
};

/** A lease is a minute; ages are whole seconds, so it may be found dead up to a second before. */
const DEAD_MS = 59_000;
const ALIVE: JobState[] = ["queued", "running", "canceling", "waiting"];
const CANCELS = ["queued → canceled", "waiting → canceled", "running → canceling"];
const hasEnded = ({ state }: JobRecord) => !ALIVE.includes(state);

export function jobHistory(): JobHistory {
  const jobs = new Map<string, Version[]>();
  const ends = new Map<string, PromiseWithResolvers<JobRecord>>();
  const wrong: string[] = [];
  let ended = 0;
  const endOf = (id: string) => {
    const there = ends.get(id) ?? Promise.withResolvers<JobRecord>();
    ends.set(id, there);
    return there;
  };
  return {
    add({ body, by, atMs }) {
      const after = { record: jobRecordSchema.parse(JSON.parse(Buffer.from(body).toString())), by, atMs };
      const { id } = after.record;
      const versions = jobs.get(id) ?? [];
      const before = versions.at(-1);
      jobs.set(id, [...versions, after]);
      const fault = before ? faultOf(before, after) : firstFault(after);
      if (fault) wrong.push(`${id}: ${before?.record.state ?? "nothing"} → ${after.record.state} by ${by}: ${fault}`);
      if (!hasEnded(after.record) || (before && hasEnded(before.record))) return;
      ended++;
      endOf(id).resolve(after.record);
    },
    of: (id) => jobs.get(id) ?? [],
    ended: (id) => endOf(id).promise,
    endedCount: () => ended,
    wrong,
  };
}

function firstFault({ record, by }: Version): string | null {
  if (by !== "api" && record.root === undefined) return "only the API creates";
  return record.state === "queued" && record.rev === 1 ? null : "it does not begin as a queued job";
}

/** Why nobody may make this change; null when it is right. */
function faultOf(before: Version, after: Version): string | null {
  const [was, is] = [before.record, after.record];
  const holder = was.claim?.worker;
  const dead = after.atMs - before.atMs >= DEAD_MS;
  if (is.rev !== was.rev + 1) return `rev ${was.rev} → ${is.rev}`;
  if (is.write === was.write) return "the nonce is an old one";
  if (is.attempt === was.attempt + 1) return claimFault(was, is, after.by, dead);
  if (is.attempt !== was.attempt) return `attempt ${was.attempt} → ${is.attempt}`;
  const move = `${was.state} → ${is.state}`;
  const inputFault = inputsFault(was, is, after.by === holder && move === "running → running");
  if (inputFault) return inputFault;
  if (move === "waiting → waiting") return countFault(was, is, after.by);
  if (move === "waiting → queued") return after.by === "api" ? "the API may not" : null;
  if (was.root !== undefined && CANCELS.includes(move)) return null;
  switch (after.by) {
    case "api":
      if (is.state === "deleted") return was.state === "deleted" ? "it was deleted already" : null;
      return CANCELS.includes(move) ? null : "the API may not";
    case "sweeper":
      if (is.state === "expired") return hasEnded(was) && was.state !== "deleted" ? null : "it had not ended";
      if (is.error?.code === "deadline_passed" || move === "canceling → canceled") return null;
      return "the sweeper may not";
    default:
      if (hasEnded(was)) return "it had ended";
      if (move === "canceling → canceled") return after.by === holder || dead ? null : "its holder may be alive";
      if (is.state === "failed" && is.error?.code === "worker_lost")
        return was.attempt - (was.waits ?? 0) - (was.moves ?? 0) === 10 ? null : "claims are left";
      if (after.by !== holder) return `${holder} holds it`;
      return /^running → (running|succeeded|failed|queued|waiting)$/.test(move) ? null : "a worker may not";
  }
}

/** Any worker may write how many children have ended, and no fewer than before. */
function countFault(was: JobRecord, is: JobRecord, by: string): string | null {
  if (by === "api" || by === "sweeper") return `${by} may not count`;
  const [before = 0, after = 0] = [was.progress?.done, is.progress?.done];
  return after > before && after <= (is.children ?? 0) ? null : `${before} → ${after} children have ended`;
}

/** `byHolder`: at work. A record that is closed has no inputs any more. */
function inputsFault(was: JobRecord, is: JobRecord, byHolder: boolean): string | null {
  const closed = is.state === "expired" || is.state === "deleted";
  const fetched = was.fetches !== undefined && is.fetches === undefined;
  if (!closed && fetched !== (JSON.stringify(was.inputs) !== JSON.stringify(is.inputs))) return "its inputs changed";
  if (!closed && fetched && !byHolder) return "only its holder fetches";
  if (hasEnded(is) && is.fetches?.some(({ url }) => url !== undefined)) return "it still knows a URL";
  return is.state === "succeeded" && is.fetches ? "an input is missing" : null;
}

function claimFault(was: JobRecord, is: JobRecord, by: string, dead: boolean): string | null {
  if (is.state !== "running" || is.claim?.worker !== by) return "this is no claim";
  if (is.claim.token === was.claim?.token) return "the token is an old one";
  if (was.state === "queued") return null;
  if (was.state !== "running") return "there is nothing to claim";
  return dead ? null : `${was.claim?.worker} may be alive`;
}
