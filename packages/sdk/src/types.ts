/**
 * What a server sends and takes, in JSON. Written by hand so that the package needs nothing else; `test/sdk/types.test.ts` holds these
 * types equal to the schemas that the server checks. Times are RFC 3339 in UTC, sizes bytes, durations seconds.
 */

import type { Charge, Output } from "./output.ts";
import type { Webhook } from "./webhook.ts";

export type JobStatus =
  | "queued"
  | "running"
  | "canceling"
  | "waiting"
  | "succeeded"
  | "failed"
  | "canceled"
  | "expired";

export type Warning = { code: string; detail: string };

export type Progress = {
  stage: string;
  done: number;
  total: number;
  /** 0 to 100; never decreases. */
  percent: number;
  eta_seconds: number | null;
  /** Number of jobs ahead of this one while it is queued. */
  queue_position: number | null;
};

export type InputView = { content_type: string | null; bytes: number | null; source: string };

export type JobError = { code: ErrorCode; detail: string; retryable: boolean; input?: string | undefined };

export type Job = {
  id: string;
  kind: string;
  status: JobStatus;
  params: Record<string, unknown>;
  inputs: Record<string, InputView | InputView[]>;
  outputs: Record<string, Output>;
  progress: Progress;
  error: JobError | null;
  warnings: Warning[];
  engine: { name: string; version: string | null } | null;
  attempt: number;
  metadata: Record<string, string>;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  /** When the job's files are deleted. */
  expires_at: string | null;
  timings: Record<string, number>;
  /** Only while it is queued. Jobs ahead, and seconds until it begins; null where that is not known. */
  queue?: { position: number | null; starts_in_s: number | null } | undefined;
  /** Absent for a job that is free. */
  charge?: Charge | undefined;
  /** Absent for a job without one. */
  webhook?: Webhook | undefined;
};

export type JobPage = { jobs: Job[]; next_cursor: string | null };

export type UploadTarget = {
  id: string;
  method: "PUT" | "POST";
  url: string;
  headers: Record<string, string>;
  fields?: Record<string, string> | undefined;
  expires_at: string;
  max_bytes: number;
};

export type UploadRequest = {
  content_type: string;
  size: number;
  sha256?: string | undefined;
  filename?: string | undefined;
  form?: boolean | undefined;
};

export type Preset = {
  name: string;
  title: string;
  description: string;
  duration: number;
  fps: number;
  loop: boolean;
  channels: Record<string, number>;
  preview_url: string | null;
};

export type SlotView = {
  content_types: string[];
  max_bytes: number;
  max_pixels?: number | undefined;
  max_side?: number | undefined;
  max_seconds?: number | undefined;
  required: boolean;
  files?: { min: number; max: number } | undefined;
};

export type Kind = {
  name: string;
  title: string;
  inputs: Record<string, SlotView>;
  /** JSON Schema. */
  params: Record<string, unknown>;
  outputs: string[];
  engines: string[];
  capabilities: Record<string, string[]>;
};

export type Voice = {
  name: string;
  title: string;
  languages: string[];
  gender: "female" | "male" | null;
  source: "built_in" | "installed" | "operator";
  sample: string;
  available: boolean;
};

export type Face = {
  box: { x: number; y: number; width: number; height: number };
  eye_distance: number;
  confidence: number;
  angles: { pitch: number; yaw: number; roll: number };
  sharpness: number;
  glasses: "none_seen" | "clear" | "dark" | null;
  occlusion: { eyes: boolean; mouth: boolean; cut: boolean } | null;
  moves: boolean;
  warnings: Warning[];
};

export type Inspection = {
  type: string;
  bytes: number;
  width: number;
  height: number;
  orientation: number;
  faces: Face[];
  warnings: Warning[];
};

export type FieldError = { loc: (string | number)[]; msg: string; type: string };

export type Problem = {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  instance: string;
  request_id: string;
  retryable: boolean;
  errors?: FieldError[] | undefined;
};

/** The codes by which errors are told apart. */
export type ErrorCode =
  | "invalid_request"
  | "not_supported"
  | "idempotency_key_reused"
  | "malformed"
  | "empty_file"
  | "unauthorized"
  | "payment_required"
  | "payment_unavailable"
  | "forbidden"
  | "host_not_allowed"
  | "origin_not_allowed"
  | "bad_signature"
  | "link_expired"
  | "not_found"
  | "method_not_allowed"
  | "not_acceptable"
  | "conflict"
  | "not_ready"
  | "gone"
  | "length_required"
  | "already_exists"
  | "precondition_failed"
  | "too_large"
  | "input_too_large"
  | "unsupported_type"
  | "range_not_satisfiable"
  | "too_many_requests"
  | "fetch_refused"
  | "fetch_failed"
  | "fetch_unavailable"
  | "input_unreadable"
  | "no_face"
  | "face_too_small"
  | "face_not_there"
  | "face_turned_away"
  | "face_not_clear"
  | "faces_turned_apart"
  | "mouth_not_seen"
  | "no_speech"
  | "marker_not_found"
  | "words_too_long"
  | "words_not_verified"
  | "content_refused"
  | "service_failed"
  | "seal_broken"
  | "voice_unavailable"
  | "check_unreadable"
  | "check_wrong_shape"
  | "check_no_face"
  | "check_other_face"
  | "check_still"
  | "check_other_motion"
  | "check_changed_beside"
  | "check_other_words"
  | "check_out_of_sync"
  | "engine_not_configured"
  | "engine_failed"
  | "engine_crashed"
  | "engine_timeout"
  | "engine_out_of_memory"
  | "marking_failed"
  | "signing_failed"
  | "device_lost"
  | "worker_lost"
  | "deadline_passed"
  | "canceled"
  | "storage_unavailable"
  | "storage_full"
  | "no_capacity"
  | "unavailable"
  | "record_unreadable"
  | "internal";
