/**
 * What a kind's handler is: the part of a kind that works. `run` does the work of one claim with an engine; `plan` has it done
 * by other jobs, its children, and needs none. The list is in `index.ts`.
 */
import type { JobOutput, JobRecord } from "@smileloop/core/job/record.ts";
import type { Params } from "@smileloop/core/kinds/kind.ts";
import type { Preset } from "@smileloop/core/motion/preset.ts";
import type { ReadRecipients } from "@smileloop/core/recipients/recipients.ts";
import type { JobIo, StoreIo } from "../job-io.ts";
import type { StageShares } from "../stage-progress.ts";

/** `params`: checked by the kind, with its defaults. */
export type ClaimedJob = { record: JobRecord; params: Params };

export type HandlerResult = { outputs: Record<string, JobOutput>; warnings: JobRecord["warnings"] };

export type RunHandler = {
  stages: (job: JobRecord) => StageShares;
  /** Throws AppErrors for what goes wrong; whatever `io.signal` stops throws `canceled` or the signal's reason. */
  run: (job: ClaimedJob, io: JobIo) => Promise<HandlerResult>;
};

/** A file of the root or of an ended child, to be an input of a new child. */
export type ChildInput = { input: string; nth?: number } | { child: number; output: string };

export type ChildJob = { kind: string; params: Params; inputs: Record<string, ChildInput[]> };

/**
 * `create`: further children; when all children there are have ended, the plan is asked again. `expected`: how many there will be in all,
 * where the plan knows that further ones follow these: its progress counts them from the start.
 */
export type PlanStep = { create: ChildJob[]; expected?: number } | HandlerResult;

export type PlanHandler = {
  /**
   * What comes next, from the children that have ended, by number. It may be asked the same again after a crash and has to
   * answer the same: what is created is known by its number. Throws AppErrors.
   */
  plan: (job: ClaimedJob, ended: JobRecord[], io: StoreIo) => Promise<PlanStep>;
};

export type Handler = RunHandler | PlanHandler;
/** By kind. */
export type Handlers = Readonly<Record<string, Handler>>;

export type HandlerContext = {
  presets: ReadonlyMap<string, Preset>;
  /** How lists of recipients are read; by default on the caller's thread. */
  readRecipients?: ReadRecipients | undefined;
  /** Maximum duration of a talking video, seconds. */
  maxVideoSeconds: number;
};
export type HandlerMaker = (context: HandlerContext) => Handler;
