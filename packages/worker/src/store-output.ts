/** Stores what a job has made, from a finished file or as it comes. What the record says of it comes from the check, and from hashing it here. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { Files } from "@smileloop/core/files.ts";
import { outputKey } from "@smileloop/core/job/keys.ts";
import { PAID } from "@smileloop/core/job/may-read.ts";
import type { JobOutput, JobRecord } from "@smileloop/core/job/record.ts";
import type { Watermark } from "@smileloop/core/marking/mark.ts";
import { endingOf } from "@smileloop/core/media/types.ts";
import { toThousandths } from "@smileloop/core/rounding.ts";
import { type Marking, pictureMarkOf } from "./marking/marker.ts";
import { isSignable, type Signed } from "./signing/signer.ts";

const PUT_TRIES = 3;
/** It becomes the name of a file in the job's folder. */
const OUTPUT_NAME = /^[a-z][a-z0-9_-]{0,39}$/;

/** Facts about an output; `bytes` is set by the check, and another length then means that the file was changed. */
export type OutputFacts = Partial<Omit<JobOutput, "key" | "attempt" | "type" | "sha256">> & { type: string };

/** Signs a finished file of this job; null where its type has no place for a signature. Throws `signing_failed`. */
export type SignFile = (file: { path: string; type: string; watermark: Watermark | null }) => Promise<Signed | null>;

/** `marking`: how the job's pictures are marked; null for a job that makes none. */
type NewOutput = {
  name: string;
  path: string;
  facts: OutputFacts;
  marking: Marking | null;
  sign: SignFile;
  signal: AbortSignal;
};

/**
 * Throws `check_unreadable` where the file was changed after the check, `marking_failed`, `signing_failed`, and what the storage throws: no
 * file leaves unmarked or unsigned.
 */
export async function storeOutput(
  files: Files,
  record: JobRecord,
  { name, path, facts: given, marking, sign, signal }: NewOutput,
): Promise<JobOutput> {
  const facts = markedFacts(given, marking);
  const key = keyOf(record, name, facts.type);
  const found = await lstat(path);
  if (!found.isFile()) throw new AppError("engine_failed", "The result is not a regular file.");
  if (facts.bytes !== undefined && facts.bytes !== found.size) {
    throw new AppError("check_unreadable", "The result was changed after it was checked.");
  }
  const { type, mark } = facts;
  const signed = await sign({ path, type, watermark: mark?.watermark ?? null });
  const finished = signed?.path ?? path;
  try {
    const sum = { bytes: signed?.bytes ?? found.size, sha256: await sha256Of(finished, signal) };
    const put = () => files.put(key, createReadStream(finished), { type, ...sum, signal });
    // only this attempt writes under this key, so what is there is what a try before has stored
    return outputOf(record, key, signedFacts(facts, signed), await tried(put, async () => sum));
  } finally {
    if (signed) await rm(signed.path, { force: true });
  }
}

function markedFacts(facts: OutputFacts, marking: Marking | null): OutputFacts {
  return { ...facts, mark: { ...facts.mark, ...pictureMarkOf(marking, facts.type) } };
}

function signedFacts(facts: OutputFacts, signed: Pick<Signed, "c2pa"> | null): OutputFacts {
  const c2pa = signed ? { c2pa: signed.c2pa } : ({ c2pa: null, unsigned: "type" } as const);
  return { ...facts, mark: { ...facts.mark, ...c2pa } };
}

/** An output that is made while it is stored: nothing of it lies on a disk here, nor in memory as a whole. */
export type StreamedOutput = {
  name: string;
  /** The same bytes from the start, at each call: after a failure it is stored again. */
  body: () => AsyncIterable<Uint8Array>;
  /** `bytes`: where it is known before; another length is `invalid_request`. */
  facts: OutputFacts;
  signal: AbortSignal;
};

/** Throws what the body and the storage throw; nothing of it can be seen then. */
export async function storeStream(
  files: Files,
  record: JobRecord,
  { name, body, facts: given, marking, signal }: StreamedOutput & { marking: Marking | null },
): Promise<JobOutput> {
  const facts = markedFacts(given, marking);
  const key = keyOf(record, name, facts.type);
  const { type, bytes } = facts;
  if (isSignable(type))
    throw new Error(`A file of type ${type} is signed as a whole; it cannot be stored as it comes.`);
  const put = () => files.put(key, body(), { type, bytes, signal });
  const there = async () => {
    const found = await files.get(key, { signal });
    return { bytes: found.bytes, sha256: await hashed(found.body, signal) };
  };
  return outputOf(record, key, signedFacts(facts, null), await tried(put, there));
}

type Sum = Pick<JobOutput, "bytes" | "sha256">;

/** `there`: what is stored, where a try was told that a try before has stored it. */
async function tried(put: () => Promise<Sum>, there: () => Promise<Sum>): Promise<Sum> {
  for (let tries = 1; ; tries++) {
    try {
      return await put();
    } catch (error) {
      if (tries > 1 && hasCode(error, "already_exists")) return there();
      if (tries === PUT_TRIES || !hasCode(error, "storage_unavailable")) throw error;
    }
  }
}

function keyOf({ owner, id, attempt }: JobRecord, name: string, type: string): string {
  if (!OUTPUT_NAME.test(name)) throw new Error(`An output cannot be called '${name}'.`);
  return outputKey(owner, id, attempt, `${name}.${endingOf(type)}`);
}

function outputOf(record: JobRecord, key: string, facts: OutputFacts, { bytes, sha256 }: Sum): JobOutput {
  // where the job is for sale, whatever does not say that it is open has to be paid
  const access = record.charge ? { access: facts.access ?? PAID } : {};
  return { ...facts, ...rounded(facts), ...access, key, attempt: record.attempt, bytes, sha256 } as JobOutput;
}

function rounded({ fps, duration }: OutputFacts): Pick<OutputFacts, "fps" | "duration"> {
  return {
    ...(fps === undefined ? {} : { fps: toThousandths(fps) }),
    ...(duration === undefined ? {} : { duration: toThousandths(duration) }),
  };
}

/** Lower-case hex. */
export async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  return hashed(createReadStream(path), signal);
}

async function hashed(body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(body, hash, { signal });
  return hash.digest("hex");
}
