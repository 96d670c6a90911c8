/** What clients of this API ask for, in JSON or as a form with files, as Sync.so has published it; and what of that is not done here. */

import { z } from "@hono/zod-openapi";
import { fieldErrors } from "@smileloop/core/errors/fields.ts";
import { AppError, type FieldError } from "@smileloop/core/errors.ts";
import { MAX_URL_CHARS } from "@smileloop/core/fetch/target.ts";
import { SYNC_NAMES } from "@smileloop/core/speech/sync.ts";
import { decimal } from "../../http/fields.ts";
import { labelField } from "../label.ts";

/** One engine does the work of them all. */
export const MODELS = ["lipsync-2", "lipsync-2-pro", "lipsync-1.9.0-beta", "sync-3"] as const;
/** Also older ones. */
const MODEL = /^(lipsync|sync)-\d[\w.-]{0,40}$/;
/** Without its ending. */
export const FILE_NAME = /^[A-Za-z0-9_-]{1,255}$/;

const WHOLE = "only whole videos are done here, each with one sound: leave it out";
const LARGEST = "the largest face of the video speaks: leave it out";
const OTHER_MODEL = "is for react-1, which is not offered here: leave it out";
const OTHER_VOICE = "the voices here have no such setting: leave it out";
const BY_URL = "there is no media library here: give `url`";
/** By name, wherever it stands. */
const NOT_DONE = new Map([
  [
    "webhookUrl",
    "webhooks are not sent here: get the generation until it is COMPLETED or FAILED; POST /v1/jobs has webhooks",
  ],
  ...["segments", "segments_secs", "segments_frames", "refId"].map((name): [string, string] => [name, WHOLE]),
  ...["frame_number", "coordinates", "bounding_boxes"].map((name): [string, string] => [name, LARGEST]),
  ...["model_mode", "prompt"].map((name): [string, string] => [name, OTHER_MODEL]),
  ...["stability", "similarityBoost"].map((name): [string, string] => [name, OTHER_VOICE]),
  ["assetId", BY_URL],
  ["dubParams", "nothing is translated here: leave it out"],
  ["dialogueEdit", "nothing is cut here: leave it out"],
  ["projectId", "there are no projects here: leave it out"],
]);

const url = z.string().min(1).max(MAX_URL_CHARS).optional();
const off = (msg: string) => z.literal(false, { error: `is not done here; ${msg}` }).optional();

const inputSchema = z.discriminatedUnion(
  "type",
  [
    z.strictObject({ type: z.literal("video"), url }),
    z.strictObject({ type: z.literal("audio"), url }),
    z.strictObject({
      type: z.literal("text"),
      provider: z.strictObject({
        name: z
          .literal("elevenlabs")
          .openapi({ description: "The provider that its clients name. The voices are those of this server." }),
        voiceId: z.string().min(1).max(100).openapi({ description: "The name of a voice: `GET /v1/voices`." }),
        script: z.string().min(1).openapi({ description: "What is said." }),
      }),
    }),
  ],
  { error: 'must have the `type` "video", "audio" or "text"' },
);
const optionsSchema = z.strictObject({
  sync_mode: z.enum(SYNC_NAMES).default("cut_off"),
  temperature: z.number().min(0).max(1).optional().openapi({
    description: "How far the mouth opens: 0.5 as it would by itself, 0 half as far, 1 half as far again.",
  }),
  active_speaker_detection: z.strictObject({ auto_detect: off(LARGEST) }).optional(),
  occlusion_detection_enabled: off("where the mouth is hidden the video stays as it is"),
});

export const createSchema = z.strictObject({
  model: z
    .string()
    .regex(MODEL, `must be a model such as ${MODELS[0]}; models that change more than the mouth are not offered here`),
  input: z.array(inputSchema).max(10).default([]),
  options: optionsSchema.default({ sync_mode: "cut_off" }),
  outputFileName: z
    .string()
    .regex(FILE_NAME, "must be 1 to 255 letters, digits, underscores and hyphens, without an ending")
    .optional(),
  label: labelField,
});

/** Files that came with the form; each takes the place of the `url` of its input. */
export type Slot = "video" | "audio";
type Said = { text: string; voice: string };
/** `null`: the file of that slot came with the form. `at`: where the inputs stand in the request, for errors. */
export type Asked = Omit<z.infer<typeof createSchema>, "input"> & {
  video: string | null;
  audio: string | null | Said;
  at: Record<Slot, (string | number)[]>;
};

