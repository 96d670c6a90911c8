/** What the document says of this API. For readers only: the handlers check on their own. */
import { z } from "@hono/zod-openapi";
import type { Registry } from "../dialect.ts";
import { createSchema, getSchema, listSchema, STATUSES } from "./request.ts";

export const TAG = "Sync.so";
export const ERROR_SCHEMA = "GenerationError";
const ID = "019a3c5e8f2a7c41b6d09e5f3a2b1c4d";

const errorSchema = z
  .object({
    statusCode: z.int(),
    message: z.union([z.string(), z.array(z.string())]).openapi({ description: "A sentence, or one for each fault." }),
    error: z.string(),
    errorCode: z.string().openapi({ description: "One of this server's codes.", example: "fetch_refused" }),
  })
  .openapi(ERROR_SCHEMA);
const text = z.string().nullable();
const generationSchema = z
  .object({
    id: z.string().openapi({ example: ID }),
    createdAt: z.iso.datetime(),
    status: z.enum(STATUSES).openapi({ description: "Whatever comes to nothing is FAILED." }),
    model: z.string(),
    input: z.array(z.object({ type: z.string() }).loose()).openapi({ description: "URLs without their queries." }),
    options: z.object({}).loose(),
    outputUrl: text.openapi({ description: "A link that needs no key; good for up to 15 minutes, and new each time." }),
    outputDuration: z.number().nullable().openapi({ description: "Seconds." }),
    outputFileName: text,
    error: text,
    error_code: text,
    errorCode: text.openapi({ description: "The same." }),
    webhookUrl: z.null(),
  })
  .openapi("Generation");
const modelSchema = z.object({
  ...{ id: z.string(), name: z.string(), type: z.literal("lipsync"), version: z.string(), description: z.string() },
});

const tags = [TAG];
const json = (description: string, schema: z.ZodType) => ({ description, content: { "application/json": { schema } } });
const refused = (description: string) => json(description, errorSchema);
const missing = { 404: refused("Unknown generation.") };
const invalid = { 400: refused("The request is not valid: `message` names the field.") };
const named = z.object({ id: z.string().openapi({ param: { name: "id", in: "path" }, example: ID }) });
const file = z.string().optional().openapi({ type: "string", format: "binary" });
const formSchema = createSchema.extend({
  ...{ video: file, audio: file },
  input: z
    .array(z.string())
    .optional()
    .openapi({ description: "Each as JSON. A file goes before the `url` of its type." }),
});
const REQUEST = {
  model: "lipsync-2",
  input: [
    { type: "video", url: "https://example.com/video.mp4" },
    { type: "audio", url: "https://example.com/audio.wav" },
  ],
  options: { sync_mode: "cut_off" },
};

export function describeSyncSo(registry: Registry): void {
  const key = z
    .string()
    .optional()
    .openapi({ description: "The same key and request are the same generation, for a day." });
  registry.registerPath({
    ...{ method: "post", path: "/v2/generate", operationId: "createGeneration", tags, summary: "Create a generation" },
    description: "A video, and a sound or a text. The job fetches what is given by URL itself.",
    request: {
      headers: z.object({ "Idempotency-Key": key }),
      body: {
        required: true,
        content: {
          "application/json": { schema: createSchema, example: REQUEST },
          "multipart/form-data": { schema: formSchema },
        },
      },
    },
    responses: {
      201: json("It is on its way.", generationSchema),
      400: refused("Not valid, an address that is not fetched, or what Sync.so has and is not done here."),
      413: refused("A file is too large."),
      503: refused("No engine here makes such videos, or there is no capacity."),
    },
  });
  registry.registerPath({
    ...{ method: "get", path: "/v2/generate/{id}", operationId: "getGeneration", tags, summary: "Get a generation" },
    request: { params: named, query: getSchema },
    responses: { 200: json("The generation.", generationSchema), ...invalid, ...missing },
  });
  registry.registerPath({
    ...{ method: "get", path: "/v2/generations", operationId: "listGenerations", tags, summary: "List generations" },
    description: "The caller's own, the newest first. `status` and `ids` with commas between their values.",
    request: { query: listSchema.extend({ status: z.string().optional(), ids: z.string().optional() }) },
    responses: { 200: json("The generations.", z.array(generationSchema)), ...invalid },
  });
  registry.registerPath({
    ...{ method: "delete", path: "/v2/generations/{id}", operationId: "deleteGeneration", tags },
    summary: "Delete a generation that has ended",
    request: { params: named },
    responses: {
      200: json("As it was.", generationSchema),
      ...missing,
      409: refused("It has not ended."),
    },
  });
  registry.registerPath({
    ...{ method: "get", path: "/v2/models", operationId: "listModels", tags, summary: "List the models" },
    responses: { 200: json("All of them.", z.array(modelSchema)) },
  });
}
