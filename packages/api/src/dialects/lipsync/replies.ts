/** Jobs as the clients of this dialect see them. */
import { createHash } from "node:crypto";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { endingOf } from "@smileloop/core/media/types.ts";
import type { ApiDeps } from "../../deps.ts";
import { absoluteLink, linkOrigin } from "../../http/origin.ts";
import { hasExpired } from "../../job-lookup.ts";
import { outputFileName, outputLink } from "../../view.ts";
import { audioPath } from "../audio-path.ts";
import { whyFailed } from "../job-end.ts";
import { FILE_NAME } from "./request.ts";

type Status = "PENDING" | "PROCESSING" | "COMPLETED" | "FAILED";
export type StatusReply = {
  job_id: string;
  status: Status;
  output_url: string | null;
  progress: number;
  created_at: number;
  completed_at: number | null;
  error_message: string | null;
};

const OUTPUT = "video";

/** A job that is tried again is still in progress. What has expired has failed for those who come now. */
function statusOf(record: JobRecord, nowMs: number): Status {
  const { state, attempt } = record;
  if (state === "queued") return attempt === 0 ? "PENDING" : "PROCESSING";
  if (state === "running" || state === "waiting" || state === "canceling") return "PROCESSING";
  return state === "succeeded" && !hasExpired(record, nowMs) ? "COMPLETED" : "FAILED";
}

/** `output_url` is a link that needs no token, as Sync.so's is; asked again, it is a new one. */
export async function statusReply(deps: ApiDeps, request: Request, record: JobRecord): Promise<StatusReply> {
  const now = deps.clock.now();
  const status = statusOf(record, now);
  return {
    job_id: record.id,
    status,
    output_url: status === "COMPLETED" ? await linkOf(deps, request, record) : null,
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

async function linkOf(deps: ApiDeps, request: Request, record: JobRecord): Promise<string> {
  const ending = endingOf(record.outputs[OUTPUT]?.type ?? "video/mp4");
  const { output_filename: name } = record.metadata;
  // jobs that came in another way may have any text there
  const fileName = FILE_NAME.test(name ?? "") ? `${name}.${ending}` : outputFileName(record, OUTPUT);
  const link = await outputLink(deps, record, OUTPUT, { method: "GET", now: deps.clock.now(), fileName });
  return absoluteLink(linkOrigin(deps.config, request), link);
}

/** As the client gave it, without its query; for jobs that came in another way, what their record says. Null without any. */
function urlOf({ metadata, inputs, fetches = [] }: JobRecord, slot: "video" | "audio"): string | null {
  const given = metadata[`${slot}_url`];
  if (given !== undefined) return given;
  const source = inputs[slot]?.[0]?.source ?? fetches.find((each) => each.slot === slot)?.source;
  const [, url] = /^url:(.*)$/.exec(source ?? "") ?? [];
  if (url !== undefined) return url;
  const [, job, output] = /^job:([0-9a-f]{32})\/(.*)$/.exec(source ?? "") ?? [];
  if (job === undefined) return null;
  return output === "audio" ? audioPath({ id: job }) : `/v1/jobs/${job}/outputs/${output}`;
}

/** The original counted its users; clients take a number that is always the same for the same user. */
function numberOf(owner: string): number {
  return createHash("sha256").update(owner).digest().readUInt32BE() >>> 1;
}
