/**
 * Inputs that a client has named by a URL become files of the job, before its work begins. Each is stored once, under its own key: an
 * attempt that finds it there does not fetch it again, and one that comes too late changes nothing. When all are there, and are what
 * their slots take, the record says so (`fetched` in `core/job/change.ts`), and the estimate is made again.
 */
import { AppError, blaming, hasCode } from "@smileloop/core/errors.ts";
import { type Change, MAX_MOVES } from "@smileloop/core/job/change.ts";
import { inputKey } from "@smileloop/core/job/keys.ts";
import type { JobFetch, JobRecord, Progress } from "@smileloop/core/job/record.ts";
import { checkContents } from "@smileloop/core/jobs/check-contents.ts";
import { type CheckedFile, checkFile } from "@smileloop/core/jobs/check-file.ts";
import type { JobStore } from "@smileloop/core/jobs/jobs.ts";
import { requireFitting } from "@smileloop/core/jobs/submission.ts";
import type { Slot } from "@smileloop/core/kinds/inputs.ts";
import type { Kind, Kinds, SlotFacts } from "@smileloop/core/kinds/kind.ts";
import { TooMuchWork } from "../job-io.ts";
import type { FetchFile } from "./fetch-file.ts";

type FetchDeps = Pick<JobStore, "files" | "clock"> & { kinds: Kinds; fetchFile: FetchFile };

type Claimed = {
  signal: AbortSignal;
  report: (progress: Progress) => void;
  /** Changes the record as its holder and answers it; throws when it is somebody else's by now, or is being canceled. */
  write: (change: Fetched) => Promise<JobRecord>;
};
export type Fetched = Omit<Change & { do: "fetched" }, "by" | "token">;

/** How long an attempt fetches, all files together: meanwhile no other job gets its place. */
const ALL_MS = 10 * 60_000;

/**
 * The record with all inputs; the same one where there is nothing to fetch. Throws what `FetchFile` and `checkFile` throw, with the
 * slot as `input`, `invalid_request` where the files do not fit the params or have faults inside, and `TooMuchWork` where the job is more work than was expected.
 */
export async function withInputs(deps: FetchDeps, record: JobRecord, claimed: Claimed): Promise<JobRecord> {
  const { fetches } = record;
  const kind = deps.kinds.get(record.kind);
  if (!fetches || !kind) return record;
  const untilMs = deps.clock.now() + ALL_MS;
  const inputs = new Map(Object.entries(record.inputs));
  const facts = await factsOfInputs(deps, kind, record);
  // what is wrong with them is said when the work begins
  const params = kind.params.safeParse(record.params);
  for (const [done, fetch] of fetches.entries()) {
    claimed.report({ stage: "fetch", done, total: fetches.length, percent: 0 });
    if (deps.clock.now() > untilMs) throw new AppError("fetch_unavailable", "Fetching all the inputs takes too long.");
    const file = await inputOf(deps, kind.slots[fetch.slot]!, record, fetch, claimed.signal);
    if (params.success) {
      await blaming(fetch.slot, checkContents(deps.files, { kind, params: params.data, slot: fetch.slot }, file));
    }
    const { key, type, bytes } = file;
    inputs.set(fetch.slot, placed(inputs.get(fetch.slot), fetch.nth, { key, type, bytes, source: fetch.source }));
    facts[fetch.slot] = placed(facts[fetch.slot], fetch.nth, file);
  }
  const estimateSeconds = estimateOf(kind, record, facts);
  const whole = await claimed.write({ do: "fetched", inputs: Object.fromEntries(inputs), estimateSeconds });
  const [before, now] = [record.estimate_s, estimateSeconds].map((s) => kind.queueOf(record.engine?.name ?? null, s));
  const moves = now !== undefined && now !== before && estimateSeconds > record.estimate_s;
  if (moves && (record.moves ?? 0) < MAX_MOVES) throw new TooMuchWork(now, estimateSeconds);
  return whole;
}

/** In the order of their places, so that each finds the ones before it. */
function placed<T>(list: T[] = [], nth: number, one: T): T[] {
  return list.toSpliced(nth, 0, one);
}

/** The file of an input: what an earlier attempt has stored, or what is fetched now. */
async function inputOf(
  deps: FetchDeps,
  slot: Slot,
  record: JobRecord,
  { slot: name, nth, url }: JobFetch,
  signal: AbortSignal,
): Promise<CheckedFile> {
  const { files, fetchFile } = deps;
  const key = inputKey(record.owner, record.id, name, nth);
  try {
    const there = await checkFile(files, key, slot).catch((error: unknown) => {
      if (!hasCode(error, "not_found")) throw error;
      return null;
    });
    if (there) return there;
    if (url === undefined) throw new AppError("internal", "The job's record does not say where to fetch from.");
    const options = { maxBytes: slot.maxBytes, signal };
    const store = (chunks: AsyncIterable<Uint8Array>) =>
      files.put(key, chunks, { type: "application/octet-stream", maxBytes: slot.maxBytes, signal });
    await fetchFile(url, options, store).catch((error: unknown) => {
      // stored meanwhile by an attempt that has lost its claim: that is the file, then
      if (!hasCode(error, "already_exists")) throw error;
    });
    return await checkFile(files, key, slot);
  } catch (error) {
    throw naming(name, error);
  }
}

const FETCH_CODES = ["fetch_refused", "fetch_failed", "fetch_unavailable", "too_large"] as const;

function naming(slot: string, error: unknown): unknown {
  if (!(error instanceof AppError) || hasCode(error, "storage_unavailable", "storage_full")) return error;
  const { code, message } = error;
  const sentence = hasCode(error, ...FETCH_CODES) ? `Input '${slot}': ${message}` : message;
  return new AppError(code, sentence, { cause: error, input: slot });
}

/** What the headers of the inputs say that are there already. */
async function factsOfInputs({ files }: FetchDeps, { slots }: Kind, { inputs }: JobRecord): Promise<SlotFacts> {
  const facts: SlotFacts = {};
  for (const [name, list] of Object.entries(inputs)) {
    facts[name] = [];
    for (const { key } of list) facts[name].push(await checkFile(files, key, slots[name]!));
  }
  return facts;
}

function estimateOf(kind: Kind, { params, estimate_s }: JobRecord, facts: SlotFacts): number {
  const parsed = kind.params.safeParse(params);
  // what is wrong with them is said when the work begins
  if (!parsed.success) return estimate_s;
  requireFitting(kind, parsed.data, facts);
  return kind.estimateSeconds(parsed.data, facts);
}
