/** Names of this dialect: where it is, what its jobs are called, and its files. A name that a client sends is never used as a path. */
import { resultTypeOf } from "@smileloop/core/faces/result-type.ts";
import { canonicalId } from "@smileloop/core/job/ids.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { endingOf } from "@smileloop/core/media/types.ts";

/** Everything is also served under it. */
export const PREFIX = "/facefusion";
/** Of the API that the dialect speaks. */
export const VERSION = "3.3.0";

/** `kind`: of its jobs. `output`: of theirs, which clients get. */
export const MEDIA = {
  image: { noun: "image", kind: "process_image", output: "image", scale: "output_image_scale" },
  video: { noun: "video", kind: "process_video", output: "video", scale: "output_video_scale" },
} as const;
export type Medium = (typeof MEDIA)[keyof typeof MEDIA];

/** The medium of a job; null for one of another kind. */
export function mediumOf({ kind }: Pick<JobRecord, "kind">): Medium | null {
  return Object.values(MEDIA).find((medium) => medium.kind === kind) ?? null;
}

/** `api_20250101_120000_<id>`: when the job was made (UTC), and its id. */
export function jobName({ id, created_at }: Pick<JobRecord, "id" | "created_at">): string {
  const [date, time] = new Date(created_at).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").split("T");
  return `api_${date}_${time}_${id}`;
}

/** The job's id as a UUID, and the ending of the result's type, which is known before there is one. */
export function outputName({ id, inputs }: Pick<JobRecord, "id" | "inputs">, medium: Medium): string {
  const type = medium === MEDIA.video ? "video/mp4" : resultTypeOf(inputs.target?.[0]?.type ?? "");
  return `${id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")}.${endingOf(type)}`;
}

/** The id in a name of a file; null where there is none. */
export function idOfName(name: string): string | null {
  const [, id] = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[a-z0-9]{2,5}$/.exec(name) ?? [];
  return id === undefined ? null : canonicalId(id);
}
