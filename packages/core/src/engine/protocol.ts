/**
 * How the worker and an engine process talk: one JSON object a line, requests on stdin, replies on stdout. The Node engine
 * (`packages/engine/src/host.ts`) and the Python engine (`gpu-container/`) speak the same; golden transcripts in
 * `test/protocol/` are replayed against both.
 *
 * Rules
 * - The engine's first line is `ready`. It then takes one request at a time; each carries a `run` id, and every reply names it.
 *   A request ends with exactly one `done` or `failed`; `progress` may come before, and its share never goes back.
 * - Files go by path, absolute, inside the job's directory. The engine writes only there and leaves nothing else behind.
 * - `cancel` may come while a run is under way: the engine stops within a second and answers `failed` with code `canceled`.
 *   A cancel for another run is ignored. Whoever does not stop is killed with its process group.
 * - The end of stdin is the order to exit. A line that is not protocol is logged by the worker and otherwise ignored;
 *   stderr is free text for the log.
 * - Services that `ready` does not name are not asked of this process: the worker has a Node process for them.
 * - A device that is gone or no longer works is answered `failed` with code `device_lost`, and the engine exits: the job is handed
 *   back, and its worker ends.
 * - An unreadable line, an unknown request or one that breaks its schema is answered `failed` with code `invalid_request`
 *   (`run` empty where it could not be read); the engine goes on.
 */
import { z } from "zod";
import { ERROR_CODES } from "../errors.ts";
import { motionFramesSchema, motionSchema } from "../motion/motion.ts";

export const PROTOCOL = 1;

const runId = z.string().max(64);
const path = z.string().min(1);

/** What a finished video has to be. `fps` frames a second at a constant rate, `frames` of them. */
export const videoSpecSchema = z.strictObject({
  width: z.int().positive(),
  height: z.int().positive(),
  fps: z.number().positive(),
  frames: z.int().positive(),
});

/** What is written into the file's metadata: that a machine made it, which job and which engine. */
export const provenanceSchema = z.strictObject({ job: z.string(), engine: z.string(), version: z.string() });
export type Provenance = z.infer<typeof provenanceSchema>;

/**
 * `size`: "source" (long side ≤ 1280) or the side of a square crop around the face. `face`: index, largest first, or "all": every
 * face that can move does, each in its own time where the motion has no curves for it.
 */
export const animateParamsSchema = z.strictObject({
  size: z.union([z.literal("source"), z.literal(256), z.literal(512), z.literal(720), z.literal(1024)]),
  face: z.union([z.int().min(0), z.literal("all")]),
  intensity: z.number().min(0).max(1.5),
  seed: z.int().min(0).max(0xffffffff),
});
export type AnimateParams = z.infer<typeof animateParamsSchema>;

const imageInput = z.strictObject({ path, type: z.string() });

/**
 * Renders: reads `inputs`, writes the finished file to `outputs.video`, or leaves raw frames beside it and says so in its result.
 * The number of frames and their rate are the motion's.
 */
export const runRequestSchema = z.strictObject({
  type: z.literal("run"),
  run: runId,
  kind: z.literal("animate"),
  inputs: z.strictObject({ image: imageInput }),
  params: animateParamsSchema,
  motion: motionFramesSchema,
  outputs: z.strictObject({ video: path }),
  provenance: provenanceSchema,
});
export type RunRequest = z.infer<typeof runRequestSchema>;

/** Looks for faces in a picture. */
export const inspectRequestSchema = z.strictObject({
  type: z.literal("inspect"),
  run: runId,
  inputs: z.strictObject({ image: imageInput }),
});
export type InspectRequest = z.infer<typeof inspectRequestSchema>;

/**
 * Judges a finished file by itself, the curves that were asked and the picture that was given; it never sees what the engine
 * reported. Fails with one of the `check_…` codes. Below intensity 0.1 only decoding, shape and the face are asked for.
 * The width and height that are due follow from the picture and `params.size`.
 */
export const checkRequestSchema = z.strictObject({
  type: z.literal("check"),
  run: runId,
  kind: z.literal("animate"),
  file: path,
  inputs: z.strictObject({ image: imageInput }),
  params: animateParamsSchema,
  motion: motionFramesSchema,
});
export type CheckRequest = z.infer<typeof checkRequestSchema>;

/** Frame after frame, planar 4:2:0, BT.709 limited range, with no header and no padding. */
export const rawFramesSchema = z.strictObject({ path, pixels: z.literal("yuv420p") });
export type RawFrames = z.infer<typeof rawFramesSchema>;

/** Makes a file of raw frames: marks, encodes and muxes. */
export const finishRequestSchema = z.strictObject({
  type: z.literal("finish"),
  run: runId,
  frames: rawFramesSchema,
  spec: videoSpecSchema,
  outputs: z.strictObject({ video: path }),
  provenance: provenanceSchema,
});
export type FinishRequest = z.infer<typeof finishRequestSchema>;

/**
 * Reads how a face moves: in a video (MP4, MOV, WebM), a Live Link Face CSV, a file of MediaPipe blendshapes or of our own
 * Motions (JSON). What lies beyond `limits.seconds` is left out, with a warning.
 */
export const extractRequestSchema = z.strictObject({
  type: z.literal("extract"),
  run: runId,
  inputs: z.strictObject({ driving: z.strictObject({ path, type: z.string() }) }),
  limits: z.strictObject({ seconds: z.number().min(1).max(60) }),
});
export type ExtractRequest = z.infer<typeof extractRequestSchema>;

export const cancelRequestSchema = z.strictObject({ type: z.literal("cancel"), run: runId });

