/** Runs a claimed job: finds the handler of its kind and gives it what it needs. */
import { type BlockList, blockList } from "@smileloop/core/blocked/block-list.ts";
import type { Ready } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { JobResult } from "@smileloop/core/job/change.ts";
import type { JobRecord, Progress } from "@smileloop/core/job/record.ts";
import type { JobStore } from "@smileloop/core/jobs/jobs.ts";
import { requireDoable } from "@smileloop/core/jobs/submission.ts";
import type { Kinds } from "@smileloop/core/kinds/kind.ts";
import type { Log } from "@smileloop/core/log.ts";
import type { SourceType } from "@smileloop/core/marking/making.ts";
import { SAFEGUARDS, type Safeguards } from "@smileloop/core/safeguards.ts";
import { type Secrets, secretsOf } from "@smileloop/core/seals.ts";
import type { FetchFile } from "./fetch/fetch-file.ts";
import { createJobIo, createStoreIo, type HelperProcess, servingOf } from "./job-io.ts";
import type { ClaimedJob, Handlers, PlanHandler, RunHandler } from "./kinds/handler.ts";
import { type Marker, markingFor } from "./marking/marker.ts";
import { takeStep, type Waits } from "./plan.ts";
import type { EngineProcess } from "./process/engine-process.ts";
import { reviewedIo } from "./reviewed-io.ts";
import { type ElsewhereOptions, openElsewhere } from "./service/elsewhere.ts";
import type { Service } from "./service/service.ts";
import type { Signer } from "./signing/signer.ts";
import { signingFor } from "./signing/signing.ts";
import { unblockedIo } from "./unblocked-io.ts";

/** The processes of one slot of a worker. */
export type Processes = {
  engine: EngineProcess;
  /** Set where a service elsewhere does the work, and `engine` only stands for it. */
  service?: Service | undefined;
  /** A process for `check`, which has no part in the work. */
  checker: EngineProcess;
  helpers: readonly HelperProcess[];
};

export type PerformDeps = JobStore & {
  kinds: Kinds;
  handlers: Handlers;
  /** By default the strictest. */
  safeguards?: Safeguards | undefined;
  log: Log;
  /** Signs what jobs have made. */
  signer: Signer;
  /** Marks the pictures that they make. */
  marker: Marker;
  /** Where what the engine makes comes from; by default, a photograph of which a model has made parts. */
  source?: SourceType | undefined;
  /** Null for a worker without an engine: it can run plans alone. */
  processes: Processes | null;
};

/** What the work of a claim is given. */
type ClaimedIo = {
  dir: string;
  signal: AbortSignal;
  report: (progress: Progress) => void;
  fetchFile: FetchFile;
  write: ElsewhereOptions["write"] & ((change: Publish) => Promise<JobRecord>);
};

type Publish = { do: "publish"; outputs: JobRecord["outputs"] };

/** Does the work of one claim: the job is done, or it waits for children. Throws AppErrors, `TooMuchWork` and `ServiceWait`. */
export type Perform = (record: JobRecord, claimed: ClaimedIo) => Promise<JobResult | Waits>;

/** Null where the job's kind or engine is not served by this worker. Throws what an engine throws that does not start. */
export async function performerOf(deps: PerformDeps, { kind, engine }: JobRecord): Promise<Perform | null> {
  const handler = Object.hasOwn(deps.handlers, kind) ? deps.handlers[kind] : undefined;
  if (!handler || !deps.kinds.has(kind)) return null;
  return "plan" in handler ? planned(deps, handler) : runBy(deps, handler, kind, engine?.name);
}

function planned(deps: PerformDeps, handler: PlanHandler): Perform {
  return async (record, claimed) => {
    const signing = signingFor(deps, record, null);
    const io = createStoreIo({ ...deps, ...claimed, record, signing, marking: null });
    return takeStep(deps, handler, claimedJob(deps.kinds, record), io, claimed.report);
  };
}

async function runBy(
  deps: PerformDeps,
  handler: RunHandler,
  kind: string,
  engine: string | undefined,
): Promise<Perform | null> {
  const { processes, kinds, safeguards = SAFEGUARDS } = deps;
  if (!processes) return null;
  const [ready, { checks }] = await Promise.all([processes.engine.ready(), processes.checker.ready()]);
  // its engine is here, and what it makes can be checked here
  if (!ready.kinds.includes(kind) || !checks.includes(kind) || ready.engine !== engine) return null;
  const served = kinds.get(kind)!;
  const { estimateSeconds, queueOf, slots } = served;
  const blocked = blockListOf(deps);
  return async (record, claimed) => {
    const job = claimedJob(kinds, record);
    const secrets = () => secretsOf(deps.seals, record);
    const own = await engineOf({ ...deps, ...claimed, processes, ready, record, secrets });
    const io = createJobIo({
      ...{ ...deps, ...processes, ...claimed, ...own, record, ready, secrets },
      signing: signingFor(deps, record, ready),
      marking: await markingFor(deps, record, job.params),
      stages: handler.stages(record),
      estimate: (inputs) => estimateSeconds(job.params, inputs),
      queueOf: (seconds) => queueOf(engine, seconds),
      publish: async (outputs) => void (await claimed.write({ do: "publish", outputs })),
      requireDoable: (queue, seconds) => requireDoable(served, queue, seconds),
    });
    const { allowed, contentCheck } = safeguards;
    const looked = contentCheck && served.alters(job.params);
    const log = deps.log.child({ jobId: record.id });
    const onHit = async (block: string) => {
      log.warn({ block }, "blocked content refused");
      await deps.audit?.tell({ kind: "block_hit", owner: record.owner, details: { job: record.id, block } });
    };
    const free = await unblockedIo(io, { slots, blocked, onHit });
    const result = await handler.run(job, looked ? await reviewedIo(free, { slots, allowed, log }) : free);
    return { ...result, engineVersion: ready.version, timings: io.timings };
  };
}

const lists = new WeakMap<JobStore["files"], BlockList>();

/** One for each storage, so that what was read of it serves several jobs. */
function blockListOf({ files, clock }: Pick<JobStore, "files" | "clock">): BlockList {
  const list = lists.get(files) ?? blockList(files, clock);
  lists.set(files, list);
  return list;
}

type Needed = Omit<ElsewhereOptions, "service" | "secrets" | "serving"> & {
  processes: Processes;
  ready: Ready;
  secrets: () => Secrets;
};

/** The worker's engine process; or what stands for it where a service elsewhere does the work. Throws what `openElsewhere` throws. */
async function engineOf({ processes, ready, secrets, ...job }: Needed) {
  const { engine, service } = processes;
  if (!service) return { engine, elsewhere: false };
  const serving = servingOf({ ...processes, ready });
  const opened = await openElsewhere({ ...job, service, secrets: secrets(), serving });
  return { engine: { ...engine, ...opened }, elsewhere: true };
}

/** The params are checked again: the record may come from another version of this service. */
function claimedJob(kinds: Kinds, record: JobRecord): ClaimedJob {
  const parsed = kinds.get(record.kind)?.params.safeParse(record.params);
  if (!parsed?.success) throw new AppError("invalid_request", "The job's params are not valid here.");
  return { record, params: parsed.data };
}
