/**
 * How many workers there should be, and starting them. Only the sweeper does it, under a lease; the API pokes it. Nobody is
 * stopped: a worker ends by itself when there is no more work, or when there are more than needed (`surplus.ts`).
 *
 * Per queue, each time:
 *
 * | what is found | what is done |
 * | --- | --- |
 * | fewer workers than `workersWanted` | so many more are asked for, on Spot |
 * | a worker on Spot has waited for a machine for over 10 minutes | it is given up, and asked for On-Demand |
 * | one was asked for On-Demand within the last half hour | more are asked for there, too |
 * | one On-Demand has waited for over 10 minutes, and none is at work | no capacity: a note says so, and new jobs are refused; one goes on waiting there, and the others that are wanted, one at least, are asked for on Spot anew each 10 minutes |
 * | one On-Demand has waited for over 10 minutes, and is not needed any more | it is given up |
 * | one On-Demand has waited for half an hour, and others are at work | it is given up, and asked for on Spot again |
 * | a worker starts | the note is taken back |
 */
import type { Clock } from "../clock.ts";
import { underLease } from "../jobs/leases.ts";
import type { Capacity, LaunchedWorker, Launcher } from "../launcher.ts";
import type { Log } from "../log.ts";
import type { Queue } from "../queue.ts";
import type { Notes } from "../records.ts";
import { writeNoCapacity } from "./no-capacity.ts";
import { noteSurplus } from "./surplus.ts";

/** A worker that has waited for a machine for so long will not get one soon. */
export const STUCK_MS = 10 * 60_000;
const ON_DEMAND_MS = 30 * 60_000;
/** Longer than the function may run, so that no two ask for the same workers. */
const LEASE_MS = 90_000;

/** Seconds of work of one job, where workers are warm. */
const MEAN_SECONDS: Record<string, number> = { liveportrait: 5, "warp-long": 240 };
const OTHER_MEAN_SECONDS = 10;

export function meanSecondsOf(queue: string): number {
  return MEAN_SECONDS[queue] ?? OTHER_MEAN_SECONDS;
}

export type ScaleLimits = { maxWorkers: number; targetWaitSeconds: number };

/** So many workers do the backlog within the wait that is aimed at. `meanSeconds`: of work per job. */
export function workersWanted(backlog: number, meanSeconds: number, targetWaitSeconds: number, max: number): number {
  return Math.min(max, Math.ceil((backlog * meanSeconds) / targetWaitSeconds));
}

export type ScalePlan = {
  cancel: LaunchedWorker[];
  start: { capacity: Capacity; count: number };
  /** Since when a worker has waited in vain while none is at work; null: there is capacity, as far as anybody knows. */
  noCapacitySinceMs: number | null;
};

/** What is to be done about the workers of one queue, by the table above. */
export function planScale(workers: LaunchedWorker[], wanted: number, nowMs: number): ScalePlan {
  const stuck = workers.filter(({ state, askedMs }) => state === "waiting" && nowMs - askedMs > STUCK_MS);
  const stuckSpot = stuck.filter(({ capacity }) => capacity === "spot");
  const stuckOnDemand = stuck.filter(({ capacity }) => capacity === "on_demand");
  const atWork = workers.some(({ state }) => state !== "waiting");
  if (!atWork && stuckOnDemand.length > 0) return planWithout(workers, stuckSpot, stuckOnDemand, wanted);

  const tooLong = stuckOnDemand.filter(({ askedMs }) => nowMs - askedMs >= ON_DEMAND_MS);
  const kept = workers.length - stuckSpot.length - tooLong.length;
  const excess = stuckOnDemand.filter((one) => !tooLong.includes(one)).slice(0, Math.max(0, kept - wanted));
  const moved = workers.some(({ capacity, askedMs }) => capacity === "on_demand" && nowMs - askedMs < ON_DEMAND_MS);
  return {
    cancel: [...stuckSpot, ...tooLong, ...excess],
    start: { capacity: stuckSpot.length > 0 || moved ? "on_demand" : "spot", count: Math.max(0, wanted - kept) },
    noCapacitySinceMs: null,
  };
}

/** While there is no capacity, one waits for each: an account may have no quota for On-Demand, and Spot may be back long before. */
function planWithout(
  workers: LaunchedWorker[],
  stuckSpot: LaunchedWorker[],
  stuckOnDemand: LaunchedWorker[],
  wanted: number,
): ScalePlan {
  const [longest, ...others] = [...stuckOnDemand].sort((a, b) => a.askedMs - b.askedMs);
  const cancel = [...stuckSpot, ...others];
  const count = Math.max(0, Math.max(wanted, 2) - (workers.length - cancel.length));
  return { cancel, start: { capacity: "spot", count }, noCapacitySinceMs: longest!.askedMs };
}

export type ScaleDeps = { notes: Notes; queue: Queue; launcher: Launcher; clock: Clock; log: Log };
/** How many workers were asked for and given up, and the queues for which there is no capacity. */
export type Scaled = { started: number; canceled: number; noCapacity: string[]; failed: number };

/** Looks after every queue whose workers are started; null when somebody else does it now. One failure does not keep the others. */
export async function scaleOnce(deps: ScaleDeps, limits: ScaleLimits): Promise<Scaled | null> {
  const scaled: Scaled = { started: 0, canceled: 0, noCapacity: [], failed: 0 };
  if (deps.launcher.queues.length === 0) return scaled;
  return underLease(deps.notes, "scale", LEASE_MS, async () => {
    for (const queue of deps.launcher.queues) {
      try {
        await scaleQueue(deps, limits, queue, scaled);
      } catch (error) {
        scaled.failed++;
        deps.log.error({ err: error, queue }, "scale_failed");
      }
    }
    return scaled;
  });
}

async function scaleQueue(
  { notes, queue, launcher, clock }: ScaleDeps,
  { maxWorkers, targetWaitSeconds }: ScaleLimits,
  name: string,
  scaled: Scaled,
): Promise<void> {
  const { waiting, held } = await queue.depth(name);
  const wanted = workersWanted(waiting + held, meanSecondsOf(name), targetWaitSeconds, maxWorkers);
  const workers = await launcher.workers(name);
  const nowMs = clock.now();
  const { cancel, start, noCapacitySinceMs } = planScale(workers, wanted, nowMs);

  await writeNoCapacity(notes, name, noCapacitySinceMs === null ? null : { sinceMs: noCapacitySinceMs, waiting });
  const running = workers.filter(({ state }) => state === "running");
  const onDemand = running.filter(({ capacity }) => capacity === "on_demand").length;
  await noteSurplus(notes, name, { running: running.length, onDemand, held, waiting }, nowMs);
  for (const worker of cancel) {
    await launcher.cancel(worker, "No machine for it was to be had.");
    scaled.canceled++;
  }
  if (start.count > 0) await launcher.start(name, start.capacity, start.count);
  scaled.started += start.count;
  if (noCapacitySinceMs !== null) scaled.noCapacity.push(name);
}
