/** Requests to the engine and the checker for jobs of the kind `animate`, and their results. */
import { z } from "zod";
import { clipped, clippedList, warningsSchema } from "../../errors.ts";
import { motionInputSchema } from "../../motion/motion-file.ts";
import {
  clipFilesSchema,
  clipOutputsSchema,
  fileSchema,
  provenanceSchema,
  rawFramesSchema,
  runIdSchema,
  timingsSchema,
  videoSpecSchema,
} from "../protocol.ts";
import { castSchema } from "../services.ts";
import { checkedMarkSchema, checkedVideoSchema, clipCheckParts } from "./clip-check.ts";

const asked = {
  run: runIdSchema,
  kind: z.literal("animate"),
  inputs: z.strictObject({ image: z.array(fileSchema).length(1) }),
  /** Who moves and what becomes the frame: the result of the service `cast` for this picture. */
  cast: castSchema,
  /** One entry of curves for each mover of the cast, as `motionOfCast` gives them. Its frames and rate are the video's. */
  motion: motionInputSchema,
};
const intensity = z.number().min(0).max(1.5);

/**
 * Renders the motion on the movers of the cast and writes the finished video to `outputs.video`, or leaves raw frames beside it and
 * says so in its result. The ending of `outputs.video` is that of one of `CLIP_FORMATS`; raw frames are the same for all of them. Who
 * writes the video writes the poster, too. The motion has its intensity in it already; `intensity` is for an engine's own track of a driving clip.
 * `seed`: chance in all that the motion leaves open.
 */
const animateRunSchema = z.strictObject({
  type: z.literal("run"),
  ...asked,
  params: z.strictObject({ intensity, seed: z.int().min(0).max(0xffffffff) }),
  outputs: clipOutputsSchema,
  provenance: provenanceSchema,
});
export type AnimateRun = z.infer<typeof animateRunSchema>;

export const animateRunResultSchema = z.strictObject({
  outputs: z.strictObject({
    video: videoSpecSchema,
    /** Set: no video was written but these frames, in the folder of `outputs.video`; the worker has them made into it (`finish`). */
    frames: rawFramesSchema.optional(),
  }),
  warnings: warningsSchema,
  /** Channels of the motion that this engine cannot show. */
  ignoredChannels: clippedList(clipped(60), 100),
  timings: timingsSchema,
});
export type AnimateRunResult = z.infer<typeof animateRunResultSchema>;

/**
 * Judges a finished video by itself, the curves, the cast and the picture; it never sees what the engine reported. Fails with one of
 * the `check_…` codes where the video is certainly wrong; what came out weaker than asked is a warning. Below intensity 0.1 only
 * decoding, shape and the face are asked for.
 */
const animateCheckSchema = z.strictObject({
  type: z.literal("check"),
  ...asked,
  params: z.strictObject({ intensity }),
  files: clipFilesSchema,
  mark: checkedMarkSchema,
});
export type AnimateCheck = z.infer<typeof animateCheckSchema>;

export const animateCheckResultSchema = z.strictObject({
  video: checkedVideoSchema,
  ...clipCheckParts,
});
export type AnimateCheckResult = z.infer<typeof animateCheckResultSchema>;

export const animateTask = {
  run: animateRunSchema,
  result: animateRunResultSchema,
  check: animateCheckSchema,
  checkResult: animateCheckResultSchema,
};
