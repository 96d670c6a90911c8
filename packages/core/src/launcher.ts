/**
 * The port to what starts workers where they are not there all the time: machines that are rented when there is work. A worker
 * serves its queue until the queue is empty; nothing stops it from outside.
 */

/** Spot is cheaper and may be taken away; On-Demand is there more often. */
export type Capacity = "spot" | "on_demand";

export type LaunchedWorker = {
  id: string;
  capacity: Capacity;
  /** `waiting`: there is no machine for it yet. */
  state: "waiting" | "starting" | "running";
  /** When it was requested, milliseconds since 1970. */
  askedMs: number;
};

/** Errors of all methods: `unavailable`. */
export interface Launcher {
  /** The queues whose workers it starts. */
  readonly queues: readonly string[];
  /** The workers of a queue that were asked for and have not ended. */
  workers(queue: string): Promise<LaunchedWorker[]>;
  start(queue: string, capacity: Capacity, count: number): Promise<void>;
  /** Gives up one that waits; one that has started meanwhile goes on. `why` is for people. */
  cancel(worker: LaunchedWorker, why: string): Promise<void>;
}
