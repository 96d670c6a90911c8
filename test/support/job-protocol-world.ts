/** What the world of `job-protocol-model.ts` consists of. */
import { type Change, changeJob, MAX_CLAIMS } from "@smileloop/core/job/change.ts";
import { isEnded, type JobRecord, type JobState, newJobRecord, RESULT_LIFE_MS } from "@smileloop/core/job/record.ts";

/** What keeps jobs safe, each to be left out in turn. */
export const RULES = [
  "own write",
  "fence",
  "files per attempt",
  "outputs go with their claim",
  "timer before record",
  "timer moved by the sweeper alone",
  "next timer before the last is dropped",
  "tombstone",
  "second purge",
  "cancels are closed",
  "taken from its own queue only",
  "fetched files are stored once",
] as const;
export type Rule = (typeof RULES)[number];

export type Timer = "look" | "expire" | "purge again";
export type QueueName = "short" | "long";
export type Rec = {
  state: JobState;
  queue: QueueName;
  attempt: number;
  token: string | null;
  out: number | null;
  /** Whose bytes the record says that its input has; null while it is to be fetched. */
  in: number | null;
  write: string;
};
/** `seen`: whose bytes it has found in the input that was fetched. `from`: the queue that its message came from. `unsure`: the last write has had no answer. */
export type Worker = {
  at: "idle" | "got" | "fetching" | "fetched" | "claimed" | "sending" | "stored" | "moving" | "dropping";
  from: QueueName;
  attempt: number;
  seen: number;
  unsure: boolean;
};
export type World = {
  /** Steps of the creation that are done; `null`: it is over, one way or the other. */
  api: number | null;
  apiUnsure: boolean;
  /** The client has its 202. */
  told: boolean;
  rec: Rec | null;
  /** `in` and `out/…`, with the attempt whose bytes they have; 0: the client's. */
  files: Record<string, number>;
  messages: Record<QueueName, number>;
  timers: Timer[];
  /** Between the two halves of moving a timer. */
  sweeper: { arm: Timer | null; drop: Timer | null } | null;
  workers: [Worker, Worker];
  /** The client's DELETE, between tombstone and purge. */
  purging: boolean;
  /** Its input is named by a URL: a worker fetches it. */
  byUrl: boolean;
  left: { crash: number; loss: number; reply: number; client: number; move: number };
};

export const FIRST_ATTEMPT = MAX_CLAIMS - 2;
const NEW = { id: "x", owner: "local", kind: "draw", queue: "short", engine: "pencil", estimateSeconds: 1 };
const BASE: JobRecord = newJobRecord({ ...NEW, params: {}, metadata: {}, inputs: {} }, 0);
export const IDLE: Worker = { at: "idle", from: "short", attempt: 0, seen: 0, unsure: false };
export const isClosed = ({ state }: Rec) => state === "expired" || state === "deleted";

/** `left`: how often each may still happen. */
export function firstWorld(left: Partial<World["left"]> = {}, byUrl = false): World {
  return {
    ...{ api: 0, apiUnsure: false, told: false, rec: null, files: {}, messages: { short: 0, long: 0 } },
    ...{ timers: [], sweeper: null, workers: [IDLE, IDLE], purging: false, byUrl },
    left: { crash: 0, loss: 0, reply: 0, client: 0, move: 0, ...left },
  };
}

/** Worlds with the same key have the same future; the two workers are interchangeable. */
export function keyOf(world: World): string {
  const { api, apiUnsure, told, rec, files, messages, timers, sweeper, workers, purging, left } = world;
  const [a, b] = workers.map(
    ({ at, from, attempt, seen, unsure }, n) => `${at}${from}${attempt}.${seen}${unsure}${rec?.write === `${n}`}`,
  ) as [string, string];
  const record = rec && `${rec.state}${rec.queue}${rec.attempt}.${rec.token}.${rec.out}.${rec.in}`;
  const kept = Object.keys(files)
    .sort()
    .map((key) => `${key}:${files[key]}`);
  const half = sweeper && `${sweeper.arm}.${sweeper.drop}`;
  const lefts = `${left.crash}${left.loss}${left.reply}${left.client}${left.move}`;
  const flags = `${api}${apiUnsure}${told}${purging}${messages.short}${messages.long}`;
  return `${flags}|${record}|${kept}|${timers}|${half}|${a < b ? `${a}|${b}` : `${b}|${a}`}|${lefts}`;
}

export function sent({ messages }: World, queue: QueueName): World["messages"] {
  return { ...messages, [queue]: Math.min(2, messages[queue] + 1) };
}

export function acked({ messages }: World, queue: QueueName): World["messages"] {
  return { ...messages, [queue]: Math.max(0, messages[queue] - 1) };
}

export function withTimer(timers: Timer[], timer: Timer): Timer[] {
  return [...new Set([...timers, timer])].sort();
}

export function resultOf(attempt: number) {
  const shape = { type: "video/mp4", bytes: 1, sha256: "", width: 1, height: 1, frames: 1, fps: 1, duration: 1 };
  return { outputs: { video: { key: "", attempt, ...shape } }, engineVersion: "", warnings: [], timings: {} };
}

export function fetchedBy(attempt: number) {
  return { inputs: { image: [{ key: "", type: "", bytes: attempt, source: "" }] }, estimateSeconds: 1 };
}

const made = new Map<string, Rec | null>();

/** The real change, on a record made from what the world keeps of it; null when it is refused. Each is made once. */
export function changed(rec: Rec, change: Change, nowMs = 0): Rec | null {
  const { state, queue, attempt, token, out } = rec;
  const by = "token" in change ? change.token : "";
  const result =
    change.do === "succeed" || change.do === "publish"
      ? change.outputs.video?.attempt
      : change.do === "fetched"
        ? change.inputs.image?.[0]?.bytes
        : "";
  const key = `${state}${queue}${attempt}.${token}.${out}.${rec.in}.${nowMs}|${change.by}${change.do}${by}.${result}`;
  let next = made.get(key);
  if (next === undefined) {
    next = madeChange(rec, change, nowMs);
    made.set(key, next);
  }
  return next;
}

function madeChange(rec: Rec, change: Change, nowMs: number): Rec | null {
  const record: JobRecord = {
    ...BASE,
    ...{ state: rec.state, queue: rec.queue, moves: rec.queue === "long" ? 1 : 0 },
    ...{ attempt: rec.attempt, claim: rec.token === null ? null : { token: rec.token, worker: "" } },
    outputs: rec.out === null ? {} : resultOf(rec.out).outputs,
    ...(rec.in === null
      ? { fetches: [{ slot: "image", nth: 0, source: "", url: "" }] }
      : { inputs: fetchedBy(rec.in).inputs }),
    expires_at: isEnded(rec.state) ? RESULT_LIFE_MS : null,
  };
  const next = changeJob(record, change, nowMs);
  if (typeof next === "string") return null;
  const { state, attempt, claim, outputs, fetches, inputs } = next;
  const queue = next.queue as QueueName;
  const held = { out: outputs.video?.attempt ?? null, in: fetches ? null : (inputs.image?.[0]?.bytes ?? rec.in) };
  return { state, queue, attempt, token: claim?.token ?? null, ...held, write: "" };
}
