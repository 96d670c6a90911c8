/** The sounds of this dialect, by the paths that its replies give them. */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { isId } from "@smileloop/core/job/ids.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { ApiDeps } from "../../deps.ts";
import { findJob, hasExpired } from "../../job-lookup.ts";

/** The kind of the jobs that this dialect makes and shows. */
export const KIND = "speak";
export const OUTPUT = "audio";
export const AUDIO_PATH = "/static/audio/";
const FILE = "segment_000.wav";

export function audioPath({ id }: Pick<JobRecord, "id">): string {
  return `${AUDIO_PATH}${id}/${FILE}`;
}

/** The id of the job whose sound has this path; null for other paths. */
export function jobOfAudioPath(path: string): string | null {
  const [id = "", file, ...more] = path.startsWith(AUDIO_PATH) ? path.slice(AUDIO_PATH.length).split("/") : [];
  return isId(id) && file === FILE && more.length === 0 ? id : null;
}

/** The job whose sound has this path. Throws `not_found`, also for what is gone. */
export async function findAudio(deps: ApiDeps, owner: string, path: string): Promise<JobRecord> {
  const missing = () => new AppError("not_found", "Audio not found");
  const id = jobOfAudioPath(path);
  if (id === null) throw missing();
  const record = await findJob(deps, owner, id).catch((error: unknown) => {
    throw hasCode(error, "not_found", "gone") ? missing() : error;
  });
  const isThere = record.kind === KIND && record.state === "succeeded" && !hasExpired(record, deps.clock.now());
  if (!isThere || record.outputs[OUTPUT]?.type !== "audio/wav") throw missing();
  return record;
}
