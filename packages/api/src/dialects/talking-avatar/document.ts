/** What the document says of the Talking Avatar dialect. For readers only: the handlers check on their own. */
import { z } from "@hono/zod-openapi";
import type { Registry } from "../dialect.ts";
import { LABEL_HELP } from "../label.ts";
import { RESOLUTIONS } from "./request.ts";

export const BASE = "/api/v1";
/** Of the API that the dialect speaks. */
export const VERSION = "1.0.0";
export const TAG = "Talking avatar";
export const ERROR_SCHEMA = "AvatarError";

const ID = "019a3c5e8f2a7c41b6d09e5f3a2b1c4d";
const AUDIO = "019a3c5e90517f2e8a4b6c7d8e9f0a1b.wav";

const faultSchema = z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() });
const errorSchema = z
  .object({ detail: z.union([z.string(), z.array(faultSchema)]) })
  .openapi(ERROR_SCHEMA, { description: "What is wrong: a sentence, or with 422 a list of the faulty fields." });

const healthSchema = z
  .object({
    status: z.literal("healthy"),
    version: z.literal(VERSION),
    device: z.enum(["cpu", "cuda"]).openapi({ description: "Where the videos are made." }),
  })
  .openapi("AvatarHealth");

const uploadSchema = (file: string, message: string) =>
  z.object({ filename: z.string().openapi({ example: file }), message: z.string().openapi({ example: message }) });

const generateSchema = z
  .object({
    image_filename: z.string().openapi({ description: "As the upload answered it.", example: `${ID}.jpg` }),
    audio_filename: z.string().openapi({ description: "As the upload answered it.", example: AUDIO }),
    output_fps: z.int().min(10).max(60).default(25),
    output_resolution: z.literal(RESOLUTIONS).default(512).openapi({ description: "Width and height in pixels." }),
    label: z.boolean().optional().openapi({ description: LABEL_HELP }),
  })
  .openapi("AvatarRequest");

const resultSchema = z
  .object({
    success: z.boolean(),
    video_url: z
      .string()
      .nullable()
      .openapi({ description: `Relative to \`${BASE}\`.`, example: `/download/${ID}.mp4` }),
    video_filename: z
      .string()
      .nullable()
      .openapi({ example: `${ID}.mp4` }),
    duration: z.number().nullable().openapi({ description: "Seconds.", example: 15.32 }),
    frames_generated: z.int().nullable().openapi({ example: 383 }),
    error_message: z.string().nullable().openapi({ description: "Why there is no video." }),
  })
  .openapi("AvatarResult");

const jobSchema = z
  .object({
    job_id: z.string().openapi({ example: ID }),
    status: z.enum(["pending", "processing", "completed", "failed"]),
    progress: z.number().min(0).max(100).openapi({ description: "Percent. It never goes back.", example: 45.5 }),
    // not `nullable()`, whose `allOf` ReDoc takes for a contradiction
    result: z.union([resultSchema, z.null()]).openapi({ description: "Once the job has ended." }),
  })
  .openapi("AvatarJob");

const tags = [TAG];
const json = (description: string, schema: z.ZodType) => ({ description, content: { "application/json": { schema } } });
const refused = (description: string) => json(description, errorSchema);
const filename = (example: string) =>
  z.object({ filename: z.string().openapi({ param: { name: "filename", in: "path" }, example }) });

export function describeTalkingAvatar(registry: Registry): void {
  registry.registerPath({
    method: "get",
    path: `${BASE}/health`,
    operationId: "avatarHealth",
    tags,
    summary: "Check that the server is alive",
    responses: { 200: json("Alive.", healthSchema) },
  });
  describeUploads(registry);
  describeGenerate(registry);
  describeFiles(registry);
}

