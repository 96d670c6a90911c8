/** The sounds of this dialect, by the paths that its replies give them. */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { ApiDeps } from "../../deps.ts";
import { findJob, hasExpired } from "../../job-lookup.ts";
import { AUDIO_OUTPUT, jobOfAudioPath } from "../audio-path.ts";

/** The kind of the jobs that this dialect makes and shows. */
export const KIND = "speak";

/** The job whose sound has this path. Throws `not_found`, also for what is gone. */
export async function findAudio(deps: ApiDeps, owner: string, path: string): Promise<JobRecord> {
  const missing = () => new AppError("not_found", "Audio not found");
  const id = jobOfAudioPath(path);
  if (id === null) throw missing();
  const record = await findJob(deps, owner, id).catch((error: unknown) => {
    throw hasCode(error, "not_found", "gone") ? missing() : error;
  });
  const isThere = record.kind === KIND && record.state === "succeeded" && !hasExpired(record, deps.clock.now());
  if (!isThere || record.outputs[AUDIO_OUTPUT]?.type !== "audio/wav") throw missing();
  return record;
}
