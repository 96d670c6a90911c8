/** A job as clients see it, in JSON. Times are RFC 3339 in UTC, sizes bytes, durations seconds. */
import { z } from "zod";
import { errorCodeSchema, warningSchema } from "../errors.ts";
import { chargeSchema } from "../job/charge.ts";
import { STATES } from "../job/record.ts";
import { webhookViewSchema } from "./webhook.ts";

const time = z.iso.datetime();

/** A deleted job is never shown: its id answers 410. */
export const jobStatusSchema = z.enum(STATES).exclude(["deleted"]);
export type JobStatus = z.infer<typeof jobStatusSchema>;

const inputViewSchema = z.object({
  content_type: z.string().nullable().describe("Null until the job has fetched it from its URL."),
  bytes: z.int().nullable(),
  source: z.string().describe("`upload:<id>`, `job:<id>/<slot>`, `form`, or `url:` and the URL without its query."),
});
export type InputView = z.infer<typeof inputViewSchema>;

/** The record's own has more (`marking/mark.ts`). */
const markViewSchema = z
  .object({
    watermark: z
      .object({ key: z.string(), payload: z.int() })
      .nullable()
      .optional()
      .describe(
        "Its invisible mark: the key it was made with, and the number it carries. Absent for outputs without pictures.",
      ),
    unmarked: z
      .enum(["not_synthetic", "copied"])
      .optional()
      .describe("Why it has none: no machine has made anything in the picture, or it is the given one as it was."),
    label: z.boolean().optional().describe('Whether the picture has a sign that says "AI".'),
    c2pa: z
      .object({ instance: z.string(), leaf: z.string() })
      .nullable()
      .optional()
      .describe("Its signature: the label of its manifest, and the SHA-256 of the signer's certificate."),
    unsigned: z.literal("type").optional().describe("Why it has none: files of this type have no place for one."),
  })
  .describe("How the file is marked as made by a machine.");

/** Facts that depend on the medium, named as in the job's record; all are optional. */
export const outputFactsSchema = z.object({
  width: z.int().optional(),
  height: z.int().optional(),
  frames: z.int().optional(),
  fps: z.number().optional(),
  duration: z.number().optional().describe("Seconds."),
  audio: z
    .object({ codec: z.string(), channels: z.int(), sample_rate: z.int().describe("Hz.") })
    .optional()
    .describe("The sound of a recording or a video; absent when it has none."),
  access: z.string().optional().describe("`open`: the file can be fetched as it is; `paid`: only after a payment."),
  mark: markViewSchema.optional(),
});

export const outputViewSchema = z.object({
  url: z
    .url()
    .describe(
      "A signed link, for at most 15 minutes; ask for the job again to get a new one. The address to keep is `/v1/jobs/{id}/outputs/{name}`; of a paid file that was not handed out yet it is this one, which needs the caller's key or token: see `POST /v1/jobs/{id}/delivery`.",
    ),
  content_type: z.string(),
  bytes: z.int(),
  sha256: z.string().describe("Hash of the file, 64 hex digits."),
  ...outputFactsSchema.shape,
});
export type OutputView = z.infer<typeof outputViewSchema>;

export const chargeViewSchema = z.object({
  state: chargeSchema.shape.state.describe("Only `paid` opens the clean files."),
  amount: z.int().describe("Full price in the currency's smallest unit, tax included."),
  currency: z.string().describe("ISO 4217, lower case."),
  price_version: z.string(),
  outputs: z
    .record(z.string(), z.object({ content_type: z.string(), bytes: z.int(), ...outputFactsSchema.shape }))
    .describe("What is sold, by name. Once it is paid, the same names are in `outputs`."),
  paid_life_s: z.number().describe("How long the result lives once it is paid, seconds."),
  paid_at: time.nullable(),
  supplied_at: time.nullable().describe("When the clean file was first handed out."),
  refundable: z.boolean().describe("Whether a withdrawal gives the money back: until the clean file is handed out."),
  notice: z.string().optional().describe("What went wrong with the last payment page, and what to do."),
});
export type ChargeView = z.infer<typeof chargeViewSchema>;

const progressViewSchema = z.object({
  stage: z.string(),
  done: z.number(),
  total: z.number(),
  percent: z.number().min(0).max(100).describe("Never decreases."),
  eta_seconds: z.number().nullable(),
  queue_position: z.int().nullable().describe("Number of jobs ahead of this one while it is queued."),
});
export type ProgressView = z.infer<typeof progressViewSchema>;

export const jobViewSchema = z.object({
  id: z.string(),
  kind: z.string(),
  status: jobStatusSchema,
  params: z.record(z.string(), z.unknown()),
  inputs: z
    .record(z.string(), z.union([inputViewSchema, z.array(inputViewSchema)]))
    .describe("By slot: a file, or a list where the slot takes several."),
  outputs: z.record(z.string(), outputViewSchema),
  progress: progressViewSchema,
  error: z
    .object({
      code: errorCodeSchema,
      detail: z.string(),
      retryable: z.boolean(),
      input: z.string().optional().describe("The input that is at fault, where one is."),
    })
    .nullable(),
  warnings: z.array(z.object(warningSchema.shape)),
  engine: z
    .object({ name: z.string(), version: z.string().nullable() })
    .nullable()
    .describe("Null for jobs that only start other jobs."),
  attempt: z.int().describe("How many times it was started."),
  metadata: z.record(z.string(), z.string()),
  created_at: time,
  started_at: time.nullable(),
  finished_at: time.nullable(),
  expires_at: time
    .nullable()
    .describe(
      "When the job's files are deleted: an hour after it ended, or sooner where the server keeps results for less.",
    ),
  timings: z
    .record(z.string(), z.number())
    .describe("Seconds by stage: queued, download, detect, render, encode, check, upload."),
  queue: z
    .object({
      position: z.int().nullable().describe("Number of jobs ahead of this one; null where the queue cannot tell."),
      starts_in_s: z
        .number()
        .nullable()
        .describe("Seconds until it begins, by the jobs that were made here lately; null until that is known."),
    })
    .optional()
    .describe("Only while it is queued."),
  charge: chargeViewSchema.optional().describe("Absent for a job that is free."),
  webhook: webhookViewSchema.optional().describe("Absent for a job without one."),
});
export type JobView = z.infer<typeof jobViewSchema>;

export const jobPageSchema = z.object({ jobs: z.array(jobViewSchema), next_cursor: z.string().nullable() });
export type JobPage = z.infer<typeof jobPageSchema>;
