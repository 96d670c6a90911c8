/**
 * The worker: takes jobs from the queue, one for each slot at a time, and runs each in the slot's engine process. One more
 * process makes the checks of all slots, and where the engines leave work to others a third one does that. A worker for plans
 * has no processes: other jobs do the work of a plan.
 *
 *     off ──run──▶ running ──stop──▶ stopping (no new job; waits for those under way) ──▶ off
 *                                       └─after graceMs, or stop again─▶ hands back, kills ─▶ off
 */
import { hostname } from "node:os";
import { AppError } from "@smileloop/core/errors.ts";
import { LEASE_MS } from "@smileloop/core/job/change.ts";
import type { Log } from "@smileloop/core/log.ts";
import type { Message } from "@smileloop/core/queue.ts";
import type { Outcome } from "./conclude.ts";
import type { EngineProcess } from "./process/engine-process.ts";
import { treeRssBytes } from "./process/process-tree.ts";
import { type JobDeps, runJob } from "./run-job.ts";
import { openSlots, type Slot, type SlotOptions } from "./slots.ts";
import { removeLeftovers } from "./work-dirs.ts";

export type WorkerOptions = Omit<JobDeps, "processes" | "worker"> &
  SlotOptions & {
    /** How long `run` goes on without work, ms; unset: for ever. It never ends while a job is under way. */
    idleExitMs?: number | undefined;
    /** With `idleExitMs`: asked once a minute between two jobs whether `run` should end because there are more workers than needed. */
    mayExit?: (() => Promise<boolean>) | undefined;
    /** Number of failed starts in a row after which `run` gives up; unset: never. */
    maxFailedStarts?: number | undefined;
  };

export type Worker = {
  /**
   * Removes what a worker that died has left in `workRoot`, starts the engine processes and serves the queue until `stop`, until
   * there is no more work (`idleExitMs`), or until the signal is aborted, which hands back what is under way. Resolves when all
   * processes are gone; throws when there is nothing left to work with: `device_lost`, or what the engine said when it did not
   * start.
   */
  run(signal?: AbortSignal): Promise<void>;
  /** For callers of `take`: removes what is left in `workRoot`, starts the processes and waits for them, `waitMs` at most. */
  prepare(waitMs: number): Promise<void>;
  /**
   * Sees through a message that was received for this worker. Aborting the signal hands the job back. Null when not even the
   * storage could be asked; otherwise `againMs` says when somebody has to look again, and the message was told so.
   */
  take(message: Message, signal?: AbortSignal): Promise<Outcome | null>;
  /** Takes one message, if there is one now, and sees it through; null when there was none. */
  runOnce(): Promise<Outcome | null>;
  /** Takes no new job, gives those under way `graceMs` to end, then hands them back. A second call hands back at once. */
  stop(options?: { graceMs?: number }): Promise<void>;
  /** Whether every process is up. */
  ready(): boolean;
  /** The process that checks, for services that callers of `take` ask between two messages; null for a worker without any. */
  checker: EngineProcess | null;
  /** Why the engine cannot work, while that is so. */
  trouble(): string | null;
  /** For those who watch: how many jobs are under way, and what its processes are and use. */
  look(): Promise<WorkerLook>;
};

/** `version`: of the engine, null while none is up. `memoryBytes`: resident, of all processes that are up; null where unknown. */
export type WorkerLook = { slots: number; busy: number; version: string | null; memoryBytes: number | null };

/** How long a worker without work waits at a time. */
export const POLL_MS = 20_000;
const RETRY_MS = 5000;
/** How often `mayExit` is asked. */
const EXIT_LOOK_MS = 60_000;
/** A message that came to nothing: it keeps no worker alive. */
const NO_WORK: Outcome["did"][] = ["ended", "busy", "not_for_us", "waits", "elsewhere"];

