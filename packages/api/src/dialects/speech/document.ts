/** What the document says of the speech dialect. For readers only: the handlers check on their own. */
import { z } from "@hono/zod-openapi";
import { MAX_TEXT_CHARS } from "@smileloop/core/speech/say-text.ts";
import type { Registry } from "../dialect.ts";

export const TAG = "Speech";
export const ERROR_SCHEMA = "SpeechError";
const BASE = "/api/v1/tts";
const PATH = "/static/audio/019a3c5e90517f2e8a4b6c7d8e9f0a1b/segment_000.wav";

const faultSchema = z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() });
const errorSchema = z.object({ detail: z.union([z.string(), z.array(faultSchema)]) }).openapi(ERROR_SCHEMA);
const askedSchema = z
  .object({
    text: z.string().max(MAX_TEXT_CHARS).openapi({ example: "Hello world!" }),
    voice: z.string().default("af_heart").openapi({ description: "A voice of `/voices`." }),
    language_code: z
      .string()
      .optional()
      .openapi({ description: "A tag such as `en-US`, or a letter of the original." }),
    speed: z.number().min(0.5).max(2).default(1),
  })
  .openapi("SpeechRequest");
const soundSchema = z
  .object({
    message: z.string(),
    audio_files: z.array(z.string().openapi({ example: PATH })),
    first_audio_url: z.string().openapi({ example: PATH }),
    total_segments: z.int(),
    text: z.string(),
    voice: z.string().openapi({ description: "The voice that has said it." }),
    requested_voice: z.string().nullable(),
    language_code: z.string().nullable(),
    speed: z.number(),
    duration: z.number().nullable().openapi({ description: "Seconds." }),
    warnings: z
      .array(z.object({ code: z.string(), detail: z.string() }))
      .openapi({ description: "`voice_mapped`: another voice than the one that was asked for has said it." }),
  })
  .openapi("SpeechSound");
const voicesSchema = z
  .object({
    voices: z.array(
      z.object({
        name: z.string(),
        title: z.string(),
        language_code: z.string().nullable(),
        gender: z.enum(["female", "male"]).nullable(),
        stands_for: z
          .string()
          .nullable()
          .openapi({ description: "The voice here that is meant by a name of the original." }),
      }),
    ),
    total_count: z.int(),
  })
  .openapi("SpeechVoices");
const languagesSchema = z
  .object({
    languages: z.array(
      z.object({ code: z.string(), name: z.string(), letter: z.string().nullable(), voices: z.int() }),
    ),
    total_count: z.int(),
  })
  .openapi("SpeechLanguages");

const tags = [TAG];
const json = (description: string, schema: z.ZodType) => ({ description, content: { "application/json": { schema } } });
const refused = (description: string) => json(description, errorSchema);

export function describeSpeech(registry: Registry): void {
  const content = {
    "application/json": { schema: askedSchema },
    "application/x-www-form-urlencoded": { schema: askedSchema },
  };
  const replies = {
    200: json("The sound is ready.", soundSchema),
    422: refused("The text is missing or cannot be said, or there is no such voice."),
    503: refused("No engine here speaks, or there is no capacity."),
    504: refused("It took too long, and was canceled."),
  };
  registry.registerPath({
    ...{ method: "post", path: `${BASE}/generate`, operationId: "generateSpeech", tags, summary: "Synthesize speech" },
    description:
      "Names of the original's voices, such as `af_heart`, stand for the nearest voice that is here; the reply says which.",
    request: { body: { required: true, content } },
    responses: replies,
  });
  registry.registerPath({
    ...{ method: "post", path: `${BASE}/generate-simple`, operationId: "generateSpeechSimple", tags },
    summary: "Synthesize speech (query parameters)",
    request: { query: askedSchema },
    responses: replies,
  });
  const lists = [
    {
      name: "voices",
      operationId: "speechVoices",
      summary: "List the voices by their names here",
      schema: voicesSchema,
    },
    { name: "languages", operationId: "speechLanguages", summary: "List the languages", schema: languagesSchema },
  ];
  for (const { name, operationId, summary, schema } of lists) {
    const responses = { 200: json("All of them.", schema) };
    registry.registerPath({ method: "get", path: `${BASE}/${name}`, operationId, tags, summary, responses });
  }
  const wav = { "audio/wav": { schema: z.string().openapi({ format: "binary" }) } };
  registry.registerPath({
    ...{ method: "get", path: "/static/audio/{job_id}/{file}", operationId: "speechAudio", tags },
    summary: "Get a sound",
    description: "For its owner. It is kept for an hour, or less where the server says so.",
    request: {
      params: z.object({
        job_id: z.string().openapi({ param: { name: "job_id", in: "path" } }),
        file: z.literal("segment_000.wav").openapi({ param: { name: "file", in: "path" } }),
      }),
    },
    responses: {
      200: { description: "The sound.", content: wav },
      206: { description: "The requested range.", content: wav },
      302: { description: "Redirect to the storage, for a large file." },
      304: { description: "Unchanged." },
      404: refused("There is no such sound, or its time is over."),
      416: { description: "The range lies outside the sound." },
    },
  });
}
