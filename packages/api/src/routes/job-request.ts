/** What a client may ask for in `POST` and `PUT /v1/jobs`, and how it becomes a submission. */
import { z } from "@hono/zod-openapi";
import { got } from "@smileloop/core/errors/fields.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { MAX_URL_CHARS } from "@smileloop/core/fetch/target.ts";
import type { Kind, Kinds } from "@smileloop/core/kinds/kind.ts";
import { idSchema } from "../ids.ts";
import type { InputSource } from "../submit.ts";
import type { WebhookAsked } from "../webhooks.ts";

const id = idSchema;
const UPLOAD = "0199a1b2c3d47e5f8a9b0c1d2e3f4a5b";
/** Maximum number of files per slot in one request, for any kind. */
const MOST_FILES = 100;
const FILE_FORMS = 'Give {"upload": "<id>"}, {"job": "<id>", "input": "<slot>"} or {"url": "https://…"}.';
export const inputSchema = z
  .strictObject({
    upload: id.optional().openapi({ description: "The id of an upload." }),
    job: id.optional().openapi({ description: "The id of a job whose input is to be used again." }),
    input: z.string().max(100).optional().openapi({ description: "With `job`: which of its inputs." }),
    url: z.string().max(MAX_URL_CHARS).optional().openapi({
      description:
        "A public http or https address, fetched when the job starts, without following what needs a login. Or the address of an output, or a signed link, of this server.",
      example: "https://example.org/photo.jpg",
    }),
  })
  .refine(
    ({ upload, job, input, url }) =>
      [upload, job, url].filter((value) => value !== undefined).length === 1 &&
      (job === undefined) === (input === undefined),
    FILE_FORMS,
  )
  .openapi("JobInput");

const url = z.string().max(MAX_URL_CHARS);
const filesSchema = z.array(inputSchema).min(1).max(MOST_FILES);

/** For what is neither a file nor a list; faults inside of one are told as they are. */
function notAFile({ input }: { input?: unknown }): string | undefined {
  if (typeof input === "object" && input !== null) return undefined;
  return `must be {"upload": "<id>"}, {"job": "<id>", "input": "<slot>"} or {"url": "https://…"}${got(input)}`;
}

export const jobRequestSchema = z
  .strictObject({
    kind: z.string().max(100).openapi({ description: "One of `GET /v1/kinds`." }),
    inputs: z
      .record(z.string().max(100), z.union([inputSchema, filesSchema], { error: notAFile }))
      .default({})
      .openapi({
        description:
          "A file for each slot of the kind (`GET /v1/kinds`), or a list of files where the slot takes several. Kinds without slots need none.",
      }),
    params: z.record(z.string().max(100), z.unknown()).default({}).openapi({ description: "As `GET /v1/kinds` says." }),
    metadata: z
      .record(z.string().min(1).max(64), z.string().max(500))
      .refine((metadata) => Object.keys(metadata).length <= 16, "At most 16 entries.")
      .default({})
      .openapi({ description: "Up to 16 short texts of the client's own, given back with the job." }),
    webhook: z
      .union([url, z.strictObject({ url })], {
        error: ({ input }) => `must be {"url": "https://…"} or the URL${got(input)}`,
      })
      .optional()
      .openapi({
        description:
          "Where the end of the job is reported, by one signed event (Standard Webhooks): an address, or an object with it. See docs/webhooks.md.",
        example: { url: "https://example.org/hooks/smileloop" },
      }),
  })
  .openapi("JobRequest");
export type JobRequest = z.infer<typeof jobRequestSchema>;

type Example = { summary: string; value: object };

/**
 * A request for each kind, by its name, and one whose input is elsewhere: what the document shows and its pages send when they are
 * tried out.
 */
export function exampleRequests(kinds: Kinds): Record<string, Example> {
  const exampleOf = ({ name, example: { inputs, params } }: Kind, input: object) => {
    const files = Object.fromEntries(inputs.map((slot) => [slot, input]));
    return { kind: name, ...(inputs.length > 0 ? { inputs: files } : {}), params };
  };
  const examples = [...kinds.values()].map((kind): [string, Example] => [
    kind.name,
    { summary: kind.title, value: exampleOf(kind, { upload: UPLOAD }) },
  ]);
  const fed = [...kinds.values()].find(({ example }) => example.inputs.length > 0);
  const byUrl = fed && {
    summary: "An input by its URL",
    value: exampleOf(fed, { url: "https://example.org/photo.jpg" }),
  };
  return { ...Object.fromEntries(examples), ...(byUrl && { by_url: byUrl }) };
}

/** The inputs of a request; `base` is what links of this server start with. */
export function inputsOf({ inputs }: JobRequest, base: string): Record<string, InputSource[]> {
  const sources = Object.entries(inputs).map(([slot, given]) => [
    slot,
    [given].flat().map((one) => sourceOf(one, base)),
  ]);
  return Object.fromEntries(sources);
}

/** The webhook of a request, unchecked; undefined where there is none. */
export function webhookOf({ webhook }: JobRequest, base: string): WebhookAsked | undefined {
  if (webhook === undefined) return undefined;
  if (typeof webhook === "string") return { url: webhook, base, loc: ["body", "webhook"] };
  return { url: webhook.url, base, loc: ["body", "webhook", "url"] };
}

export function sourceOf({ upload, job, input, url }: z.infer<typeof inputSchema>, base: string): InputSource {
  if (url !== undefined) return { url, base };
  return upload !== undefined ? { upload } : { job: job!, input: input! };
}

export function notSupported(path: string[], msg: string): AppError {
  return new AppError("not_supported", msg, { errors: [{ loc: ["body", ...path], msg, type: "not_supported" }] });
}
