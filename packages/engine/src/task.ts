/** What every task of the engine is given beside its request. */
export type TaskContext = {
  /** Aborted when the task is canceled: stop within a second, leave no output, and throw `signal.reason`. */
  signal: AbortSignal;
  /**
   * Says how far the whole task is, as often as one likes: `done / total` is the share of all its work, so it may not start
   * again with a new stage. What falls back is not passed on.
   */
  progress(stage: string, done: number, total: number): void;
};
