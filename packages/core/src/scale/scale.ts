/**
 * Decides how many workers there should be, and starts them. Only the sweeper does this, under a lease; the API pokes it. No
 * worker is stopped from here: it ends by itself when there is no more work, or when there are too many workers (`surplus.ts`).
 *
 * For each queue, each time:
 *
 * | found | done |
 * | --- | --- |
 * | fewer workers than `workersWanted` | the missing ones are requested on Spot |
 * | a Spot worker has waited over 10 minutes for a machine | it is canceled, and requested On-Demand instead |
 * | an On-Demand worker was requested within the last half hour | further ones are requested On-Demand as well |
 * | an On-Demand worker has waited over 10 minutes, and none is working | no capacity: a note says so, and new jobs are refused; one request stays in the On-Demand queue, and the others that are wanted, at least one, are requested on Spot again every 10 minutes |
 * | an On-Demand worker has waited over 10 minutes, and is no longer needed | it is canceled |
 * | an On-Demand worker has waited half an hour, while others are working | it is canceled, and requested on Spot again |
 * | a worker starts | the note is cleared |
 */
import type { Clock } from "../clock.ts";
import { underLease } from "../jobs/leases.ts";
import type { Capacity, LaunchedWorker, Launcher } from "../launcher.ts";
import type { Log } from "../log.ts";
import type { Notes } from "../notes.ts";
import type { Queue } from "../queue.ts";
import { writeNoCapacity } from "./no-capacity.ts";
import { noteSurplus } from "./surplus.ts";

/** How long a worker waits for a machine before it counts as stuck. */
export const STUCK_MS = 10 * 60_000;
const ON_DEMAND_MS = 30 * 60_000;
/** Longer than the function may run, so that two sweepers never request the same workers. */
const LEASE_MS = 90_000;

type ScaleLimits = {
  /** Maximum number of workers per queue. */
  maxWorkers: number;
  targetWaitSeconds: number;
  /** Seconds of work per job of a queue, on a warm worker. */
  meanSecondsOf(queue: string): number;
};

/** Workers needed to clear the backlog within the target wait. `meanSeconds`: of work per job. */
export function workersWanted(backlog: number, meanSeconds: number, targetWaitSeconds: number, max: number): number {
  return Math.min(max, Math.ceil((backlog * meanSeconds) / targetWaitSeconds));
}

type ScalePlan = {
  cancel: LaunchedWorker[];
  start: { capacity: Capacity; count: number };
  /** Since when a worker has waited for a machine while none is working; null: there is capacity, as far as is known. */
  noCapacitySinceMs: number | null;
};

/** What to do about the workers of one queue, by the table above. */
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

/** Without capacity, one worker waits for each kind of machine: an account may lack a quota for On-Demand, or Spot may be back first. */
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
/** Numbers of workers requested and canceled and of queues that failed, and the queues without capacity. */
type Scaled = { started: number; canceled: number; noCapacity: string[]; failed: number };

/** Looks after every queue whose workers are launched; null while another sweeper does. One queue's failure does not stop the others. */
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
  { maxWorkers, targetWaitSeconds, meanSecondsOf }: ScaleLimits,
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
    await launcher.cancel(worker, "No machine became available.");
    scaled.canceled++;
  }
  if (start.count > 0) await launcher.start(name, start.capacity, start.count);
  scaled.started += start.count;
  if (noCapacitySinceMs !== null) scaled.noCapacity.push(name);
}
