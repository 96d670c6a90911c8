/** What the document says of the FaceFusion dialect. For readers only: the handlers check on their own. */
import { z } from "@hono/zod-openapi";
import { warningSchema } from "@smileloop/core/errors.ts";
import { PROCESSOR_NAMES } from "@smileloop/core/faces/processors.ts";
import type { Registry } from "../dialect.ts";
import { LABEL_HELP } from "../label.ts";
import { PREFIX, VERSION } from "./names.ts";

export const TAG = "FaceFusion";
export const ERROR_SCHEMA = "FaceFusionError";

const FILE = "019a3c5e-8f2a-7c41-b6d0-9e5f3a2b1c4d.jpg";
const JOB = "api_20250101_120000_019a3c5e8f2a7c41b6d09e5f3a2b1c4d";

const faultSchema = z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() });
const errorSchema = z
  .object({ detail: z.union([z.string(), z.array(faultSchema)]) })
  .openapi(ERROR_SCHEMA, { description: "What is wrong: a sentence, or with 422 a list of the faulty fields." });

const name = z.enum(PROCESSOR_NAMES);
const healthSchema = z
  .object({ status: z.literal("healthy"), version: z.literal(VERSION), processors_available: z.array(name) })
  .openapi("FaceFusionHealth");
const rowSchema = z
  .object({
    name,
    available: z.boolean().openapi({ description: "Whether an engine that is installed here really does it." }),
    engine: z.string().optional(),
    quality: z.enum(["classical", "exact", "model"]).optional().openapi({
      description: "`classical`: drawn from the pictures that were given, with nothing that a model has generated.",
    }),
  })
  .openapi("FaceFusionProcessor");
const resultSchema = z
  .object({
    job_id: z.string().openapi({ example: JOB }),
    status: z.enum(["completed", "processing"]),
    output_path: z.string().openapi({
      description: "What follows the last `/` is the file's name for `download` and `output`; it is not a path.",
      example: `.api_outputs/${FILE}`,
    }),
    error: z.null(),
    warnings: z.array(warningSchema).optional().openapi({ description: "What came out otherwise than asked." }),
  })
  .openapi("FaceFusionResult");

const percent = (of: string) =>
  z
    .int()
    .min(10)
    .max(400)
    .default(100)
    .openapi({ description: `Of a ${of}, percent.` });
const keys = {
  processors: z.array(name).openapi({ description: "In order. An entry may also be an object: `name`, and options." }),
  execution_providers: z.array(z.string()).openapi({ description: "One that is not here: the CPU, and a warning." }),
  execution_thread_count: z.int().min(1).max(32).default(1),
  output_video_fps: z.number().min(1).max(120).optional().openapi({ description: "Absent: as the input." }),
  output_image_scale: percent("picture"),
  output_video_scale: percent("video"),
  face_detector_model: z.string().default("yoloface_8n"),
  face_detector_score: z.number().min(0).max(1).default(0.5),
  webhook_url: z.string().optional().openapi({
    description:
      "Where the end of the job is reported, by an event as those of POST /v1/jobs have it. The reply is then 202, at once; the event's `data.id` ends its `job_id`.",
  }),
  consent: z.enum(["self", "permission", "public_domain"]).optional().openapi({
    description:
      "Why the people shown may be shown so. Required where a face is altered, unless the operator answers for it.",
  }),
  label: z.boolean().optional().openapi({ description: LABEL_HELP }),
};
const binary = (description: string) => z.string().openapi({ format: "binary", description });
const formSchema = (target: string) =>
  z.object({
    target: binary(target),
    source: binary("A picture of a face, for swapping; may be repeated.").optional(),
    request: z.string().optional().openapi({
      description: "The fields that follow as one JSON object, instead.",
      example: '{"processors":["face_swapper"],"execution_providers":["cpu"]}',
    }),
    ...z.object(keys).partial().shape,
  });

const tags = [TAG];
const json = (description: string, schema: z.ZodType) => ({ description, content: { "application/json": { schema } } });
const refused = (description: string) => json(description, errorSchema);
const named = z.object({ filename: z.string().openapi({ param: { name: "filename", in: "path" }, example: FILE }) });

export function describeFacefusion(registry: Registry): void {
  registry.registerPath({
    ...{ method: "get", path: `${PREFIX}/health`, operationId: "facefusionHealth", tags },
    summary: "Check that the server is alive",
    responses: { 200: json("Alive.", healthSchema) },
  });
  for (const base of ["", PREFIX]) {
    const id = (operation: string) => (base === "" ? operation : `${operation}Prefixed`);
    registry.registerPath({
      ...{ method: "get", path: `${base}/processors`, operationId: id("listProcessors"), tags },
      summary: "List the processors, and which of them are available",
      responses: { 200: json("All of them.", z.array(rowSchema)) },
    });
    describeProcessing(registry, base, id);
    describeOutputs(registry, base, id);
  }
}

type OperationId = (operation: string) => string;

function describeProcessing(registry: Registry, base: string, id: OperationId): void {
  for (const [noun, operation] of [
    ["image", "processImage"],
    ["video", "processVideo"],
  ] as const) {
    const schema = formSchema(`The ${noun} whose faces are worked on.`);
    registry.registerPath({
      ...{ method: "post", path: `${base}/process/${noun}`, operationId: id(operation), tags },
      summary: `Process ${noun === "image" ? "an image" : "a video"}, and wait for the result`,
      description:
        "If it takes longer than the server waits, the reply is 202 and the file can be downloaded once it is ready. If the client leaves, the job is canceled.",
      request: { body: { required: true, content: { "multipart/form-data": { schema } } } },
      responses: {
        200: json("The result is ready.", resultSchema),
        202: json("It is still being made.", resultSchema),
        400: refused("A file is not what it should be, or a source is missing."),
        413: refused("A file is too large, or has too many pixels, or is too long."),
        422: refused("A field is missing or not valid, or a file does not decode or shows no face."),
        500: refused("The engine failed, or the result was not good."),
        501: refused("No engine installed here offers a processor; the sentence names it."),
      },
    });
  }
}

function describeOutputs(registry: Registry, base: string, id: OperationId): void {
  // at the root it would stand beside `/download/{job_id}`, which a document takes for the same path (OpenAPI 3.1, Paths Object)
  if (base !== "") describeDownload(registry, base, id);
  registry.registerPath({
    ...{ method: "delete", path: `${base}/output/{filename}`, operationId: id("deleteOutput"), tags },
    summary: "Delete a result",
    request: { params: named },
    responses: {
      200: json("Deleted.", z.object({ status: z.literal("deleted"), filename: z.string() })),
      404: refused("There is no such file, or its time is over."),
    },
  });
}

function describeDownload(registry: Registry, base: string, id: OperationId): void {
  const content = { "*/*": { schema: z.string().openapi({ format: "binary" }) } };
  registry.registerPath({
    ...{ method: "get", path: `${base}/download/{filename}`, operationId: id("downloadOutput"), tags },
    summary: "Download a result",
    description: "Also at the root, as `/download/{filename}`.",
    request: {
      params: named,
      query: z.object({
        cleanup: z.boolean().optional().openapi({ description: "Deletes the result once all of it was downloaded." }),
      }),
    },
    responses: {
      200: { description: "The file.", content },
      206: { description: "The requested range.", content },
      302: { description: "Redirect to the storage, for a large file, which then goes with its hour." },
      304: { description: "Unchanged." },
      404: refused("There is no such file, or its time is over."),
      409: refused("It is not ready yet."),
      416: { description: "The range lies outside the file." },
    },
  });
}
