/** Jobs, results and errors as the clients of this dialect see them. */
import { type AppError, ERRORS, type FieldError } from "@smileloop/core/errors.ts";
import type { JobError, JobRecord } from "@smileloop/core/job/record.ts";
import { resultLifeMs } from "@smileloop/core/job/record.ts";
import { toThousandths } from "@smileloop/core/rounding.ts";
import { spanOf } from "@smileloop/core/text.ts";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ApiDeps } from "../../deps.ts";
import { FileTooLarge } from "../../http/multipart.ts";
import { hasExpired } from "../../job-lookup.ts";
import { type ApiContext, logError, publicError } from "../../problem.ts";
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

function whyFailed(record: JobRecord, nowMs: number): string {
  const { state, error } = record;
  if (error) return reasonOf(error);
  if (hasExpired(record, nowMs)) return `Results are kept for ${spanOf(resultLifeMs(record))} and this one is gone.`;
  return state === "canceled" ? "The job was canceled." : "The job failed.";
}

/** What clients are told of a failed job; of our own faults only which they are. */
export function reasonOf({ code, detail }: JobError): string {
  const { status, title } = ERRORS[code];
  return status < 500 ? detail : `${title}.`;
}

/** `{"detail": …}`: a sentence, or for 422 a list of what is wrong. */
export function refusal(deps: ApiDeps, c: ApiContext, error: unknown): Response {
  logError(deps.log, error, c.env.requestId);
  const known = publicError(error);
  const status = known.status as ContentfulStatusCode;
  if (known.retryAfterSeconds !== undefined) c.header("Retry-After", String(known.retryAfterSeconds));
  if (known.code === "internal") {
    return c.json({ detail: "Internal server error occurred", request_id: c.env.requestId }, status);
  }
  return c.json({ detail: status === 422 ? faultsOf(known) : sentenceOf(known) }, status);
}

function faultsOf({ errors, message, code }: AppError): FieldError[] {
  return errors ?? [{ loc: ["body"], msg: message, type: code }];
}

function sentenceOf(error: AppError): string {
  if (!(error instanceof FileTooLarge)) return error.message;
  return error.bytes === null ? error.message : `${error.message.replace(/\.$/, "")}: it has ${error.bytes} bytes.`;
}