export function createWorker(options: WorkerOptions): Worker {
  const { queue, queueName, clock, log, workRoot } = options;
  const slots = openSlots(options);
  const running = [...new Set(slots.flatMap((slot) => (slot ? [slot.engine, slot.checker] : [])))];
  const others = [...new Set(slots.flatMap((slot) => slot?.helpers.map(({ process }) => process) ?? []))];
  const intake = new AbortController();
  const handBack = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  const idleExitMs = options.idleExitMs ?? Number.POSITIVE_INFINITY;
  let workedMs = clock.now();
  let askedExitMs = clock.now();
  let failedStarts = 0;
  /** Why the engine did not start; null when it did. */
  let failure: unknown = null;
  let fatal: unknown = null;

  const serve = async (processes: Slot, waitMs: number): Promise<Outcome | null> => {
    const message = await queue.receive(queueName, { leaseMs: LEASE_MS, waitMs, signal: intake.signal });
    if (!message) return null;
    if (intake.signal.aborted) {
      await message.retryAfter(0);
      return null;
    }
    return take(processes, message, handBack.signal);
  };

  const take = (processes: Slot, message: Message, signal: AbortSignal): Promise<Outcome | null> => {
    const deps = { ...options, processes, worker: `${hostname()}-${process.pid}` };
    const work = handle(deps, message, signal, log).then((outcome) => {
      if (outcome?.did === "device_lost") giveUp(new AppError("device_lost", "The graphics card is gone."));
      if (outcome && !NO_WORK.includes(outcome.did)) workedMs = clock.now();
      return outcome;
    });
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  };

  /** Whatever else is under way works with the same device. */
  const giveUp = (why: unknown) => {
    fatal ??= why;
    intake.abort();
    handBack.abort();
  };

  /** False when it did not start, after a while. */
  const isUp = async (processes: Slot): Promise<boolean> => {
    if (!processes) return true;
    const { engine, checker } = processes;
    const wasUp = engine.isUp();
    try {
      await Promise.all([engine.ready(), checker.ready()]);
      // to start may have taken longer than it may be idle
      if (!wasUp) workedMs = clock.now();
      failedStarts = 0;
      failure = null;
      return true;
    } catch (error) {
      if (intake.signal.aborted) return false;
      failure = error;
      log.error({ err: error }, "engine does not start");
      if (++failedStarts >= (options.maxFailedStarts ?? Infinity)) giveUp(error);
      await clock.sleep(RETRY_MS, intake.signal);
      return false;
    }
  };

  const leftMs = () => (underWay.size > 0 ? POLL_MS : workedMs + idleExitMs - clock.now());

  const isTooMany = async (): Promise<boolean> => {
    const ask = options.idleExitMs === undefined || underWay.size > 0 ? undefined : options.mayExit;
    if (!ask || clock.now() - askedExitMs < EXIT_LOOK_MS) return false;
    askedExitMs = clock.now();
    return ask().catch(() => false);
  };

  const loop = async (processes: Slot): Promise<void> => {
    while (!intake.signal.aborted) {
      // one that cannot start is not idle
      if (leftMs() <= 0) return failure === null ? intake.abort() : giveUp(failure);
      if (await isTooMany()) return intake.abort();
      if (!(await isUp(processes))) continue;
      try {
        await serve(processes, Math.max(0, Math.min(POLL_MS, leftMs())));
      } catch (error) {
        if (intake.signal.aborted) return;
        log.error({ err: error }, "worker waits");
        await clock.sleep(RETRY_MS, intake.signal);
      }
    }
  };

  const idle = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.allSettled([...underWay]);
  };
  const stopEngines = (graceMs: number) =>
    Promise.all([...running, ...others].map((engine) => engine.stop({ graceMs })));

  const end = async (graceMs: number): Promise<void> => {
    const again = intake.signal.aborted;
    intake.abort();
    // a sleep that goes on would keep the process alive
    if (!again) await Promise.race([idle(), clock.sleep(graceMs, handBack.signal)]);
    handBack.abort();
    if (again) await stopEngines(0);
    await idle();
    await stopEngines(1000);
  };

  return {
    async run(signal) {
      const onAbort = () => void end(0);
      signal?.addEventListener("abort", onAbort);
      if (signal?.aborted) onAbort();
      await removeLeftovers(workRoot);
      workedMs = clock.now();
      await Promise.all(slots.map(loop));
      await idle();
      await stopEngines(1000);
      signal?.removeEventListener("abort", onAbort);
      if (fatal !== null) throw fatal;
    },
    async prepare(waitMs) {
      await removeLeftovers(workRoot);
      const over = new AbortController();
      // one that does not start is started again by the first message, which fails with the reason
      const up = Promise.allSettled(running.map((engine) => engine.ready()));
      await Promise.race([up, clock.sleep(waitMs, over.signal)]);
      over.abort();
    },
    take: (message, signal) =>
      take(slots[0] ?? null, message, signal ? AbortSignal.any([signal, handBack.signal]) : handBack.signal),
    runOnce: () => serve(slots[0] ?? null, 0),
    stop: ({ graceMs = 10_000 } = {}) => end(graceMs),
    checker: slots[0]?.checker ?? null,
    ready: () => !intake.signal.aborted && running.every((engine) => engine.isUp()),
    trouble: () => sentenceOf(fatal ?? failure),
    async look() {
      const up = [...running, ...others].filter((engine) => engine.isUp());
      const engine = slots[0]?.engine;
      const version = engine?.isUp()
        ? await engine.ready().then(
            (ready) => ready.version,
            () => null,
          )
        : null;
      return { slots: slots.length, busy: underWay.size, version, memoryBytes: await memoryOf(up) };
    },
  };
}

async function memoryOf(processes: EngineProcess[]): Promise<number | null> {
  const pids = processes.map((each) => each.pid()).filter((pid) => pid > 0);
  const each = await Promise.all(pids.map((pid) => treeRssBytes(pid).catch(() => null)));
  const known = each.filter((bytes) => bytes !== null);
  return known.length === 0 ? null : known.reduce((sum, bytes) => sum + bytes, 0);
}

function sentenceOf(error: unknown): string | null {
  if (error === null) return null;
  return error instanceof AppError ? error.message : "The engine does not start.";
}

/** Never throws: what happens to the message is all there is to say. */
async function handle(deps: JobDeps, message: Message, signal: AbortSignal, log: Log): Promise<Outcome | null> {
  let outcome: Outcome | null = null;
  try {
    outcome = await runJob(deps, message, { signal, onBeat: () => message.extend(LEASE_MS) });
  } catch (error) {
    log.error({ err: error, jobId: message.id }, "job could not be taken");
  }
  const againMs = outcome ? outcome.againMs : RETRY_MS;
  try {
    await (againMs === null ? message.ack() : message.retryAfter(againMs));
  } catch (error) {
    // its lease runs out, and it is received again
    log.warn({ err: error, jobId: message.id }, "message not settled");
  }
  return outcome;
}