function describeUploads(registry: Registry): void {
  const uploads = [
    { name: "Image", article: "an image", file: `${ID}.jpg`, types: "A PNG or JPEG", most: "20 MiB" },
    { name: "Audio", article: "a sound", file: AUDIO, types: "A WAV or MP3", most: "50 MiB" },
  ];
  for (const { name, article, file, types, most } of uploads) {
    const part = z
      .string()
      .openapi({ format: "binary", description: `${types} by its content, whatever its name says, at most ${most}.` });
    registry.registerPath({
      method: "post",
      path: `${BASE}/upload/${name.toLowerCase()}`,
      operationId: `upload${name}`,
      tags,
      summary: `Upload ${article}`,
      description: "It is kept for an hour, or less where the server says so, for any number of videos.",
      request: { body: { required: true, content: { "multipart/form-data": { schema: z.object({ file: part }) } } } },
      responses: {
        200: json("It has arrived.", uploadSchema(file, `${name} uploaded successfully`)),
        400: refused("Another type of file, an empty one, or a form that cannot be read."),
        413: refused("The file is too large, has too many pixels, or is too long."),
        422: refused("The part `file` is missing, another part was sent, or the file's header is damaged."),
      },
    });
  }
}

function describeGenerate(registry: Registry): void {
  const request = { body: { required: true, content: { "application/json": { schema: generateSchema } } } };
  const refusals = {
    404: refused("An upload does not exist, or its hour is over."),
    413: refused("The sound is longer than videos may be."),
    422: refused("A field is missing or not valid; the list says which."),
    503: refused("No engine here makes such videos, or there is no capacity."),
  };
  registry.registerPath({
    method: "post",
    path: `${BASE}/generate`,
    operationId: "generateAvatar",
    tags,
    summary: "Generate a video and wait for it",
    description:
      "What is wrong with a file, such as a picture without a face, is 422, and that upload is deleted. If the video takes longer than " +
      "the server waits, or the client leaves, the job is canceled.",
    request,
    responses: {
      200: json("The video is ready.", resultSchema),
      ...refusals,
      422: refused("A field is missing or not valid, a file does not decode, or the picture shows no face."),
      500: refused("The engine failed, or the result was not good."),
      504: refused("It took too long, and was canceled."),
    },
  });
  registry.registerPath({
    method: "post",
    path: `${BASE}/generate/async`,
    operationId: "generateAvatarAsync",
    tags,
    summary: "Start generating a video",
    request,
    responses: { 200: json("It is on its way.", jobSchema), ...refusals },
  });
  registry.registerPath({
    method: "get",
    path: `${BASE}/status/{job_id}`,
    operationId: "avatarStatus",
    tags,
    summary: "Get the status of a job",
    request: {
      params: z.object({ job_id: z.string().openapi({ param: { name: "job_id", in: "path" }, example: ID }) }),
    },
    responses: { 200: json("The job.", jobSchema), 404: refused("Unknown job.") },
  });
}

function describeFiles(registry: Registry): void {
  const mp4 = { "video/mp4": { schema: z.string().openapi({ format: "binary" }) } };
  registry.registerPath({
    method: "get",
    path: `${BASE}/download/{filename}`,
    operationId: "downloadAvatar",
    tags,
    summary: "The finished video",
    description: "Ranges and `If-None-Match` are supported. It is kept for an hour, or less where the server says so.",
    request: { params: filename(`${ID}.mp4`) },
    responses: {
      200: { description: "The video.", content: mp4 },
      206: { description: "The requested range.", content: mp4 },
      302: { description: "Redirect to the storage, for a large file." },
      304: { description: "Unchanged." },
      404: refused("There is no such video, or its time is over."),
      416: { description: "The range lies outside the video." },
    },
  });
  registry.registerPath({
    method: "delete",
    path: `${BASE}/cleanup/{filename}`,
    operationId: "cleanUpAvatar",
    tags,
    summary: "Delete an upload or a video",
    description: "With a video, its job and the copies of the files that it was made of are deleted, too.",
    request: { params: filename(AUDIO) },
    responses: {
      200: json("Deleted.", z.object({ message: z.string() })),
      404: refused("There is no such file, or its time is over."),
    },
  });
}
