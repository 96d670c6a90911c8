/** A job as clients see it. */
import { z } from "@hono/zod-openapi";
import { ERRORS, hasCode } from "@smileloop/core/errors.ts";
import { STAGE_NO_SPACE } from "@smileloop/core/job/change.ts";
import type { Charge } from "@smileloop/core/job/charge.ts";
import { isRefundable } from "@smileloop/core/job/charge-changes.ts";
import { chargeNotice } from "@smileloop/core/job/charge-notice.ts";
import { isStillToHandOut, OPEN, PAID, readableNames } from "@smileloop/core/job/may-read.ts";
import { isElsewhere, isEnded, type JobInput, type JobRecord } from "@smileloop/core/job/record.ts";
import type { JobWebhook } from "@smileloop/core/job/webhook.ts";
import { endingOf } from "@smileloop/core/media/types.ts";
import { toThousandths } from "@smileloop/core/rounding.ts";
import { type InputView, type JobView, jobViewSchema, outputFactsSchema } from "@smileloop/core/wire/job.ts";
import type { ApiDeps } from "./deps.ts";
import { openOutput } from "./http/open-output.ts";
import { absoluteLink } from "./http/origin.ts";
import { dispositionOf } from "./http/send-file.ts";
import { hasExpired } from "./job-lookup.ts";

/** Links to files live no longer than this, and never longer than the file. */
export const LINK_LIFE_MS = 15 * 60_000;
const PAID_LINK_LIFE_MS = 5 * 60_000;

export const jobSchema = z.object(jobViewSchema.shape).openapi("Job");

/** `origin`: what links start with. */
export async function viewJob(deps: ApiDeps, stored: JobRecord, origin: string): Promise<JobView> {
  // for clients it makes no difference where it runs
  const record: JobRecord = isElsewhere(stored) ? { ...stored, state: "running" } : stored;
  const now = deps.clock.now();
  const expired = hasExpired(record, now);
  deps.pace?.saw(stored);
  const position = record.state === "queued" ? await deps.queue.position(record) : null;
  const startsIn = position === null ? null : (deps.pace?.startsInSeconds(record.queue, position) ?? null);
  return {
    id: record.id,
    kind: record.kind,
    status: expired ? "expired" : (record.state as JobView["status"]),
    params: record.params,
    inputs: expired ? {} : viewInputs(deps, record),
    outputs: expired ? {} : await viewOutputs(deps, record, origin, now),
    progress: viewProgress(deps, record, { position, startsIn, now }),
    error: record.error ? { ...record.error, retryable: ERRORS[record.error.code].retryable } : null,
    warnings: record.warnings,
    engine: record.engine,
    attempt: record.attempt,
    metadata: record.metadata,
    created_at: rfc3339(record.created_at),
    started_at: record.started_at === null ? null : rfc3339(record.started_at),
    finished_at: record.ended_at === null ? null : rfc3339(record.ended_at),
    expires_at: record.expires_at === null ? null : rfc3339(record.expires_at),
    timings: viewTimings(record),
    ...(record.state === "queued"
      ? { queue: { position, starts_in_s: startsIn === null ? null : tenths(startsIn) } }
      : {}),
    ...(record.charge ? { charge: viewCharge(record, record.charge, now) } : {}),
    ...(record.webhook ? { webhook: viewWebhook(record.webhook) } : {}),
  };
}

function viewCharge(record: JobRecord, charge: Charge, now: number): JobView["charge"] {
  const { outputs } = record;
  const notice = chargeNotice(record, now);
  const sold = Object.entries(outputs).filter(([, { access }]) => access !== OPEN);
  const facts = sold.map(([name, output]) => {
    const { type, bytes } = output;
    return [name, { content_type: type, bytes, ...outputFactsSchema.parse(output) }] as const;
  });
  return {
    ...{ state: charge.state, amount: charge.quote.amount, currency: charge.quote.currency },
    ...{ price_version: charge.quote.version, outputs: Object.fromEntries(facts) },
    ...{ paid_life_s: charge.paid_life_ms / 1000, paid_at: charge.paid_at ? rfc3339(charge.paid_at) : null },
    supplied_at: charge.supplied_at === undefined ? null : rfc3339(charge.supplied_at),
    refundable: isRefundable(charge),
    ...(notice === null ? {} : { notice }),
  };
}

/** The query of its URL may be secret. */
function viewWebhook({ url, state, event, next_at, attempts }: JobWebhook): JobView["webhook"] {
  const { origin = "", pathname = "" } = URL.parse(url) ?? {};
  return {
    ...{ url: origin + pathname, state, event },
    next_at: next_at === null ? null : rfc3339(next_at),
    attempts: attempts.map((attempt) => ({ ...attempt, at: rfc3339(attempt.at) })),
  };
}

/**
 * The weak ETag of a job as it is shown. It stays while nothing changes but the estimate of the time left and what signed links look like,
 * and it changes at least every five minutes while there are links: so those in a reply that is still good live ten minutes more, or
 * until the files go.
 */
export function tagOf({ rev }: JobRecord, { status, progress, outputs }: JobView, now: number): string {
  const links = Object.keys(outputs).length > 0 ? Math.floor(now / (LINK_LIFE_MS / 3)).toString(36) : "";
  return `W/"${[rev, status, progress.queue_position ?? "", links].join("-")}"`;
}

export function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}

/** Whether the job has the same files: while it runs they become more, one by one, or go with the attempt that has made them. */
export function sameOutputs(a: JobRecord, b: JobRecord): boolean {
  const keysOf = ({ outputs }: JobRecord) => Object.values(outputs).map(({ key }) => key);
  return keysOf(a).join() === keysOf(b).join();
}

