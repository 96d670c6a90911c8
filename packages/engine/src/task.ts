/** What every task of the engine is given beside its request. */
export type TaskContext = {
  /** Aborted when the task is canceled: stop within a second, leave no output, and throw `signal.reason`. */
  signal: AbortSignal;
  /** Reports how far it is, as often as it likes: `done` of `total` within a stage. */
  progress(stage: string, done: number, total: number): void;
};