/** `value`: JSON as it came. Throws `invalid_request` with every fault, and `not_supported` for what Sync.so has and is not done here. */
export function checkAsked(value: unknown, files: ReadonlySet<Slot>): Asked {
  const given = withoutNulls(value);
  const wanting = notDone(given, []);
  if (wanting.length > 0) throw new AppError("not_supported", "Some of this is not done here.", { errors: wanting });
  const parsed = createSchema.safeParse(given);
  if (!parsed.success) throw notValid(fieldErrors(parsed.error, []));
  const { input, ...rest } = parsed.data;
  const video = oneOf(input, ["video"], files);
  const audio = oneOf(input, ["audio", "text"], files);
  const faults = [video, audio].flatMap((found) => ("fault" in found ? [found.fault] : []));
  if ("fault" in video || "fault" in audio) throw notValid(faults);
  return {
    ...rest,
    video: video.input?.type === "video" ? (video.input.url ?? null) : null,
    audio: audio.input?.type === "text" ? saidIn(audio.input) : (audio.input?.url ?? null),
    at: { video: video.at, audio: audio.at },
  };
}

type Input = z.infer<typeof inputSchema>;
/** `input`: null where its file came. */
type Found = { input: Input | null; at: (string | number)[] } | { fault: FieldError };

function oneOf(all: Input[], types: [Slot, ...string[]], files: ReadonlySet<Slot>): Found {
  const [slot] = types;
  const places = all.flatMap((input, nth) => (types.includes(input.type) ? [nth] : []));
  const fault = (loc: (string | number)[], msg: string) => ({ fault: { loc, msg, type: "invalid_value" } });
  const names = types.map((type) => `"${type}"`).join(" or ");
  if (places.length > 1) return fault(["input"], `has ${places.length} of the type ${names}; give one`);
  if (files.has(slot)) return { input: null, at: [slot] };
  const [nth] = places;
  if (nth === undefined)
    return fault(["input"], `needs one of the type ${names}, such as {"type": "${slot}", "url": "https://…"}`);
  const input = all[nth]!;
  if (input.type === "text") return { input, at: ["input", nth, "provider", "script"] };
  return input.url === undefined ? fault(["input", nth, "url"], "is required") : { input, at: ["input", nth, "url"] };
}

function saidIn({ provider }: Input & { type: "text" }): Said {
  return { text: provider.script, voice: provider.voiceId };
}

/** Members that may be null there, and then count as absent. */
const NULLABLE = new Set([
  ...Object.keys(createSchema.shape),
  ...Object.keys(optionsSchema.shape),
  ...["url", "auto_detect", ...NOT_DONE.keys()],
]);

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([name, member]) => member !== null || !NULLABLE.has(name));
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

function notDone(value: unknown, at: (string | number)[]): FieldError[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const loc = [...at, Array.isArray(value) ? Number(name) : name];
    const msg = NOT_DONE.get(name);
    return msg === undefined || Array.isArray(value) ? notDone(member, loc) : [{ loc, msg, type: "not_supported" }];
  });
}

export function notValid(errors: FieldError[]): AppError {
  return new AppError("invalid_request", "The request is not valid.", { errors });
}

const TRUTH = new Map([
  ["true", true],
  ["false", false],
]);
const whole = (least: number, most: number) => z.preprocess(decimal, z.int().min(least).max(most));

export const getSchema = z.strictObject({
  wait: z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => TRUTH.get(text) === true)
    .openapi({
      type: "boolean",
      description: "The reply is held until the generation has ended, or `timeout` is over.",
    }),
  timeout: whole(1, 10).default(5).openapi({ description: "Seconds." }),
});

export const STATUSES = ["PENDING", "PROCESSING", "COMPLETED", "FAILED", "REJECTED"] as const;
/** Commas between values, JSON, as the SDK sends lists, or the name several times. */
const list = z.array(z.string().max(20_000)).transform((texts) => texts.flatMap(valuesOf));
export const listSchema = z.strictObject({
  status: list.pipe(z.array(z.enum(STATUSES))).optional(),
  ids: list.pipe(z.array(z.string().max(100)).max(500)).optional(),
  limit: whole(1, 100).optional(),
  cursor: z.string().max(100).optional(),
});

function valuesOf(text: string): string[] {
  if (!text.startsWith("[")) return text.split(",").filter((value) => value !== "");
  try {
    return (JSON.parse(text) as unknown[]).map(String);
  } catch {
    return [text];
  }
}

/** Throws `invalid_request` with every fault, also for names that are not known. `lists`: those whose values are lists. */
export function readQuery<S extends z.ZodType>(query: URLSearchParams, schema: S, lists: string[] = []): z.infer<S> {
  const names = [...new Set(query.keys())];
  const values = names.map((name) => [name, lists.includes(name) ? query.getAll(name) : query.get(name)]);
  const parsed = schema.safeParse(Object.fromEntries(values));
  if (parsed.success) return parsed.data;
  throw notValid(fieldErrors(parsed.error, []));
}
