/** Uploads a finished file of a job. What the record says of it comes from the check, and from hashing it here. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { Files } from "@smileloop/core/files.ts";
import { outputKey } from "@smileloop/core/job/keys.ts";
import type { JobOutput, JobRecord } from "@smileloop/core/job/record.ts";
import { endingOf } from "@smileloop/core/media/types.ts";
import { toThousandths } from "@smileloop/core/rounding.ts";

const PUT_TRIES = 3;
/** It becomes the name of a file in the job's folder. */
const OUTPUT_NAME = /^[a-z][a-z0-9_-]{0,39}$/;

/** Facts about an output; `bytes` is set by the check, and another length then means that the file was changed. */
export type OutputFacts = Partial<Omit<JobOutput, "key" | "attempt" | "type" | "sha256">> & { type: string };

type NewOutput = { name: string; path: string; facts: OutputFacts; signal: AbortSignal };

/** Throws `check_unreadable` where the file was changed after the check, and what the storage throws. */
export async function storeOutput(
  files: Files,
  record: JobRecord,
  { name, path, facts, signal }: NewOutput,
): Promise<JobOutput> {
  if (!OUTPUT_NAME.test(name)) throw new Error(`An output cannot be called '${name}'.`);
  const found = await lstat(path);
  if (!found.isFile()) throw new AppError("engine_failed", "The result is not a regular file.");
  const bytes = found.size;
  if (facts.bytes !== undefined && facts.bytes !== bytes) {
    throw new AppError("check_unreadable", "The result was changed after it was checked.");
  }
  const key = outputKey(record.owner, record.id, record.attempt, `${name}.${endingOf(facts.type)}`);
  const sha256 = await sha256Of(path, signal);
  for (let tries = 1; ; tries++) {
    try {
      await files.put(key, createReadStream(path), { type: facts.type, bytes, sha256, signal });
      break;
    } catch (error) {
      // only this attempt writes under this key, so what is there is what the try before has stored
      if (tries > 1 && hasCode(error, "already_exists")) break;
      if (tries === PUT_TRIES || !hasCode(error, "storage_unavailable")) throw error;
    }
  }
  return { ...facts, ...rounded(facts), key, attempt: record.attempt, bytes, sha256 } as JobOutput;
}

function rounded({ fps, duration }: OutputFacts): Pick<OutputFacts, "fps" | "duration"> {
  return {
    ...(fps === undefined ? {} : { fps: toThousandths(fps) }),
    ...(duration === undefined ? {} : { duration: toThousandths(duration) }),
  };
}

/** Lower-case hex. */
export async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest("hex");
}
