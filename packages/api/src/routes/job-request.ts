/** What a client may ask for in `POST` and `PUT /v1/jobs`, and how it becomes a submission. */
import { z } from "@hono/zod-openapi";
import { got } from "@smileloop/core/errors/fields.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { Kinds } from "@smileloop/core/kinds/kind.ts";
import { idSchema } from "../ids.ts";
import type { InputSource } from "../submit.ts";

const id = idSchema;
const UPLOAD = "0199a1b2c3d47e5f8a9b0c1d2e3f4a5b";
/** Maximum number of files per slot in one request, for any kind. */
const MOST_FILES = 100;
export const inputSchema = z
  .strictObject({
    upload: id.optional().openapi({ description: "The id of an upload." }),
    job: id.optional().openapi({ description: "The id of a job whose input is to be used again." }),
    input: z.string().max(100).optional().openapi({ description: "With `job`: which of its inputs." }),
    url: z.string().max(2048).optional().openapi({ description: "Not supported yet." }),
  })
  .refine(
    ({ upload, job, input, url }) =>
      [upload, job, url].filter((value) => value !== undefined).length === 1 &&
      (job === undefined) === (input === undefined),
    'Give {"upload": "<id>"} or {"job": "<id>", "input": "<slot>"}.',
  )
  .openapi("JobInput");

const filesSchema = z.array(inputSchema).min(1).max(MOST_FILES);

/** For what is neither a file nor a list; faults inside of one are told as they are. */
function notAFile({ input }: { input?: unknown }): string | undefined {
  if (typeof input === "object" && input !== null) return undefined;
  return `must be {"upload": "<id>"} or {"job": "<id>", "input": "<slot>"}${got(input)}`;
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
    webhook: z.unknown().optional().openapi({ description: "Not supported yet." }),
  })
  .openapi("JobRequest");
export type JobRequest = z.infer<typeof jobRequestSchema>;

/** A request for each kind, by its name: what the document shows and its pages send when they are tried out. */
export function exampleRequests(kinds: Kinds): Record<string, { summary: string; value: object }> {
  const examples = [...kinds.values()].map(({ name, title, example: { inputs, params } }) => {
    const files = Object.fromEntries(inputs.map((slot) => [slot, { upload: UPLOAD }]));
    const value = { kind: name, ...(inputs.length > 0 ? { inputs: files } : {}), params };
    return [name, { summary: title, value }];
  });
  return Object.fromEntries(examples);
}

/** The inputs of a request. Throws `not_supported` for what is part of the contract and not built yet. */
export function inputsOf({ inputs, webhook }: JobRequest): Record<string, InputSource[]> {
  if (webhook !== undefined)
    throw notSupported(["webhook"], "Webhooks are not supported here; ask for the job instead.");
  const sources = Object.entries(inputs).map(([slot, given]) => [
    slot,
    [given].flat().map((one) => sourceOf(["inputs", slot], one)),
  ]);
  return Object.fromEntries(sources);
}

/** `at`: where in the body it stands. */
export function sourceOf(at: string[], { upload, job, input, url }: z.infer<typeof inputSchema>): InputSource {
  if (url !== undefined) {
    throw notSupported([...at, "url"], "Inputs by URL are not supported here; upload the file.");
  }
  return upload !== undefined ? { upload } : { job: job!, input: input! };
}

function notSupported(path: string[], msg: string): AppError {
  return new AppError("not_supported", msg, { errors: [{ loc: ["body", ...path], msg, type: "not_supported" }] });
}
