/** Jobs and results as the clients of this dialect see them. */
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { toThousandths } from "@smileloop/core/rounding.ts";
import { hasExpired } from "../../job-lookup.ts";
import { whyFailed } from "../job-end.ts";
import { videoName } from "./files.ts";

type Status = "pending" | "processing" | "completed" | "failed";

/** `progress`: percent, with one decimal. */
export function jobReply(record: JobRecord, nowMs: number): object {
  const status = statusOf(record, nowMs);
  const percent = Math.round((record.progress?.percent ?? 0) * 10) / 10;
  return {
    job_id: record.id,
    status,
    progress: status === "completed" ? 100 : percent,
    result: status === "completed" ? resultOf(record) : status === "failed" ? failure(whyFailed(record, nowMs)) : null,
  };
}

/** A job that is tried again is still processing. What has expired has failed for those who come now. */
function statusOf(record: JobRecord, nowMs: number): Status {
  const { state, attempt } = record;
  if (state === "queued") return attempt === 0 ? "pending" : "processing";
  if (state === "running" || state === "waiting" || state === "canceling") return "processing";
  return state === "succeeded" && !hasExpired(record, nowMs) ? "completed" : "failed";
}

export function resultOf(record: JobRecord): object {
  const { duration = 0, frames = 0 } = record.outputs.video ?? {};
  const name = videoName(record);
  return {
    success: true,
    video_url: `/download/${name}`,
    video_filename: name,
    duration: toThousandths(duration),
    frames_generated: frames,
    error_message: null,
  };
}

function failure(message: string): object {
  const nothing = { video_url: null, video_filename: null, duration: null, frames_generated: null };
  return { success: false, ...nothing, error_message: message };
}
