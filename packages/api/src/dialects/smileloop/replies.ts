/** Jobs as the clients of this dialect see them. */
import type { JobRecord } from "@smileloop/core/job/record.ts";

export function jobReply(record: JobRecord): object {
  const status = statusOf(record);
  const { created_at, queued_at, started_at, ended_at } = record;
  return {
    job_id: record.id,
    preset: presetOf(record),
    status,
    created: created_at / 1000,
    updated: Math.max(created_at, queued_at, started_at ?? 0, ended_at ?? 0) / 1000,
    ...(status === "done" ? { download_url: `/download/${record.id}` } : {}),
    ...(status === "failed" ? { error: errorOf(record) } : {}),
  };
}

export function statusOf({ state }: JobRecord): "queued" | "running" | "done" | "failed" {
  if (state === "succeeded") return "done";
  if (state === "queued") return "queued";
  return state === "running" || state === "canceling" || state === "waiting" ? "running" : "failed";
}

export function presetOf({ params }: JobRecord): unknown {
  return params.preset ?? null;
}

export function errorOf({ state, error }: JobRecord): string {
  return state === "canceled" ? "Job was canceled." : (error?.detail ?? "The job failed.");
}
