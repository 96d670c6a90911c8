/** Requests to the engine and the checker for jobs of the kind `convert`, and their results. */
import { z } from "zod";
import { X264_PRESETS } from "../../kinds/convert.ts";
import {
  audioSpecSchema,
  filePathSchema,
  fileSchema,
  posterOrderSchema,
  provenanceSchema,
  runIdSchema,
  videoSpecSchema,
} from "../protocol.ts";
import { checkedVideoSchema, clipCheckParts, videoRunResultSchema } from "./clip-check.ts";

const inputs = z.strictObject({ video: z.array(fileSchema).length(1) });
/**
 * `spec`: the shape of the result. `even`: whether its frames are evenly apart; otherwise each keeps its time, and rate and number are those of
 * the input.
 */
const shape = { spec: videoSpecSchema, even: z.boolean() };
const outputs = z.strictObject({ video: filePathSchema, poster: posterOrderSchema.optional() });

/**
 * Writes a video as an MP4 with H.264 and AAC: upright, square pixels, BT.709, the index first. The sound is the input's, from the first
 * frame on and no longer than the pictures; without one there is none. Fails with what is wrong with the input (`input: "video"`).
 */
const convertRunSchema = z.strictObject({
  type: z.literal("run"),
  run: runIdSchema,
  kind: z.literal("convert"),
  inputs,
  params: z.strictObject({
    ...shape,
    /** Of x264. */
    crf: z.int().min(1).max(51),
    preset: z.enum(X264_PRESETS),
    /** Of the sound, bits a second. */
    soundBitRate: z.int().positive(),
  }),
  outputs,
  provenance: provenanceSchema,
});
export type ConvertRun = z.infer<typeof convertRunSchema>;

export const convertRunResultSchema = videoRunResultSchema;
export type ConvertRunResult = z.infer<typeof convertRunResultSchema>;

/**
 * Judges a finished video beside the given one. Fails with one of the `check_…` codes where it does not decode, has another size, rate or
 * duration, or where the sound is missing, another, or not in its place.
 */
const convertCheckSchema = z.strictObject({
  type: z.literal("check"),
  run: runIdSchema,
  kind: z.literal("convert"),
  inputs,
  /** `seconds`: how long the given video lasts. */
  params: z.strictObject({ ...shape, seconds: z.number().positive() }),
  files: outputs,
});
export type ConvertCheck = z.infer<typeof convertCheckSchema>;

/** `audio`: absent where there is no sound. */
export const convertCheckResultSchema = z.strictObject({
  video: checkedVideoSchema.extend({ audio: audioSpecSchema.optional() }),
  ...clipCheckParts,
});
export type ConvertCheckResult = z.infer<typeof convertCheckResultSchema>;

export const convertTask = {
  run: convertRunSchema,
  result: convertRunResultSchema,
  check: convertCheckSchema,
  checkResult: convertCheckResultSchema,
};
