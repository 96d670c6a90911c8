/**
 * The queue of a single process: what the local server runs on. It keeps nothing on disk; `recover` (recover.ts) fills it from
 * the records at start.
 *
 * Fair between owners, and the children of each plan are a group of their own (`turnGroup`): each turn takes the oldest message of
 * the group whose turn it is, so that a thousand jobs of one delay nobody by more than one; and a group that comes when all others have
 * had their turn in this round comes before them, so that beside one plan another's job waits for no child but those at work. A job that waits already is not queued
 * twice; the earlier time counts.
 */
import type { Clock } from "../clock.ts";
import { turnGroup } from "../job/ids.ts";
import type { Message, Queue, QueuedJob } from "../queue.ts";

type Later = { job: QueuedJob; atMs: number };
/** `sinceMs`: since when it can be received. */
type Ready = { job: QueuedJob; sinceMs: number };
type Lane = {
  /** Groups in the order of their turns; of each, its jobs in order of arrival. No group without jobs. */
  ready: Map<string, Map<string, Ready>>;
  /** How many groups, the first ones of `ready`, have not had their turn in this round. */
  inRound: number;
  /** Waits for its time, by owner and id. */
  later: Map<string, Later>;
  /** Received, by receipt; `atMs` is the end of the lease. */
  held: Map<symbol, Later>;
  wake: Set<() => void>;
};

export function memoryQueue({ clock }: { clock: Clock }): Queue {
  const lanes = new Map<string, Lane>();
  const laneOf = (name: string): Lane => {
    const lane = lanes.get(name) ?? newLane();
    lanes.set(name, lane);
    return lane;
  };

  const send: Queue["send"] = async ({ queue, owner, id }, { delayMs = 0 } = {}) => {
    const lane = laneOf(queue);
    add(lane, { queue, owner, id }, clock.now() + delayMs, clock.now());
    for (const wake of [...lane.wake]) wake();
  };

  return {
    send,

    async sendAll(jobs) {
      for (const job of jobs) await send(job);
    },

    async receive(queue, { leaseMs, waitMs, signal }) {
      const lane = laneOf(queue);
      const untilMs = clock.now() + waitMs;
      for (;;) {
        const now = clock.now();
        if (signal.aborted) return null;
        bringForward(lane, now);
        const job = takeNext(lane);
        if (job) return hold(lane, job, leaseMs, clock);
        if (now >= untilMs) return null;
        await sleepOrWake(clock, Math.min(untilMs, nextMs(lane)) - now, lane, signal);
      }
    },

    async depth(queue) {
      const lane = laneOf(queue);
      bringForward(lane, clock.now());
      let waiting = lane.later.size;
      for (const jobs of lane.ready.values()) waiting += jobs.size;
      return { waiting, held: lane.held.size };
    },

    async waitingOf(queue, owner) {
      const lane = laneOf(queue);
      bringForward(lane, clock.now());
      const ofOwner = ({ job }: { job: QueuedJob }) => job.owner === owner;
      let waiting = [...lane.later.values()].filter(ofOwner).length;
      for (const jobs of lane.ready.values()) {
        const [first] = jobs.values();
        // all jobs of a group are of one owner
        if (first && ofOwner(first)) waiting += jobs.size;
      }
      return waiting;
    },

    async oldestMs(queue) {
      const lane = laneOf(queue);
      bringForward(lane, clock.now());
      let sinceMs = Number.POSITIVE_INFINITY;
      for (const jobs of lane.ready.values())
        for (const each of jobs.values()) sinceMs = Math.min(sinceMs, each.sinceMs);
      return Number.isFinite(sinceMs) ? clock.now() - sinceMs : null;
    },

    async position(job) {
      const lane = laneOf(job.queue);
      bringForward(lane, clock.now());
      const group = turnGroup(job);
      const own = lane.ready.get(group);
      if (!own?.has(job.id)) return null;
      const turn = [...own.keys()].indexOf(job.id);
      let before = turn;
      let ahead = 1;
      for (const [other, jobs] of lane.ready) {
        if (other === group) ahead = 0;
        else before += Math.min(jobs.size, turn + ahead);
      }
      return before;
    },
  };
}

function newLane(): Lane {
  return { ready: new Map(), inRound: 0, later: new Map(), held: new Map(), wake: new Set() };
}

function add(lane: Lane, job: QueuedJob, atMs: number, nowMs: number): void {
  const group = turnGroup(job);
  if (lane.ready.get(group)?.has(job.id)) return;
  const key = `${job.owner}/${job.id}`;
  if (atMs > nowMs) {
    const there = lane.later.get(key);
    if (!there || atMs < there.atMs) lane.later.set(key, { job, atMs });
    return;
  }
  lane.later.delete(key);
  const own = lane.ready.get(group);
  if (own) own.set(job.id, { job, sinceMs: atMs });
  else addGroup(lane, group, new Map([[job.id, { job, sinceMs: atMs }]]));
}

function addGroup(lane: Lane, group: string, jobs: Map<string, Ready>): void {
  if (lane.inRound > 0) lane.ready.set(group, jobs);
  else {
    lane.ready = new Map([[group, jobs], ...lane.ready]);
    lane.inRound = 1;
  }
}

/** Makes ready what has waited long enough and what was held for longer than its lease. */
function bringForward(lane: Lane, nowMs: number): void {
  for (const { job, atMs } of [...lane.later.values()]) if (atMs <= nowMs) add(lane, job, atMs, nowMs);
  for (const [receipt, { job, atMs }] of lane.held) {
    if (atMs > nowMs) continue;
    lane.held.delete(receipt);
    add(lane, job, nowMs, nowMs);
  }
}

function takeNext(lane: Lane): QueuedJob | null {
  if (lane.inRound === 0) lane.inRound = lane.ready.size;
  for (const [group, jobs] of lane.ready) {
    lane.ready.delete(group);
    lane.inRound--;
    for (const [id, { job }] of jobs) {
      jobs.delete(id);
      if (jobs.size > 0) lane.ready.set(group, jobs);
      return job;
    }
  }
  return null;
}

function hold(lane: Lane, job: QueuedJob, leaseMs: number, clock: Clock): Message {
  const receipt = Symbol(job.id);
  lane.held.set(receipt, { job, atMs: clock.now() + leaseMs });
  const mine = (): Later | null => {
    bringForward(lane, clock.now());
    return lane.held.get(receipt) ?? null;
  };
  return {
    ...job,
    async extend(ms) {
      const held = mine();
      if (held) held.atMs = clock.now() + ms;
    },
    async ack() {
      if (mine()) lane.held.delete(receipt);
    },
    async retryAfter(ms) {
      if (!mine()) return;
      lane.held.delete(receipt);
      add(lane, job, clock.now() + ms, clock.now());
      for (const wake of [...lane.wake]) wake();
    },
  };
}

function nextMs(lane: Lane): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { atMs } of lane.later.values()) next = Math.min(next, atMs);
  for (const { atMs } of lane.held.values()) next = Math.min(next, atMs);
  return next;
}

async function sleepOrWake(clock: Clock, ms: number, lane: Lane, signal: AbortSignal): Promise<void> {
  const sleep = new AbortController();
  const wake = () => sleep.abort();
  lane.wake.add(wake);
  signal.addEventListener("abort", wake);
  await clock.sleep(ms, sleep.signal);
  lane.wake.delete(wake);
  signal.removeEventListener("abort", wake);
}
