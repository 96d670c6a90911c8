import type { z } from "zod";

/** What every task of the engine is given besides its request. */
export type TaskContext = {
  /** Aborted when the task is canceled: stop within a second, leave no output, and throw `signal.reason`. */
  signal: AbortSignal;
  /**
   * Says how far the whole task is, as often as one likes: `done / total` is the share of all its work, so it may not start
   * again with a new stage. What falls back is not passed on.
   */
  progress(stage: string, done: number, total: number): void;
};

export type OutputsContext = TaskContext & {
  /** Says that the file of one of the outputs that the request names is finished. */
  output(name: string): void;
};

export type Work<Request> = (request: Request, context: OutputsContext) => Promise<unknown>;

/** One thing that a process can be asked: how its requests are read, and where its work is. */
export type Part = {
  schema: z.ZodType;
  /** Loaded when the process has said `ready`, unless `later`: then by the first request. */
  load(): Promise<Work<unknown>>;
  later: boolean;
  /** Steps that make its first request faster, each of some 50 ms; taken while there is no request. */
  warm: readonly (() => Promise<unknown>)[];
};

/** What an engine's processes can be asked, by kind and by the name of the service. */
export type Offer = {
  runs: Record<string, Part>;
  checks: Record<string, Part>;
  services: Record<string, Part>;
};

/** A part whose work takes what its schema reads. */
export function part<Request>(
  schema: z.ZodType<Request>,
  load: () => Promise<Work<Request>>,
  { later = false, warm = [] }: Partial<Pick<Part, "later" | "warm">> = {},
): Part {
  return { schema, load: load as () => Promise<Work<unknown>>, later, warm };
}
