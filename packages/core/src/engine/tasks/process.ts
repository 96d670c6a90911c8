/** Requests to the engine and the checker for jobs of the kinds `process_image` and `process_video`, and their results. */
import { z } from "zod";
import { clippedList, warningSchema, warningsSchema } from "../../errors.ts";
import { PROCESSOR_NAMES, processorStepSchema } from "../../faces/processors.ts";
import { SCALE } from "../../faces/scale.ts";
import { detectorSchema, executionSchema, faceSchema, facesSchema } from "../../faces/selection.ts";
import { motionInputSchema } from "../../motion/motion-file.ts";
import { syncSchema, timesSchema } from "../../speech/sync.ts";
import {
  audioSpecSchema,
  filePathSchema,
  fileSchema,
  posterOrderSchema,
  provenanceSchema,
  runIdSchema,
  timingsSchema,
  videoSpecSchema,
} from "../protocol.ts";
import { checkedVideoSchema, clipCheckParts } from "./clip-check.ts";

const MAX_STEPS = 10;
const MAX_SOURCES = 8;
const MOST_LEFT = 20;

/** `source`: pictures, and at most one sound, for the steps that take one. */
const inputs = z.strictObject({ target: z.array(fileSchema).length(1), source: z.array(fileSchema).max(MAX_SOURCES) });
const steps = {
  /** In order. Each is one of those that the engine offers. */
  processors: z.array(processorStepSchema).min(1).max(MAX_STEPS),
  /** `face`: with `reference`. */
  faces: facesSchema,
  face: faceSchema.default(0),
  detector: detectorSchema,
};
/** `scale`: of the result, percent of the upright target. */
const pictured = { ...steps, scale: z.int().min(SCALE.least).max(SCALE.most) };
/**
 * What the sound in `source` says, for engines that offer the service `listen`: curves of a face from the sound's first sample on, how it
 * is fitted to the target, and the share of it that is speech. The sound is then the WAV that `listen` has written.
 */
const speechSchema = z.strictObject({
  motion: motionInputSchema,
  sync: syncSchema,
  share: z.number().min(0).max(1),
});
export type SpeechInput = z.infer<typeof speechSchema>;

/**
 * `spec`: the shape of the result; each of its frames shows the frame of the target that is nearest in time. `times`: when each frame is
 * shown, and when the last one ends, where they are not evenly apart, s.
 */
const filmed = { ...steps, spec: videoSpecSchema, times: timesSchema.optional(), speech: speechSchema.optional() };
/** `changed`: frames of the result that the engine says it has changed. `label`: whether its pictures have a sign that says "AI". */
const told = { changed: z.int().min(0), label: z.boolean().optional() };

const count = z.int().min(0);

/**
 * What became of the frames; a picture has one. `left`: why faces were left as they were, by a code of the step, and in how many frames.
 * `noEffect`: the steps that have changed nothing anywhere.
 */
const outcome = {
  frames: z.strictObject({
    total: count,
    changed: count,
    left: clippedList(warningSchema.extend({ frames: count }), MOST_LEFT),
  }),
  noEffect: z.array(z.enum(PROCESSOR_NAMES)).max(MAX_STEPS),
  warnings: warningsSchema,
  timings: timingsSchema,
};
export type Outcome = Pick<ProcessImageResult, "frames" | "noEffect" | "warnings">;

/**
 * Has the faces of a picture go through the steps. The result is upright, sRGB, without metadata but the mark that a machine made it:
 * a JPEG (quality 95, 4:4:4) or a PNG, whose alpha is the target's, as the ending of its name says (faces/result-type.ts). Fails with `no_face` where a step needs one, `face_not_there`, what its steps refuse, and what is wrong with a file (`input`).
 */
const imageRunSchema = z.strictObject({
  type: z.literal("run"),
  run: runIdSchema,
  kind: z.literal("process_image"),
  inputs,
  params: z.strictObject({ ...pictured, execution: executionSchema }),
  outputs: z.strictObject({ image: filePathSchema }),
  provenance: provenanceSchema,
});
export type ProcessImageRun = z.infer<typeof imageRunSchema>;

const side = z.int().positive();
const madeImageSchema = z.strictObject({ type: z.enum(["image/jpeg", "image/png"]), width: side, height: side });
export const processImageResultSchema = z.strictObject({
  outputs: z.strictObject({ image: madeImageSchema }),
  ...outcome,
});
export type ProcessImageResult = z.infer<typeof processImageResultSchema>;

/**
 * Judges a finished picture beside the target. Fails with one of the `check_…` codes where it is certainly wrong: it does not decode, has
 * another type or size, was changed far from faces where no step works on whole frames, or shows nothing new although it was said to.
 */
const imageCheckSchema = z.strictObject({
  type: z.literal("check"),
  run: runIdSchema,
  kind: z.literal("process_image"),
  inputs,
  params: z.strictObject({ ...pictured, ...told }),
  files: z.strictObject({ image: filePathSchema }),
});
export type ProcessImageCheck = z.infer<typeof imageCheckSchema>;

export const processImageCheckResultSchema = z.strictObject({
  image: madeImageSchema.extend({ bytes: z.int() }),
  warnings: warningsSchema,
  timings: timingsSchema,
});
export type ProcessImageCheckResult = z.infer<typeof processImageCheckResultSchema>;

/**
 * The same for a video, frame by frame. Faces are followed through it. The sound is the target's, from the first frame on and no longer
 * than the result, or where a step takes a sound, that one. Fails with `no_face` where a step needs one and no frame has any.
 */
const videoRunSchema = z.strictObject({
  type: z.literal("run"),
  run: runIdSchema,
  kind: z.literal("process_video"),
  inputs,
  params: z.strictObject({ ...filmed, execution: executionSchema }),
  outputs: z.strictObject({ video: filePathSchema, poster: posterOrderSchema.optional() }),
  provenance: provenanceSchema,
});
export type ProcessVideoRun = z.infer<typeof videoRunSchema>;

export const processVideoResultSchema = z.strictObject({
  outputs: z.strictObject({ video: videoSpecSchema }),
  ...outcome,
});
export type ProcessVideoResult = z.infer<typeof processVideoResultSchema>;

/** Judges a finished video as `process_image` is judged, and its rate, number of frames and sound. */
const videoCheckSchema = z.strictObject({
  type: z.literal("check"),
  run: runIdSchema,
  kind: z.literal("process_video"),
  inputs,
  params: z.strictObject({ ...filmed, ...told }),
  files: z.strictObject({ video: filePathSchema, poster: posterOrderSchema.optional() }),
});
export type ProcessVideoCheck = z.infer<typeof videoCheckSchema>;

/** `audio`: absent where there is no sound. */
export const processVideoCheckResultSchema = z.strictObject({
  video: checkedVideoSchema.extend({ audio: audioSpecSchema.optional() }),
  ...clipCheckParts,
});
export type ProcessVideoCheckResult = z.infer<typeof processVideoCheckResultSchema>;

export const processImageTask = {
  run: imageRunSchema,
  result: processImageResultSchema,
  check: imageCheckSchema,
  checkResult: processImageCheckResultSchema,
};

export const processVideoTask = {
  run: videoRunSchema,
  result: processVideoResultSchema,
  check: videoCheckSchema,
  checkResult: processVideoCheckResultSchema,
};
