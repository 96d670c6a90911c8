/** Requests to the engine and the checker for jobs of the kind `insert`, and their results. */
import { z } from "zod";
import { warningsSchema } from "../../errors.ts";
import { MAX_MARKERS } from "../../kinds/insertion.ts";
import {
  audioSpecSchema,
  filePathSchema,
  fileSchema,
  provenanceSchema,
  runIdSchema,
  timingsSchema,
} from "../protocol.ts";
import { checkedVideoSchema } from "./clip-check.ts";

const asked = {
  run: runIdSchema,
  kind: z.literal("insert"),
  /** `survey`: of this video. `words`: a sound for each of its places, in their order. */
  inputs: z.strictObject({
    video: z.array(fileSchema).length(1),
    survey: z.array(fileSchema).length(1),
    words: z.array(fileSchema).min(1).max(MAX_MARKERS),
  }),
  /**
   * `fits`: whether the words are stretched or compressed to the time of what they replace. `gap_seconds`: silence after them, where
   * they are not. `as_long_as`: whether the sound is as long as the picture, or as what is heard in it.
   */
  params: z.strictObject({
    fits: z.boolean(),
    gap_seconds: z.number().min(0).max(2),
    as_long_as: z.enum(["picture", "sound"]),
  }),
};
/** One of the two. `video`: an MP4 with the very pictures of the video. `sound`: an MP3, or a WAV for further work. */
const outputs = z.strictObject({ video: filePathSchema.optional(), sound: filePathSchema.optional() });

const stretchSchema = z.strictObject({ from: z.number().min(0), to: z.number().min(0) });

/**
 * Puts words into the sound of a video, as loud as what they replace, and leaves the rest as it is. Fails with `words_too_long` where they
 * do not fit in however fast they are said.
 */
const insertRunSchema = z.strictObject({
  type: z.literal("run"),
  ...asked,
  outputs,
  provenance: provenanceSchema,
});
export type InsertRun = z.infer<typeof insertRunSchema>;

/**
 * `said`: where the words of each place are heard, s, how many times as fast as they came, and what was left out at their start, s: its
 * silence. `changed`: where anything else is heard than
 * in the video at that time.
 */
export const insertRunResultSchema = z.strictObject({
  said: z.array(stretchSchema.extend({ tempo: z.number().positive(), skipped: z.number().min(0) })),
  changed: z.array(stretchSchema),
  /** The most by which what is said in the video is heard later, s. */
  later: z.number().min(0),
  warnings: warningsSchema,
  timings: timingsSchema,
});
export type InsertRunResult = z.infer<typeof insertRunResultSchema>;

/**
 * Listens to a finished file by itself: whether each place says the words that were given, whether all else is the sound of the video,
 * and whether sound and picture are as long as they should be. `picture`: `same` where it has to be the very pictures of the video; those of
 * another are judged by another check. Fails with `check_other_words`, or one of the other `check_…` codes.
 */
const insertCheckSchema = z.strictObject({
  type: z.literal("check"),
  ...asked,
  picture: z.enum(["same", "other"]),
  files: outputs,
});
export type InsertCheck = z.infer<typeof insertCheckSchema>;

/** `likenesses`: of what is heard at each place to its words, 0–1. */
export const insertCheckResultSchema = z.strictObject({
  video: checkedVideoSchema.extend({ audio: audioSpecSchema }).optional(),
  sound: audioSpecSchema.extend({ duration: z.number(), bytes: z.int() }).optional(),
  likenesses: z.array(z.number()),
  warnings: warningsSchema.default([]),
  timings: timingsSchema,
});
export type InsertCheckResult = z.infer<typeof insertCheckResultSchema>;

export const insertTask = {
  run: insertRunSchema,
  result: insertRunResultSchema,
  check: insertCheckSchema,
  checkResult: insertCheckResultSchema,
};
