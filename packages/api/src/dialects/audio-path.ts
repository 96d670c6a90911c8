/** Paths of sounds that texts have become, as one dialect gives them and another takes them. */
import { isId } from "@smileloop/core/job/ids.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";

/** Of the job, in which the sound is. */
export const AUDIO_OUTPUT = "audio";
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
