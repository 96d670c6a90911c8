/** What the document says of the VidX dialect. For readers only: the handlers check on their own. */
import { z } from "@hono/zod-openapi";
import { warningSchema } from "@smileloop/core/errors.ts";
import type { Registry } from "../dialect.ts";
import { LABEL_HELP } from "../label.ts";
import { NAME_CACHE, PREFIX } from "./names.ts";
import { jobSchema } from "./request.ts";

export const TAG = "VidX";
export const ERROR_SCHEMA = "VidxError";
const ID = "019a3c5e8f2a7c41b6d09e5f3a2b1c4d";

const faultSchema = z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() });
const errorSchema = z
  .object({ detail: z.union([z.string(), z.array(faultSchema)]) })
  .openapi(ERROR_SCHEMA, { description: "What is wrong: a sentence, or with 422 a list of the faulty fields." });
const createdSchema = z
  .object({ job_id: z.string().openapi({ example: ID }), status: z.literal("queued") })
  .openapi("VidxCreated");
const count = z.int().min(0);
const statusSchema = z
  .object({
    job_id: z.string().openapi({ example: ID }),
    status: z.enum(["queued", "running", "done", "failed"]),
    created_at: z.number().openapi({ description: "Seconds since 1970.", example: 1739020000.123 }),
    updated_at: z.number().openapi({ example: 1739020030.456 }),
    error: z.string().nullable(),
    download_url: z
      .string()
      .optional()
      .openapi({ description: "When done.", example: `/jobs/${ID}/download` }),
    total: count.nullable().openapi({ description: "Recipients. Null until the list was read." }),
    succeeded: count,
    failed: count,
    running: count,
    failures: z
      .array(z.object({ row: z.int(), name: z.string(), code: z.string().nullable(), detail: z.string().nullable() }))
      .openapi({ description: "Recipients that have failed, at most 100. `report.csv` in the ZIP has all." }),
    voice: z.string().nullable().openapi({ description: "Voices that have spoken, once it is done." }),
    warnings: z.array(warningSchema).openapi({ description: "What came out otherwise than asked." }),
  })
  .openapi("VidxJob");
const clearedSchema = z
  .object({
    ...{ status: z.literal("ok"), cleared_dir: z.literal(NAME_CACHE) },
    ...{ removed_files: count, removed_dirs: count },
  })
  .openapi("VidxCleared");

const binary = (description: string) => z.string().openapi({ format: "binary", description });
const says: Record<string, string> = {
  lang: "Of the words.",
  text: "What is said to a recipient; {column} is what the row has in that column.",
  tts_provider: "gtts, command and none: a voice of this server speaks.",
  elevenlabs_api_key: "Speaks as elevenlabs_voice_id. Kept sealed until the job ends.",
  elevenlabs_voice_id:
    "A voice of your account, or the name of one that the operator has set up. Without it a voice of this server speaks: voice_sample is not cloned.",
  tts_cmd: "Refused, unless the operator allows it; never run.",
  lip_sync_provider: "wav2lip and sync_api: this server's own lip sync. With diamond alone; platinum always has it.",
  platinum_placeholders: "Words of the video that are replaced, in the order in which they are said.",
  base_text: "What is said in the video, word by word; the placeholders are found by it.",
  consent: "Why the people shown may be shown so. Needed where lips are changed, unless the operator answers for it.",
  label: LABEL_HELP,
};
const jobForm = z.object({
  base_video: binary("MP4, MOV, WebM or AVI."),
  recipients: binary("CSV or XLSX with the columns name and phone."),
  voice_sample: binary("Required with tts_provider=elevenlabs.").optional(),
  ...Object.fromEntries(
    Object.entries(jobSchema.partial().shape).map(([name, schema]) => [
      name,
      says[name] === undefined ? schema : schema.openapi({ description: says[name] }),
    ]),
  ),
});
const convertForm = z.object({
  base_video: binary("A video."),
  crf: z.int().min(0).max(51).default(20),
  preset: z.string().default("medium"),
  audio_bitrate: z.string().default("160k"),
});

const tags = [TAG];
const json = (description: string, schema: z.ZodType) => ({ description, content: { "application/json": { schema } } });
const refused = (description: string) => json(description, errorSchema);
const file = (description: string, type: string) => ({
  description,
  content: { [type]: { schema: z.string().openapi({ format: "binary" }) } },
});
const multipart = (schema: z.ZodType) => ({ required: true, content: { "multipart/form-data": { schema } } });
const named = z.object({ job_id: z.string().openapi({ param: { name: "job_id", in: "path" }, example: ID }) });

export function describeVidx(registry: Registry): void {
  for (const base of ["", PREFIX]) {
    const id = (operation: string) => (base === "" ? operation : `${operation}Prefixed`);
    describeJobs(registry, base, id);
    registry.registerPath({
      ...{ method: "post", path: `${base}/convert`, operationId: id("convertVideo"), tags },
      summary: "Convert a video to MP4, and wait for it",
      description: "H.264 and AAC, upright, ready to be streamed. If the client leaves, the job is canceled.",
      request: { body: multipart(convertForm) },
      responses: {
        200: file("The video.", "video/mp4"),
        303: { description: "Redirect to the storage, for a large file." },
        413: refused("The file is too large, or has too many pixels, or is too long."),
        422: refused("A field is missing or not valid, or the file does not decode."),
        503: refused("No engine here converts videos, or there is no capacity."),
        504: refused("It took longer than the server waits, and was canceled."),
      },
    });
    registry.registerPath({
      ...{ method: "post", path: `${base}/cache/name-audio/clear`, operationId: id("clearNames"), tags },
      summary: "Forget the names that were said",
      description: "The caller's own. They are said again by the next job.",
      responses: { 200: json("Forgotten.", clearedSchema) },
    });
  }
}

function describeJobs(registry: Registry, base: string, id: (operation: string) => string): void {
  const missing = { 404: refused("`job not found`") };
  registry.registerPath({
    ...{ method: "post", path: `${base}/jobs`, operationId: id("createBatch"), tags },
    summary: "Make a file for each recipient",
    request: { body: multipart(jobForm) },
    responses: {
      200: json("It is on its way.", createdSchema),
      400: refused("A field is missing that this provider or tier needs."),
      413: refused("A file is too large, or the video has too many pixels, or is too long."),
      422: refused("A field is missing or not valid, or the list of recipients is; then with row and column."),
      503: refused("Nothing here makes such videos, or there is no capacity."),
    },
  });
  registry.registerPath({
    ...{ method: "get", path: `${base}/jobs/{job_id}`, operationId: id("batchStatus"), tags },
    summary: "Get a job's status",
    request: { params: named },
    responses: { 200: json("The job.", statusSchema), ...missing },
  });
  registry.registerPath({
    ...{ method: "get", path: `${base}/jobs/{job_id}/download`, operationId: id("downloadBatch"), tags },
    summary: "Download the ZIP",
    request: { params: named },
    responses: {
      200: file("A file for each recipient, and `report.csv`.", "application/zip"),
      206: { description: "The requested range." },
      302: { description: "Redirect to the storage, for a large file." },
      304: { description: "Unchanged." },
      400: refused("`job not ready`"),
      ...missing,
      410: refused("Its time is over."),
      416: { description: "The range lies outside the file." },
    },
  });
}
