/** Requests to the engine and the checker for jobs of the kind `previews`, and their results. */
import { z } from "zod";
import { clipped, clippedList, warningsSchema } from "../../errors.ts";
import { motionInputSchema } from "../../motion/motion-file.ts";
import { filePathSchema, fileSchema, provenanceSchema, runIdSchema, timingsSchema } from "../protocol.ts";
import { castSchema } from "../services.ts";
import { checkedVideoSchema } from "./clip-check.ts";

/** `motion` as that of `animate`. `video`: where the clip is written, or lies: an MP4. */
const clipSchema = z.strictObject({ name: z.string().max(40), motion: motionInputSchema, video: filePathSchema });
export type PreviewClip = z.infer<typeof clipSchema>;

const asked = {
  run: runIdSchema,
  kind: z.literal("previews"),
  inputs: z.strictObject({ image: z.array(fileSchema).length(1) }),
  cast: castSchema,
};

/**
 * Opens the picture once and renders the clips one after another, each as a run of `animate` with this cast, motion and seed would be.
 * As soon as the file of one is finished, the engine says `output` with its name.
 */
const previewsRunSchema = z.strictObject({
  type: z.literal("run"),
  ...asked,
  params: z.strictObject({ seed: z.int().min(0).max(0xffffffff) }),
  clips: z.array(clipSchema).min(1).max(1000),
  provenance: provenanceSchema,
});
export type PreviewsRun = z.infer<typeof previewsRunSchema>;

export const previewsRunResultSchema = z.strictObject({
  warnings: warningsSchema,
  /** Channels of the motions that this engine cannot show. */
  ignoredChannels: clippedList(clipped(60), 100),
  timings: timingsSchema,
});
export type PreviewsRunResult = z.infer<typeof previewsRunResultSchema>;

/**
 * Judges one of the clips, while others may still be rendered. A light check: that it decodes, has its shape and length, begins with
 * the face of the picture, and moves while its curves do. How well it moves as asked is for the check of `animate`.
 */
const previewsCheckSchema = z.strictObject({ type: z.literal("check"), ...asked, clip: clipSchema });
export type PreviewsCheck = z.infer<typeof previewsCheckSchema>;

export const previewsCheckResultSchema = z.strictObject({ video: checkedVideoSchema, timings: timingsSchema });
export type PreviewsCheckResult = z.infer<typeof previewsCheckResultSchema>;

export const previewsTask = {
  run: previewsRunSchema,
  result: previewsRunResultSchema,
  check: previewsCheckSchema,
  checkResult: previewsCheckResultSchema,
};
