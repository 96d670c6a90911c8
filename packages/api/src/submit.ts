/** From what a client asked for to a job: whatever its headers can tell is checked before a job exists. */
import { AppError, type FieldError } from "@smileloop/core/errors.ts";
import { isId } from "@smileloop/core/job/ids.ts";
import { inputKey } from "@smileloop/core/job/keys.ts";
import type { JobInput, JobRecord } from "@smileloop/core/job/record.ts";
import { type Created, createJob } from "@smileloop/core/jobs/jobs.ts";
import { fieldErrors, type Kind, type Slot } from "@smileloop/core/kinds/kinds.ts";
import type { ApiDeps } from "./deps.ts";
import { type CheckedFile, checkFile, checkUpload } from "./intake/check.ts";
import { hasExpired } from "./job-lookup.ts";

/** `source`: how the record names it for people, when it was no upload of the client's own (`form`). */
export type InputSource = { upload: string; source?: string } | { job: string; input: string };

export type Submission = {
  owner: string;
  kind: string;
  inputs: Record<string, InputSource>;
  params: Record<string, unknown>;
  metadata?: Record<string, string>;
  /** Chosen by the client. */
  id?: string;
  idempotency?: { keySha256: string; bodySha256: string };
  dialect?: string;
};

/** A submission whose words are right; its files were not looked at yet. */
export type Plan = { kind: Kind; params: Record<string, unknown>; engine: string };

type Checked = { file: CheckedFile; source: string };

/**
 * Creates the job, or finds the one that an earlier request with the same id or Idempotency-Key made. Throws what `planJob`,
 * `checkUpload`, `queueFor` and `createJob` throw; after a refusal nothing of the job is left, and uploads stay as they are.
 */
export async function submit(deps: ApiDeps, submission: Submission): Promise<Created> {
  const { owner, inputs, metadata = {}, id, idempotency, dialect } = submission;
  const plan = planJob(deps, submission);
  const checked: Record<string, Checked> = {};
  for (const [slot, source] of Object.entries(inputs)) {
    checked[slot] = await checkSource(deps, owner, slot, source, plan.kind.slots[slot]!);
  }
  const estimateSeconds = plan.kind.estimateSeconds(plan.params, Object.keys(inputs));
  const queue = await deps.admission.queueFor({ owner, queue: plan.kind.queueOf(plan.engine, estimateSeconds), id });
  const created = await createJob(deps, {
    owner,
    kind: plan.kind.name,
    queue,
    params: (jobId) => plan.kind.drawn(plan.params, jobId),
    metadata,
    engine: plan.engine,
    estimateSeconds,
    id,
    idempotency,
    storeInputs: (jobId) => copyInputs(deps, owner, jobId, checked),
    ...(dialect === undefined ? {} : { dialect }),
  });
  if (!created.replayed) await deps.admission.arrived(created.record);
  return created;
}

/**
 * Checks kind, slots, params and engine. Throws `invalid_request` with all the faults that there are, `engine_not_configured`.
 * `at`: where params and inputs lie in the request.
 */
export function planJob(
  { kinds }: Pick<ApiDeps, "kinds">,
  { kind: name, inputs, params }: Pick<Submission, "kind" | "inputs" | "params">,
): Plan {
  const kind = kinds.get(name);
  if (!kind) {
    const msg = `Unknown kind '${name.slice(0, 60)}'. Choose from: ${[...kinds.keys()].sort().join(", ")}`;
    throw new AppError("invalid_request", msg, { errors: [{ loc: ["body", "kind"], msg, type: "invalid_value" }] });
  }
  const parsed = kind.params.safeParse(params);
  const conflicts = kind.conflicts(params, Object.keys(inputs));
  const faults = [
    ...slotFaults(kind, inputs),
    ...(parsed.success ? [] : fieldErrors(parsed.error, ["body", "params"])),
    ...conflicts.map((fault) => ({ ...fault, loc: ["body", ...fault.loc] })),
  ];
  if (!parsed.success || faults.length > 0) {
    throw new AppError("invalid_request", faults[0]?.msg ?? "The params are not valid.", { errors: faults });
  }
  const engine = typeof parsed.data.engine === "string" ? parsed.data.engine : kind.engines[0];
  if (engine === undefined || !kind.engines.includes(engine)) {
    const here = kind.engines.length > 0 ? ` Configured for this kind: ${kind.engines.join(", ")}.` : "";
    throw new AppError("engine_not_configured", `The engine '${engine ?? name}' is not configured here.${here}`);
  }
  return { kind, params: parsed.data, engine };
}

function slotFaults(kind: Kind, inputs: Submission["inputs"]): FieldError[] {
  const known = Object.keys(kind.slots).sort().join(", ");
  const missing = Object.entries(kind.slots)
    .filter(([slot, { required }]) => required && !Object.hasOwn(inputs, slot))
    .map(([slot]) => ({ loc: ["body", "inputs", slot], msg: `The input '${slot}' is needed.`, type: "missing" }));
  const unknown = Object.keys(inputs)
    .filter((slot) => !Object.hasOwn(kind.slots, slot))
    .map((slot) => ({
      loc: ["body", "inputs", slot],
      msg: `There is no input '${slot.slice(0, 60)}'. Choose from: ${known}`,
      type: "unrecognized_keys",
    }));
  return [...missing, ...unknown];
}

/** Tells where in the request the file was named, whatever is wrong with it. */
async function checkSource(
  deps: ApiDeps,
  owner: string,
  name: string,
  source: InputSource,
  slot: Slot,
): Promise<Checked> {
  try {
    if (!("upload" in source)) return await checkJobInput(deps, owner, source, slot);
    const file = await checkUpload(deps, owner, source.upload, slot);
    return { file, source: source.source ?? `upload:${source.upload}` };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const errors = [{ loc: ["body", "inputs", name], msg: error.message, type: error.code }];
    throw new AppError(error.code, error.message, { cause: error, errors });
  }
}

async function checkJobInput(
  deps: ApiDeps,
  owner: string,
  { job, input }: { job: string; input: string },
  slot: Slot,
): Promise<Checked> {
  const stored = isId(job) ? await deps.records.get(owner, job) : null;
  if (!stored) throw new AppError("not_found", "There is no job with this id to take an input from.");
  const file = inputOf(stored.record, input);
  if (hasExpired(stored.record, deps.clock.now()) || stored.record.state === "deleted") {
    throw new AppError("gone", "The files of this job are gone; upload the file again.");
  }
  if (!file) throw new AppError("not_found", `This job has no input '${input.slice(0, 60)}'.`);
  return { file: await checkFile(deps, file.key, slot), source: `job:${job}/${input}` };
}

function inputOf({ inputs }: JobRecord, slot: string): JobInput | undefined {
  return Object.hasOwn(inputs, slot) ? inputs[slot]?.[0] : undefined;
}

async function copyInputs(
  { files }: Pick<ApiDeps, "files">,
  owner: string,
  id: string,
  checked: Record<string, Checked>,
): Promise<Record<string, JobInput[]>> {
  const inputs: Record<string, JobInput[]> = {};
  for (const [slot, { file, source }] of Object.entries(checked)) {
    const key = inputKey(owner, id, slot);
    await files.copy(file.key, key, file.etag).catch((error: unknown) => {
      // an earlier request with the same id got this far: it had the same body, so it copied the same content
      if (!(error instanceof AppError) || error.code !== "already_exists") throw error;
    });
    inputs[slot] = [{ key, type: file.type, bytes: file.bytes, source }];
  }
  return inputs;
}
