/** Outputs that an engine finishes one after another: each is delivered while the engine makes the next. */
import { AppError } from "@smileloop/core/errors.ts";

type OneByOne<Result> = {
  /** Names of the outputs that the engine is asked for. */
  names: readonly string[];
  /** Stops the engine. */
  signal: AbortSignal;
  ask: (hooks: { signal: AbortSignal; onOutput: (name: string) => void }) => Promise<Result>;
  /** Called for one output at a time, in the order in which they are finished. What it throws stops the engine, and is thrown. */
  deliver: (name: string) => Promise<void>;
};

/** The engine's answer, once all outputs are delivered. Throws what `ask` and `deliver` throw, and `engine_failed` for other outputs. */
export async function oneByOne<Result>({ names, signal, ask, deliver }: OneByOne<Result>): Promise<Result> {
  const stop = new AbortController();
  const left = new Set(names);
  const faults: unknown[] = [];
  const fail = (error: unknown) => {
    faults.push(error);
    stop.abort();
  };
  let delivering: Promise<void> = Promise.resolve();
  const onOutput = (name: string) => {
    if (!left.delete(name))
      return fail(new AppError("engine_failed", "The engine made an output it was not asked for."));
    delivering = delivering.then(() => (faults.length > 0 ? undefined : deliver(name))).catch(fail);
  };
  const [asked] = await Promise.allSettled([ask({ signal: AbortSignal.any([signal, stop.signal]), onOutput })]);
  await delivering;
  // it says more than that the engine was stopped for it
  if (faults.length > 0) throw faults[0];
  if (asked.status === "rejected") throw asked.reason;
  if (left.size > 0) throw new AppError("engine_failed", `The engine did not make ${[...left].join(", ")}.`);
  return asked.value;
}