export const requestSchema = z.discriminatedUnion("type", [
  runRequestSchema,
  inspectRequestSchema,
  checkRequestSchema,
  finishRequestSchema,
  extractRequestSchema,
  cancelRequestSchema,
]);
export type EngineRequest = z.infer<typeof requestSchema>;
export type EngineTask = Exclude<EngineRequest, { type: "cancel" }>;

/** A face in a picture, in pixels of the upright picture. Angles in degrees with the signs of `motion.ts`. */
export const foundFaceSchema = z.strictObject({
  box: z.strictObject({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
  /** Distance of the outer eye corners, pixels: the unit E. */
  eyeDistance: z.number(),
  score: z.number(),
  pitch: z.number(),
  yaw: z.number(),
  roll: z.number(),
  /** 0–1: below 0.07 the face is blurred, from 0.2 on it is sharp. */
  sharpness: z.number(),
  /** Whether `animate` takes this face. */
  moves: z.boolean(),
});
export type FoundFace = z.infer<typeof foundFaceSchema>;

/** Milliseconds by stage, such as decode, detect, render, encode. */
export const timingsSchema = z.record(z.string(), z.number());

export const runResultSchema = z.strictObject({
  outputs: z.strictObject({
    video: videoSpecSchema,
    /** Set: no video was written but these frames, in the folder of `outputs.video`; the worker has them made into it (`finish`). */
    frames: rawFramesSchema.optional(),
  }),
  /** How many faces the picture has. */
  faces: z.int().min(0),
  /** Sentences for the user, such as that the crop was enlarged. */
  warnings: z.array(z.strictObject({ code: z.string(), detail: z.string() })),
  /** Channels of the motion that this engine cannot show. */
  ignoredChannels: z.array(z.string()),
  timings: timingsSchema,
});
export type RunResult = z.infer<typeof runResultSchema>;

export const inspectResultSchema = z.strictObject({
  width: z.int(),
  height: z.int(),
  /** EXIF orientation that the file carried, 1–8; `width` and `height` are after it was applied. */
  orientation: z.int(),
  faces: z.array(foundFaceSchema),
  /** What will not work, or only partly, and what would help; `face` is the index of the face that it is about. */
  warnings: z.array(z.strictObject({ face: z.int().optional(), code: z.string(), detail: z.string() })),
  timings: timingsSchema,
});
export type InspectResult = z.infer<typeof inspectResultSchema>;

export const checkResultSchema = z.strictObject({
  video: videoSpecSchema.extend({ duration: z.number(), bytes: z.int() }),
  timings: timingsSchema,
});
export type CheckResult = z.infer<typeof checkResultSchema>;

export const finishResultSchema = z.strictObject({ video: videoSpecSchema, timings: timingsSchema });
export type FinishResult = z.infer<typeof finishResultSchema>;

export const extractResultSchema = z.strictObject({
  /** Dense tracks of one face, at rest at the start; what never moves is left out. */
  motion: motionSchema,
  source: z.strictObject({
    kind: z.enum(["video", "livelink", "mediapipe", "motion"]),
    seconds: z.number(),
    /** Frames that were read, and their mean rate. */
    frames: z.int(),
    fps: z.number(),
    /** Size as shown, of a video. */
    width: z.int().optional(),
    height: z.int().optional(),
    /** Faces in the picture that the tracking began with, of a video. The largest is followed. */
    faces: z.int().optional(),
  }),
  warnings: z.array(z.strictObject({ code: z.string(), detail: z.string() })),
  timings: timingsSchema,
});
export type ExtractResult = z.infer<typeof extractResultSchema>;

/** The reply's `result` by request. */
export const resultSchemas = {
  run: runResultSchema,
  inspect: inspectResultSchema,
  check: checkResultSchema,
  finish: finishResultSchema,
  extract: extractResultSchema,
} as const;
export type ResultOf = {
  run: RunResult;
  inspect: InspectResult;
  check: CheckResult;
  finish: FinishResult;
  extract: ExtractResult;
};

export const readySchema = z.strictObject({
  type: z.literal("ready"),
  protocol: z.literal(PROTOCOL),
  engine: z.string(),
  version: z.string(),
  /** Kinds it can run; empty for a process that only offers services. */
  kinds: z.array(z.string()),
  services: z.array(z.enum(["inspect", "check", "finish", "extract"])),
  /** Runs at a time. */
  slots: z.int().positive(),
});
export type Ready = z.infer<typeof readySchema>;

export const progressSchema = z.strictObject({
  type: z.literal("progress"),
  run: runId,
  stage: z.string(),
  done: z.number().min(0),
  total: z.number().positive(),
});

export const doneSchema = z.strictObject({ type: z.literal("done"), run: runId, result: z.unknown() });

export const failedSchema = z.strictObject({
  type: z.literal("failed"),
  run: runId,
  code: z.enum(ERROR_CODES as [string, ...string[]]),
  /** A sentence for the user; what is not for them goes to stderr. */
  detail: z.string(),
});

export const replySchema = z.discriminatedUnion("type", [readySchema, progressSchema, doneSchema, failedSchema]);
export type EngineReply = z.infer<typeof replySchema>;

// What protocol 2 shares (`tasks/`, `services.ts`).
export const runIdSchema = runId;
export const filePathSchema = path;
/** A file of the job and its media type. */
export const fileSchema = z.strictObject({ path, type: z.string() });
export type EngineFile = z.infer<typeof fileSchema>;
/** Files by slot; each kind says which slots it has. */
export const inputsSchema = z.record(z.string(), z.array(fileSchema).min(1));
export type EngineInputs = z.infer<typeof inputsSchema>;
/** A sentence for the user about something that works only partly. */
export const warningSchema = z.strictObject({ code: z.string(), detail: z.string() });
export type Warning = z.infer<typeof warningSchema>;
export type VideoSpec = z.infer<typeof videoSpecSchema>;
