/** From what a client asked for to a job: whatever its headers can tell is checked before a job exists. */

import { isAnonymous } from "@smileloop/core/api-keys.ts";
import { type Attestation, attestationOf, isAttestable } from "@smileloop/core/consent.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { checkedTarget, sourceOfUrl } from "@smileloop/core/fetch/target.ts";
import type { Charge } from "@smileloop/core/job/charge.ts";
import { isId } from "@smileloop/core/job/ids.ts";
import type { JobInput, JobRecord } from "@smileloop/core/job/record.ts";
import { checkContents } from "@smileloop/core/jobs/check-contents.ts";
import {
  checkFile,
  copyInputs,
  factsOf,
  fetchesOf,
  type Given,
  type ToFetch,
} from "@smileloop/core/jobs/check-file.ts";
import { type Created, createJob } from "@smileloop/core/jobs/jobs.ts";
import { checkSubmission, type Submission, workOf } from "@smileloop/core/jobs/submission.ts";
import type { Slot } from "@smileloop/core/kinds/inputs.ts";
import type { Kind } from "@smileloop/core/kinds/kind.ts";
import { sealerOf } from "@smileloop/core/seals.ts";
import { shown } from "@smileloop/core/text.ts";
import type { ApiDeps, RouteDeps } from "./deps.ts";
import { checkReadable } from "./http/open-output.ts";
import { checkUpload } from "./intake/check.ts";
import { ownFile } from "./intake/own-url.ts";
import { hasExpired } from "./job-lookup.ts";
import { checkedWebhook, type WebhookAsked } from "./webhooks.ts";

/**
 * `source`: how the record names it for people, when it was no upload of the client's own (`form`). `base`: what links of this server
 * start with for the client. `nth`: which of a slot's files; the first where it is absent.
 */
export type InputSource =
  | { upload: string; source?: string }
  | { job: string; input: string; nth?: number }
  | { url: string; base: string };

type SubmitDeps = ApiDeps & Pick<RouteDeps, "isAttested">;

/** A client's request, unchecked. */
type JobAsked = {
  owner: string;
  kind: string;
  inputs: Record<string, InputSource[]>;
  params: Record<string, unknown>;
  metadata?: Record<string, string>;
  /** Chosen by the client. */
  id?: string;
  idempotency?: { keySha256: string; bodySha256: string };
  dialect?: string;
  webhook?: WebhookAsked | undefined;
};

/**
 * Creates the job, or finds the one that an earlier request with the same id or Idempotency-Key made. Throws what
 * `checkSubmission`, `checkUpload`, `checkContents`, `queueFor` and `createJob` throw, and `fetch_refused`; after a refusal nothing of the job is left,
 * and uploads stay as they are.
 */
export async function submit(deps: SubmitDeps, request: JobAsked): Promise<Created> {
  const { owner, metadata = {}, id, idempotency, dialect } = request;
  const submission = checkAsked(deps, request);
  const webhook = request.webhook && checkedWebhook(deps, request.webhook);
  const sealed = sealerOf(deps.seals, submission.secrets);
  const checked: Record<string, (Given | ToFetch)[]> = {};
  for (const [slot, sources] of Object.entries(request.inputs)) {
    checked[slot] = [];
    for (const [nth, source] of sources.entries()) {
      const at = sources.length > 1 ? [slot, nth] : [slot];
      const check = checkSource(deps, owner, source, submission.kind.slots[slot]!);
      const field = "url" in source ? ["url"] : [];
      const given = await naming(["body", "inputs", ...at, ...field], check);
      checked[slot].push(given);
      if ("file" in given) await checkContents(deps.files, { ...submission, slot }, given.file);
    }
  }
  const fetches = fetchesOf(checked);
  const work = workOf(submission, factsOf(checked));
  const queue = await deps.admission.queueFor({ owner, queue: work.queue, id });
  const consent = await consentOf(deps, owner, submission);
  const charge = chargeOf(deps, submission.kind, owner);
  const created = await createJob(deps, {
    owner,
    kind: submission.kind.name,
    queue,
    params: (jobId) => submission.kind.resolveParams(submission.params, jobId),
    sealed,
    metadata,
    engine: submission.engine,
    estimateSeconds: work.estimateSeconds,
    id,
    idempotency,
    storeInputs: async (jobId) => {
      const stored = await copyInputs(deps.files, { owner, id: jobId }, checked);
      // without this line there is no such job
      if (consent) await deps.audit?.write({ kind: "consent", details: { job: jobId, ...auditedConsent(consent) } });
      return stored;
    },
    ...(fetches === undefined ? {} : { fetches }),
    ...(dialect === undefined ? {} : { dialect }),
    ...(consent === undefined ? {} : { consent }),
    ...(charge === undefined ? {} : { charge }),
    ...(webhook === undefined ? {} : { webhook }),
  });
  if (!created.replayed) await deps.admission.arrived(created.record);
  return created;
}

