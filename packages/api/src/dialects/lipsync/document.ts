/** What the document says of the lip sync dialect. For readers only: the handlers check on their own. */
import { z } from "@hono/zod-openapi";
import type { Registry } from "../dialect.ts";
import { MODELS, SYNC_MODES } from "./lists.ts";
import { cleanupSchema, createSchema, fromTtsSchema, waitSchema } from "./request.ts";

export const TAG = "Lip sync";
export const ERROR_SCHEMA = "LipsyncError";
const BASE = "/api/v1/lipsync";
const ID = "019a3c5e8f2a7c41b6d09e5f3a2b1c4d";

const faultSchema = z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() });
const errorSchema = z
  .object({
    detail: z.union([z.string(), z.array(faultSchema)]),
    reason: z.string().optional().openapi({ description: "Of an invalid URL: what is wrong with which." }),
  })
  .openapi(ERROR_SCHEMA);
const apiKey = z.string().optional().openapi({
  description:
    "Of Sync.so. Where the operator has set that up, it does the work with this key, which is kept sealed until the job ends. Elsewhere, and where no job is created, it is ignored.",
  writeOnly: true,
});
const createdSchema = z
  .object({
    message: z.string(),
    job_id: z.string().openapi({ example: ID }),
    status: z.literal("PENDING"),
    video_url: z.string(),
    audio_url: z.string(),
    model: z.string(),
    sync_mode: z.string(),
    submitted_at: z.number().openapi({ description: "Seconds since 1970.", example: 1703123456.789 }),
    output_filename: z.string().optional(),
  })
  .openapi("LipsyncCreated");
const statusSchema = z
  .object({
    job_id: z.string().openapi({ example: ID }),
    status: z.enum(["PENDING", "PROCESSING", "COMPLETED", "FAILED"]),
    output_url: z
      .string()
      .nullable()
      .openapi({ description: "A link that needs no token; good for up to 15 minutes, and new each time." }),
    progress: z.number().openapi({ description: "Percent." }),
    created_at: z.number(),
    completed_at: z.number().nullable(),
    error_message: z.string().nullable(),
  })
  .openapi("LipsyncStatus");
const listedSchema = statusSchema
  .omit({ progress: true, created_at: true })
  .extend({
    video_url: z.string().nullable().openapi({ description: "Without its query." }),
    audio_url: z.string().nullable(),
    model: z.string(),
    sync_mode: z.string(),
    submitted_at: z.number(),
    user_id: z.int(),
  })
  .openapi("LipsyncListed");

const tags = [TAG];
const json = (description: string, schema: z.ZodType) => ({ description, content: { "application/json": { schema } } });
const refused = (description: string) => json(description, errorSchema);
const forms = (schema: z.ZodType) => ({
  required: true,
  content: { "application/json": { schema }, "application/x-www-form-urlencoded": { schema } },
});
const named = z.object({ job_id: z.string().openapi({ param: { name: "job_id", in: "path" }, example: ID }) });
const withKey = z.object({ api_key: apiKey });

export function describeLipsync(registry: Registry): void {
  const creations = [
    { path: "create", operationId: "createLipsync", schema: createSchema, summary: "Create a job" },
    {
      path: "create-from-tts",
      operationId: "createLipsyncFromTts",
      schema: fromTtsSchema,
      summary: "Create a job from synthesized speech",
    },
  ];
  for (const { path, operationId, schema, summary } of creations) {
    registry.registerPath({
      ...{ method: "post", path: `${BASE}/${path}`, operationId, tags, summary },
      description: "Fields may come as JSON, as a form, or in the query. The job fetches the two files itself.",
      request: { body: forms(schema.extend({ api_key: apiKey })) },
      responses: {
        200: json("It is on its way.", createdSchema),
        400: refused("An address that is not fetched, or a file of this server that is not there or does not fit."),
        422: refused("A field is missing or not valid; the list says which."),
        503: refused("No engine here makes such videos, or there is no capacity."),
      },
    });
  }
  describeJobs(registry);
  describeLists(registry);
}

function describeJobs(registry: Registry): void {
  const missing = { 404: refused("Unknown job.") };
  const statusReply = { 200: json("The job.", statusSchema), ...missing };
  registry.registerPath({
    ...{
      method: "get",
      path: `${BASE}/status/{job_id}`,
      operationId: "lipsyncStatus",
      tags,
      summary: "Get a job's status",
    },
    request: { params: named, query: withKey },
    responses: statusReply,
  });
  registry.registerPath({
    ...{
      method: "post",
      path: `${BASE}/wait/{job_id}`,
      operationId: "waitForLipsync",
      tags,
      summary: "Wait for a job",
    },
    description:
      "Answers when the job has ended, or when `timeout` or the time that the server lets requests wait is over.",
    request: { params: named, query: waitSchema.extend({ api_key: apiKey }) },
    responses: { ...statusReply, 422: refused("A time is not valid.") },
  });
  registry.registerPath({
    ...{ method: "get", path: `${BASE}/debug/status/{job_id}`, operationId: "debugLipsync", tags },
    summary: "Get a job's status with the types of its fields",
    request: { params: named, query: withKey },
    responses: {
      200: json(
        "The same status.",
        z.object({
          message: z.string(),
          job_id: z.string(),
          raw_result: statusSchema,
          data_types: z.record(z.string(), z.string()),
        }),
      ),
      ...missing,
    },
  });
}

function describeLists(registry: Registry): void {
  const count = z.int();
  const listOf = (name: string) =>
    z.object({ [name]: z.array(z.string()), total_count: count, descriptions: z.record(z.string(), z.string()) });
  const lists = [
    {
      path: "jobs/my",
      operationId: "myLipsyncs",
      summary: "List one's own jobs",
      schema: z.object({ jobs: z.array(listedSchema), total_count: count }),
    },
    {
      path: "models",
      operationId: "lipsyncModels",
      summary: "List the models",
      schema: listOf("models"),
      example: MODELS,
    },
    {
      path: "sync-modes",
      operationId: "lipsyncModes",
      summary: "List the sync modes",
      schema: listOf("sync_modes"),
      example: SYNC_MODES,
    },
  ];
  for (const { path, operationId, summary, schema, example } of lists) {
    const content = { "application/json": { schema, ...(example ? { example } : {}) } };
    const responses = { 200: { description: "All of them.", content } };
    registry.registerPath({ method: "get", path: `${BASE}/${path}`, operationId, tags, summary, responses });
  }
  registry.registerPath({
    ...{ method: "post", path: `${BASE}/cleanup`, operationId: "cleanUpLipsyncs", tags, summary: "Delete old jobs" },
    description: "The caller's own that have ended, with their files.",
    request: { query: cleanupSchema },
    responses: {
      200: json("Deleted.", z.object({ message: z.string(), cleaned_jobs: count })),
      422: refused("`hours_old` is not valid."),
    },
  });
}
