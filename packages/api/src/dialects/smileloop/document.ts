/** What the document says of the SmileLoop dialect. For readers only: the handlers check on their own, as bodies are streams. */
import { z } from "@hono/zod-openapi";
import type { ApiDeps } from "../../deps.ts";
import type { Registry } from "../dialect.ts";
import { LABEL_HELP } from "../label.ts";

export const TAG = "Simple API";
export const ERROR_SCHEMA = "Detail";

const EXAMPLE_ID = "019a3c5e8f2a7c41b6d09e5f3a2b1c4d";
const detailSchema = z
  .object({
    detail: z.union([
      z.string(),
      z.array(z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() })),
    ]),
  })
  .openapi(ERROR_SCHEMA, { description: "What is wrong: a sentence, or a list of the faulty parts." });

const MODES = ["local", "cloud"] as const;
const MODE = "`local`: the reply is the MP4 itself. `cloud`: the reply is JSON with a link to it.";

const statusSchema = z.enum(["queued", "running", "done", "failed"]);
const replySchema = z
  .object({
    job_id: z.string().openapi({ example: EXAMPLE_ID }),
    status: statusSchema.openapi({ example: "done" }),
    preset: z.string().openapi({ example: "gentle_smile" }),
    download_url: z.string().openapi({ example: `/download/${EXAMPLE_ID}` }),
  })
  .openapi("AnimateReply");

const jobSchema = z
  .object({
    job_id: z.string().openapi({ example: EXAMPLE_ID }),
    preset: z.string().openapi({ example: "gentle_smile" }),
    status: statusSchema.openapi({ example: "done" }),
    created: z.number().openapi({ description: "Seconds since 1970.", example: 1_763_700_000.123 }),
    updated: z.number().openapi({ description: "Seconds since 1970.", example: 1_763_700_001.456 }),
    download_url: z.string().optional().openapi({ description: "Once it is done." }),
    error: z.string().optional().openapi({ description: "When it failed." }),
  })
  .openapi("SimpleJob");

const refused = (description: string) => ({ description, content: { "application/json": { schema: detailSchema } } });
const mp4 = { "video/mp4": { schema: z.string().openapi({ format: "binary" }) } };
const idParam = z.object({
  job_id: z.string().openapi({ param: { name: "job_id", in: "path" }, example: EXAMPLE_ID }),
});

export function describeSmileloop(registry: Registry, { presets, kinds }: Pick<ApiDeps, "presets" | "kinds">): void {
  const names = [...presets.keys()].sort();
  const tags = [TAG];
  const form = z.object({
    source_image: z.string().openapi({
      format: "binary",
      description:
        "A portrait: JPEG, PNG, HEIC, AVIF, WebP, TIFF, BMP or GIF by its content, at most 10 MiB and 100 megapixels.",
    }),
    preset: z.enum(names as [string, ...string[]]).openapi({ description: "The motion.", example: names[0]! }),
    // the pages send the first choice of a field when it is tried out
    engine: z
      .enum(["", ...(kinds.get("animate")?.engines ?? ["warp"])])
      .optional()
      .openapi({ description: "Engine to use. Empty: the default of this server.", default: "", example: "" }),
    mode: z
      .enum(["", ...MODES])
      .optional()
      .openapi({ description: `${MODE} Empty: as \`Accept\` says.`, default: "", example: "" }),
    label: z.enum(["", "true", "false"]).optional().openapi({ description: LABEL_HELP, default: "", example: "" }),
  });
  registry.registerPath({
    method: "post",
    path: "/animate",
    operationId: "animate",
    tags,
    summary: "Animate a portrait and wait for the video",
    description:
      "Upload a portrait, pick a motion, get an MP4. The reply is JSON with a link, or the MP4 itself with `Accept: video/mp4` " +
      "or `mode=local`. If it takes longer than the server waits, the reply is 202 and `Location` names the job.",
    request: {
      query: z.object({
        mode: z
          .enum(MODES)
          .optional()
          .openapi({ description: `${MODE} Without it, \`Accept\` decides. The form has a field for it, too.` }),
      }),
      body: { required: true, content: { "multipart/form-data": { schema: form } } },
    },
    responses: {
      200: {
        description: "The video is ready.",
        content: { "application/json": { schema: replySchema }, ...mp4 },
        headers: z.object({
          "X-Inference-Mode": z.string().optional().openapi({ description: "With the MP4: where it was made." }),
          "X-Inference-Time": z.string().optional().openapi({ description: "With the MP4: how long it took." }),
        }),
      },
      202: {
        description: "Still in progress; ask again at `Location`.",
        content: { "application/json": { schema: replySchema } },
        headers: z.object({ Location: z.string() }),
      },
      303: { description: "With the MP4: redirect to the storage, for a large file." },
      400: refused("The file is empty, the mode is unknown, or the form cannot be read."),
      413: refused(
        "The file is larger than 10 MiB, or the picture has more than 100 megapixels or 16,384 pixels a side.",
      ),
      415: refused("Not a picture of a type that is read, by its first bytes, whatever its name says."),
      422: refused("A part is missing or unknown, the picture does not decode, or it shows no face."),
      500: refused("The engine failed."),
      503: refused("The requested engine is not configured."),
    },
  });
  registry.registerPath({
    method: "get",
    path: "/job/{job_id}",
    operationId: "getSimpleJob",
    tags,
    summary: "Get the status of a job",
    request: { params: idParam },
    responses: {
      200: { description: "The job.", content: { "application/json": { schema: jobSchema } } },
      404: refused("Unknown job, or its time is over."),
    },
  });
  registry.registerPath({
    method: "get",
    path: "/download/{job_id}",
    operationId: "downloadVideo",
    tags,
    summary: "The finished video",
    description:
      "An MP4 to be saved as a file. Ranges and `If-None-Match` are supported. Kept until its time is over: an hour, or less where the server says so.",
    request: { params: idParam },
    responses: {
      200: { description: "The video.", content: mp4 },
      206: { description: "The requested range.", content: mp4 },
      302: { description: "Redirect to the storage, for a large file." },
      304: { description: "Unchanged." },
      404: refused("Unknown job."),
      409: refused("It is not ready."),
      410: refused("Its time is over."),
      416: { description: "The range lies outside the video." },
    },
  });
}
