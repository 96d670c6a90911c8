/** The operator's routes of the server that this page came from. */

export type Queue = {
  name: string;
  kinds: string[];
  engines: string[];
  waiting: number | null;
  running: number | null;
  oldest_seconds: number | null;
};
export type Engine = {
  name: string;
  queue: string;
  state: string;
  version: string | null;
  slots: number;
  busy: number;
  memory_bytes: number | null;
};
export type Figure = { name: string; label: string | null; value: number };
export type Overview = {
  at: string;
  version: string;
  ready: boolean;
  parts: Record<string, string>;
  queues: Queue[];
  engines: Engine[] | null;
  storage: {
    free_bytes: number | null;
    total_bytes: number | null;
    state: string | null;
    unreadable_records: number;
  };
  figures: Figure[] | null;
};
export type Status = "queued" | "running" | "canceling" | "waiting" | "succeeded" | "failed" | "canceled" | "expired";
export type Failure = { code: string; title: string; detail: string; retryable: boolean };
export type JobLine = {
  id: string;
  kind: string;
  status: Status;
  owner: string;
  queue: string;
  engine: { name: string; version: string | null } | null;
  worker: string | null;
  stage: string | null;
  percent: number | null;
  attempt: number;
  failures: number;
  children: number | null;
  created_at: string;
  queued_at: string;
  started_at: string | null;
  finished_at: string | null;
  expires_at: string | null;
  error: Failure | null;
  attempts: { started_at: string; finished_at: string; worker: string; error: Failure | null }[];
  webhook: {
    host: string;
    state: "waiting" | "pending" | "delivered" | "disabled" | "failed";
    tries: number;
    last: { status: number | null; error: string | null } | null;
    next_at: string | null;
  } | null;
  replay: { possible: boolean; why_not: string | null };
};
export type JobPage = { jobs: JobLine[]; looked_at: number; next_cursor: string | null };
/** What somebody asks to be taken down. */
export type Takedown = {
  id: string;
  kind: string;
  received_at: string;
  due_at: string;
  overdue: boolean;
  name: string;
  contact: string;
  statement: string;
  link: string | null;
  blocked: boolean;
  deleted_jobs: number | null;
  decision: { accepted: boolean; reason: string; at: string } | null;
};
export type ListName = "active" | "failed" | "unreported" | "ended";

/** What the server refused; `status` null: it could not be reached. */
export class Refused extends Error {
  readonly status: number | null;
  constructor(message: string, status: number | null) {
    super(message);
    this.status = status;
  }
}

/** Jobs a page. */
const LIMITS: Record<ListName, number> = { active: 50, failed: 50, unreported: 20, ended: 10 };
const KEY = "smileloop.operator";
// this page lies one folder below the start
const BASE = new URL("../v1/operator/", document.baseURI);

export const keptKey = (): string | null => sessionStorage.getItem(KEY);

export function keepKey(key: string | null): void {
  if (key === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, key);
}

export const getOverview = (signal: AbortSignal) => call<Overview>("GET", "overview", signal);

export function getJobs(list: ListName, signal: AbortSignal, cursor: string | null = null): Promise<JobPage> {
  return call(
    "GET",
    `jobs?list=${list}&limit=${LIMITS[list]}${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
    signal,
  );
}

/** Answers the id of the new job. */
export async function replay(id: string): Promise<string> {
  return (await call<{ id: string }>("POST", `jobs/${id}/replay`)).id;
}

/** Undecided ones first, oldest first. */
export async function getTakedowns(signal: AbortSignal): Promise<Takedown[]> {
  return (await call<{ takedowns: Takedown[] }>("GET", "takedowns", signal)).takedowns;
}

export async function decide(id: string, accept: boolean, reason: string): Promise<void> {
  await call("POST", `takedowns/${id}`, undefined, { accept, reason });
}

/** Throws Refused. */
async function call<T>(method: string, path: string, signal?: AbortSignal, sent?: object): Promise<T> {
  const headers: Record<string, string> = { Authorization: `Bearer ${keptKey() ?? ""}` };
  if (sent) headers["Content-Type"] = "application/json";
  const options = { ...(signal ? { signal } : {}), ...(sent ? { body: JSON.stringify(sent) } : {}) };
  let reply: Response;
  try {
    reply = await fetch(new URL(path, BASE), { method, headers, cache: "no-store", ...options });
  } catch (error) {
    throw new Refused(String(error), null);
  }
  const body = (await reply.json().catch(() => ({}))) as T & { detail?: string };
  if (reply.ok) return body;
  throw new Refused(body.detail ?? `HTTP ${reply.status}`, reply.status);
}
