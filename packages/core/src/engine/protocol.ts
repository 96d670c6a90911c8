/**
 * How the worker and an engine process talk: one JSON object a line, requests on stdin, replies on stdout. This is the envelope,
 * which knows neither kinds nor services: `tasks/<kind>.ts` says what engines and checkers of a kind are asked, `services.ts` what
 * else a process can be asked. Golden transcripts in `test/protocol/` are replayed against the engines.
 *
 * Requests
 * - `run`: the work of one job of a `kind`. `check`: judges the result of one. Both carry `kind` and are read by its schemas.
 * - Any other `type` but `cancel` is the name of a service.
 * - `cancel` stops the request under way.
 *
 * Rules
 * - The engine's first line is `ready`. It then takes one request at a time; each carries a `run` id, and every reply names it.
 *   A request ends with exactly one `done` or `failed`; `progress` may come before, and its share never goes back. So may `output`,
 *   of requests that name several outputs: the file of this one is finished and stays as it is. Each is said once at most.
 * - Files go by path, absolute, inside the job's directory. The engine writes only there and leaves nothing else behind. What may be
 *   long (curves) goes by path, too: a line to the engine has at most 32 MiB, one from it 1 MiB.
 * - `cancel` may come while a run is under way: the engine stops within a second and answers `failed` with code `canceled`.
 *   A cancel for another run is ignored. An engine that does not stop is killed with its process group.
 * - The end of stdin is the order to exit. A line that is not protocol is logged by the worker and otherwise ignored;
 *   stderr is free text for the log.
 * - Sentences have at most 500 characters, a result at most 20 warnings, and names 100 characters: what is longer is cut. A line
 *   beyond its limit during a request fails that request, and the process is replaced.
 * - What `ready` does not name is not asked of this process; it would be answered with `not_supported`.
 * - A device that is gone or no longer works is answered `failed` with code `device_lost`, and the engine exits: the job is handed
 *   back, and its worker ends.
 * - An unreadable line, an unknown request or one that breaks its schema is answered `failed` with code `invalid_request`
 *   (`run` empty where it could not be read); the engine goes on.
 */
import { z } from "zod";
import { clipped, detailSchema, errorCodeSchema } from "../errors.ts";
import { markOrderSchema } from "../marking/mark.ts";
import { clip } from "../text.ts";

export const PROTOCOL = 2;

export const runIdSchema = z.string().max(64);
export const filePathSchema = z.string().min(1);

/** A file of the job and its media type. */
export const fileSchema = z.strictObject({ path: filePathSchema, type: z.string() });
export type EngineFile = z.infer<typeof fileSchema>;

/** Names that a process or a record may say: of a stage, a slot, a version. */
const nameSchema = clipped(100);
const MAX_TIMINGS = 32;

/** Milliseconds by stage, such as decode, detect, render, encode. The first of them, where there are too many. */
export const timingsSchema = z
  .record(z.string(), z.unknown())
  .overwrite((timings) => Object.fromEntries(Object.entries(timings).slice(0, MAX_TIMINGS)))
  .pipe(z.record(z.string(), z.number()).overwrite(keptTimings));

export function keptTimings(timings: Record<string, number>): Record<string, number> {
  const kept = Object.entries(timings).slice(0, MAX_TIMINGS);
  return Object.fromEntries(kept.map(([stage, ms]) => [clip(stage, 60), ms]));
}

/** Where a file comes from: the job and the engine, for its metadata, and the mark for its pictures. */
export const provenanceSchema = z.strictObject({
  job: z.string(),
  engine: z.string(),
  version: z.string(),
  /** What is added to the pictures; null only where nothing in them was made by a machine, or where there are none. */
  mark: markOrderSchema.nullable(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** Required shape of a finished video: pixels, constant frame rate (frames per second), number of frames. */
export const videoSpecSchema = z.strictObject({
  width: z.int().positive(),
  height: z.int().positive(),
  fps: z.number().positive(),
  frames: z.int().positive(),
});
export type VideoSpec = z.infer<typeof videoSpecSchema>;

/** The sound of a file: `sample_rate` in samples a second. */
export const audioSpecSchema = z.strictObject({ codec: nameSchema, channels: z.int(), sample_rate: z.int() });
export type AudioSpec = z.infer<typeof audioSpecSchema>;

/** A file of frames, one after another: planar 4:2:0, BT.709 limited range, without headers or padding. */
export const rawFramesSchema = z.strictObject({ path: filePathSchema, pixels: z.literal("yuv420p") });
export type RawFrames = z.infer<typeof rawFramesSchema>;

/** A JPEG of one frame of the video, numbered from 0, to be written beside it. */
export const posterOrderSchema = z.strictObject({ path: filePathSchema, frame: z.int().min(0) });
export type PosterOrder = z.infer<typeof posterOrderSchema>;

/** An MP4 of all frames, small and with a visible mark, to be written beside the video; then the poster is of it. `seed`: where the mark is. */
export const previewOrderSchema = z.strictObject({ path: filePathSchema, seed: z.int().min(0).max(0xffffffff) });
export type PreviewOrder = z.infer<typeof previewOrderSchema>;

/** What all requests have in common; the rest is read by the schema of the task or the service. */
export const requestSchema = z.looseObject({ type: z.string().min(1), run: runIdSchema, kind: z.string().optional() });

/** A finished clip on disk; the engine writes them, and the checker looks at all but the preview. */
export const clipFilesSchema = z.strictObject({ video: filePathSchema, poster: posterOrderSchema.optional() });
export const clipOutputsSchema = clipFilesSchema.extend({ preview: previewOrderSchema.optional() });
export type EngineRequest = z.infer<typeof requestSchema>;

export const cancelSchema = z.strictObject({ type: z.literal("cancel"), run: runIdSchema });

const readySchema = z.strictObject({
  type: z.literal("ready"),
  protocol: z.literal(PROTOCOL),
  engine: nameSchema,
  version: nameSchema,
  /** Kinds it can run. */
  kinds: z.array(z.string()),
  /** Kinds whose results it can check. */
  checks: z.array(z.string()),
  services: z.array(z.string()),
});
export type Ready = z.infer<typeof readySchema>;

const progressSchema = z.strictObject({
  type: z.literal("progress"),
  run: runIdSchema,
  stage: nameSchema,
  done: z.number().min(0),
  total: z.number().positive(),
});

/** `name`: of an output, as the request names it. */
const outputSchema = z.strictObject({ type: z.literal("output"), run: runIdSchema, name: nameSchema });

const doneSchema = z.strictObject({ type: z.literal("done"), run: runIdSchema, result: z.unknown() });

const failedSchema = z.strictObject({
  type: z.literal("failed"),
  run: runIdSchema,
  code: errorCodeSchema,
  /** A sentence for the user; details for operators go to stderr. */
  detail: detailSchema,
  /** The slot whose file is at fault, where one is. */
  input: nameSchema.optional(),
});

export type Failed = z.infer<typeof failedSchema>;

export const replySchema = z.discriminatedUnion("type", [
  readySchema,
  progressSchema,
  outputSchema,
  doneSchema,
  failedSchema,
]);
export type EngineReply = z.infer<typeof replySchema>;
