/** Jobs as the clients of this dialect see them. */
import { createHash } from "node:crypto";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { ApiDeps } from "../../deps.ts";
import { whyFailed } from "../job-end.ts";
import { type LipsyncStatus, statusOf, urlOf, videoLink } from "../lipsync-jobs.ts";
import { FILE_NAME } from "./request.ts";

export type StatusReply = {
  job_id: string;
  status: LipsyncStatus;
  output_url: string | null;
  progress: number;
  created_at: number;
  completed_at: number | null;
  error_message: string | null;
};

/** `output_url` is a link that needs no token, as Sync.so's is; asked again, it is a new one. */
export async function statusReply(deps: ApiDeps, request: Request, record: JobRecord): Promise<StatusReply> {
  const now = deps.clock.now();
  const status = statusOf(record, now);
  return {
    job_id: record.id,
    status,
    output_url: status === "COMPLETED" ? await videoLink(deps, request, record, FILE_NAME) : null,
    progress: status === "COMPLETED" ? 100 : Math.round((record.progress?.percent ?? 0) * 10) / 10,
    created_at: seconds(record.created_at),
    completed_at: record.ended_at === null ? null : seconds(record.ended_at),
    error_message: status === "FAILED" ? whyFailed(record, now) : null,
  };
}

export async function listedReply(deps: ApiDeps, request: Request, record: JobRecord): Promise<object> {
  const { job_id, status, output_url, completed_at, error_message } = await statusReply(deps, request, record);
  return {
    ...{ job_id, status },
    video_url: urlOf(record, "video"),
    audio_url: urlOf(record, "audio"),
    model: record.metadata.model ?? "lipsync-2",
    sync_mode: record.params.sync_mode ?? "cut_off",
    ...{ output_url, error_message },
    submitted_at: seconds(record.created_at),
    completed_at,
    user_id: numberOf(record.owner),
  };
}

export function debugReply(status: StatusReply): object {
  const types = Object.entries(status).map(([name, value]) => [name, `<class '${pythonType(value)}'>`]);
  return {
    message: "Raw status data for debugging",
    job_id: status.job_id,
    raw_result: status,
    data_types: Object.fromEntries(types),
  };
}

/** The times and the progress are floats, as the original had them. */
function pythonType(value: string | number | null): string {
  return value === null ? "NoneType" : typeof value === "number" ? "float" : "str";
}

export function seconds(ms: number): number {
  return ms / 1000;
}

/** The original counted its users; clients take a number that is always the same for the same user. */
function numberOf(owner: string): number {
  return createHash("sha256").update(owner).digest().readUInt32BE() >>> 1;
}