/** The file name that a client is offered. The first of several outputs is named like a single one. */
export function outputFileName(record: JobRecord, name: string): string {
  const suffix = name === Object.keys(record.outputs)[0] ? "" : `-${name}`;
  return `smileloop_${record.id.slice(0, 8)}${suffix}.${endingOf(record.outputs[name]?.type ?? "")}`;
}

/** A file by slot, or a list of files where the slot takes several. */
function viewInputs({ kinds }: Pick<ApiDeps, "kinds">, record: JobRecord): JobView["inputs"] {
  const view = ({ type, bytes, source }: JobInput): InputView => ({ content_type: type, bytes, source });
  const files = new Map(Object.entries(record.inputs).map(([slot, list]) => [slot, list.map(view)]));
  // in the order of their places, so that each finds the ones before it
  for (const { slot, nth, source } of record.fetches ?? []) {
    const list = files.get(slot) ?? [];
    files.set(slot, list.toSpliced(nth, 0, { content_type: null, bytes: null, source }));
  }
  const entries = [...files].flatMap(([slot, list]) => {
    const [first] = list;
    if (first === undefined) return [];
    const takesSeveral = list.length > 1 || (kinds.get(record.kind)?.slots[slot]?.files.max ?? 1) > 1;
    return [[slot, takesSeveral ? list : first] as const];
  });
  return Object.fromEntries(entries);
}

async function viewOutputs(deps: ApiDeps, record: JobRecord, origin: string, now: number): Promise<JobView["outputs"]> {
  const outputs: JobView["outputs"] = {};
  for (const name of readableNames(record, record.owner, now)) {
    const output = record.outputs[name]!;
    const { type, bytes, sha256 } = output;
    const url = isStillToHandOut(record, name)
      ? outputAddress(record, name)
      : await outputLink(deps, record, name, { method: "GET", now }).catch(ifClosed);
    if (url === null) continue;
    outputs[name] = {
      url: absoluteLink(origin, url),
      content_type: type,
      ...{ bytes, sha256 },
      // the record's other facts about a file are not for clients
      ...outputFactsSchema.parse(output),
    };
  }
  return outputs;
}

function outputAddress({ id }: JobRecord, name: string): string {
  return `/v1/jobs/${id}/outputs/${name}`;
}

/** A payment may be taken back while links are made. */
function ifClosed(error: unknown): null {
  if (hasCode(error, "payment_required")) return null;
  throw error;
}

type LinkOptions = { method: "GET" | "HEAD"; now: number; inline?: boolean; fileName?: string };

/**
 * A signed link to an output, for a browser to show: absolute, or a path of our own. Throws what `readableOutput` throws. A link to a paid
 * file outlives a refund, so it lives for less.
 */
export async function outputLink(
  deps: ApiDeps,
  record: JobRecord,
  name: string,
  { method, now, inline = true, fileName = outputFileName(record, name) }: LinkOptions,
): Promise<string> {
  const { key, type, access } = await openOutput(deps, record, name);
  const lifeMs = access === PAID ? PAID_LINK_LIFE_MS : LINK_LIFE_MS;
  // those of a running job go with its attempt
  const expiresAtMs = Math.min(now + lifeMs, record.expires_at ?? Number.POSITIVE_INFINITY);
  return deps.files.link(key, {
    method,
    expiresAtMs,
    type,
    disposition: dispositionOf(fileName, inline),
  });
}

/** `startsIn`: seconds until it begins, where that is known. */
type Waiting = { position: number | null; startsIn: number | null; now: number };

function viewProgress({ pace }: ApiDeps, record: JobRecord, waiting: Waiting): JobView["progress"] {
  const shown = record.progress ?? { stage: record.state, done: 0, total: 1, percent: 0 };
  const waits = record.state === "queued" && shown.stage !== STAGE_NO_SPACE;
  const stage = isEnded(record.state) || waits ? record.state : shown.stage;
  // how long such jobs have taken here, and else what the kind expects
  const seconds = pace?.secondsOf(record) ?? record.estimate_s;
  const eta_seconds = etaSeconds(record, { percent: shown.percent, seconds, waiting });
  return { ...shown, stage, eta_seconds, queue_position: waiting.position };
}

type Expected = { percent: number; seconds: number; waiting: Waiting };

/** A guess: by what was done so far once enough was, else by what is expected; null where there is nothing to expect. */
function etaSeconds(record: JobRecord, { percent, seconds, waiting }: Expected): number | null {
  const { position, startsIn, now } = waiting;
  if (record.state === "succeeded") return 0;
  if (record.state === "queued")
    return tenths(startsIn === null ? seconds * ((position ?? 0) + 1) : startsIn + seconds);
  if (record.started_at === null) return null;
  const spent = (now - record.started_at) / 1000;
  if (record.state === "waiting") return tenths(childrenSeconds(record, spent));
  if (record.state !== "running") return null;
  // the percentage never goes back: of a further attempt it may be that of an earlier one
  const isMeasured = percent >= 5 && record.attempt === 1;
  return tenths(isMeasured ? (spent * (100 - percent)) / percent : Math.max(0, seconds - spent));
}

/** By the pace at which children have ended since they were created; where none has, by what the kind expects. */
function childrenSeconds({ progress, estimate_s }: JobRecord, spent: number): number {
  const { done, total } = progress ?? { done: 0, total: 0 };
  return done > 0 ? (spent * (total - done)) / done : Math.max(0, estimate_s - spent);
}

function viewTimings({ timings, started_at, queued_at }: JobRecord): Record<string, number> {
  const queued = started_at === null ? {} : { queued: Math.max(0, started_at - queued_at) };
  return Object.fromEntries(
    Object.entries({ ...queued, ...timings }).map(([stage, ms]) => [stage, toThousandths(ms / 1000)]),
  );
}

function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
