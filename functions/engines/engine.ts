/** An engine as an installation sees it. Each has a file in this folder; `index.ts` lists them. */
import type { Env } from "@smileloop/core/env.ts";
import type { EngineSecrets } from "@smileloop/core/kinds/kind.ts";
import type { SourceType } from "@smileloop/core/marking/making.ts";
import type { EngineCommand } from "@smileloop/worker/process/engine-life.ts";
import type { WorkerOptions } from "@smileloop/worker/worker.ts";

export type Engine = {
  /** Its name in jobs and in `ENGINES`. */
  name: string;
  /** Names of the kinds that it can run. */
  kinds: readonly string[];
  /**
   * What it offers beyond its kinds, where params of these ask for it (`needs` in core/kinds/kind.ts): all that it ever may. What this
   * machine's has is in the finding.
   */
  capabilities?: readonly string[];
  /** Queues that its workers may serve, the usual one first. */
  queues: readonly [string, ...string[]];
  /** Seconds of work per job on a warm worker, by queue where the queues differ. */
  meanSeconds: number | Readonly<Record<string, number>>;
  /** Whether it comes with this repository, so that every installation has it. */
  builtIn?: boolean;
  /** Which secret params it takes, where it takes any. */
  secretsFor?(env: Env): EngineSecrets;
  /** The error of a worker that is started where the engine is not set up: a sentence that names the missing variable. */
  unset?: string;
  /** Looks for it on this machine. Never throws, and starts nothing that lasts. */
  find(env: Env): Promise<Finding>;
};

export type Finding = {
  /** Null where it is not set up, or cannot run. */
  engine: EngineSetup | null;
  /** Why it cannot run although it is set up: a sentence for the person who did so. */
  trouble: string | null;
  /** What it offers here, where that is less than the entry says. */
  capabilities?: readonly string[];
};

/** What a worker is set up with: its queue, processes and limits. */
export type WorkerSetup = Pick<
  WorkerOptions,
  | "queueName"
  | "engineCommand"
  | "service"
  | "checkerCommand"
  | "helpers"
  | "slots"
  | "engineLimits"
  | "maxFailedStarts"
  | "source"
>;

/** The processes and limits of a worker that serves an engine's usual queue. */
export type EngineSetup = WorkerSetup & {
  /** Where what it makes comes from, as its signatures say. */
  source: SourceType;
  checkerCommand: EngineCommand;
  /** A process that looks at pictures for the API of a local server, beside the workers' processes. */
  inspectorCommand?: EngineCommand;
};