/** What the job costs; undefined where it is free. Throws `payment_required` for a kind that is neither sold nor given away. */
function chargeOf({ payments }: SubmitDeps, { name, sale }: Kind, owner: string): Charge | undefined {
  if (sale === "free") return undefined;
  const charge = payments?.chargeFor(owner);
  if (charge && sale === "none") {
    throw new AppError(
      "payment_required",
      `Jobs of the kind ${name} have no preview, so they are not sold to you here.`,
    );
  }
  return charge;
}

/** What was said, and by whose hash; undefined where nothing was and nothing had to be. Throws what the storage throws. */
async function consentOf({ audit, clock }: ApiDeps, owner: string, { kind, params }: Submission) {
  if (!isAttestable(kind, params)) return undefined;
  return attestationOf(kind, params, { owner_hash: await audit?.ownerHash(owner), at: clock.now() });
}

function auditedConsent({ at: _, ...said }: Attestation) {
  return said;
}

/** Checks everything that does not need a file. Throws what `checkSubmission` throws. */
function checkAsked(deps: SubmitDeps, { owner, kind, inputs, params, dialect }: JobAsked): Submission {
  const counts = Object.fromEntries(Object.entries(inputs).map(([slot, sources]) => [slot, sources.length]));
  const attested = dialect !== undefined && deps.isAttested(dialect);
  const wantsConsent = deps.safeguards?.requireConsent === true;
  const labeled = isAnonymous(owner);
  return checkSubmission(deps.kinds, { kind, inputs: counts, params, attested, wantsConsent, labeled });
}

/**
 * The owner's file, checked against the slot's limits, or what the job has to fetch, whose address is checked as far as it tells.
 * Throws what `checkUpload` throws, and `fetch_refused`.
 */
export async function checkSource(
  deps: ApiDeps,
  owner: string,
  source: InputSource,
  slot: Slot,
): Promise<Given | ToFetch> {
  if ("url" in source) return checkUrl(deps, owner, source, slot);
  if ("job" in source) return checkJobInput(deps, owner, source, slot);
  const file = await checkUpload(deps, owner, source.upload, slot);
  return { file, source: source.source ?? `upload:${source.upload}` };
}

/** Tells where in the request the file was named that something is wrong with. */
export async function naming<T>(loc: (string | number)[], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AppError) || error.retryable) throw error;
    const errors = [{ loc, msg: error.message, type: error.code }];
    throw new AppError(error.code, error.message, { cause: error, errors });
  }
}

async function checkUrl(
  deps: ApiDeps,
  owner: string,
  { url: text, base }: { url: string; base: string },
  slot: Slot,
): Promise<Given | ToFetch> {
  const parsed = URL.parse(text);
  const plain = parsed !== null && parsed.username === "" && parsed.password === "";
  const own = plain ? await ownFile(deps, owner, parsed, base) : null;
  if (own) return { file: await checkFile(deps.files, own.key, slot), source: own.source };
  const url = checkedTarget(text, deps.config.fetch);
  return { url: url.href, source: sourceOfUrl(url) };
}

async function checkJobInput(
  deps: ApiDeps,
  owner: string,
  { job, input, nth = 0 }: { job: string; input: string; nth?: number },
  slot: Slot,
): Promise<Given> {
  const stored = isId(job) ? await deps.records.get(owner, job) : null;
  if (!stored) throw new AppError("not_found", "There is no job with this id to take an input from.");
  const file = inputOf(stored.record, input, nth);
  if (hasExpired(stored.record, deps.clock.now()) || stored.record.state === "deleted") {
    throw new AppError("gone", "The files of this job are gone; upload the file again.");
  }
  if (!file && stored.record.fetches?.some(({ slot }) => slot === input)) {
    throw new AppError("conflict", `The input ${shown(input)} of this job was not fetched; give its URL again.`);
  }
  if (!file) throw new AppError("not_found", `This job has no input ${shown(input)}.`);
  // it may be what another job has made
  await checkReadable(deps, file.key);
  return { file: await checkFile(deps.files, file.key, slot), source: `job:${job}/${input}` };
}

function inputOf({ inputs }: JobRecord, slot: string, nth: number): JobInput | undefined {
  return Object.hasOwn(inputs, slot) ? inputs[slot]?.[nth] : undefined;
}
