/** Requests to the engine and the checker for jobs of the kind `lipsync`, and their results. */
import { z } from "zod";
import { motionInputSchema } from "../../motion/motion-file.ts";
import { syncSchema, timesSchema } from "../../speech/sync.ts";
import {
  audioSpecSchema,
  filePathSchema,
  fileSchema,
  posterOrderSchema,
  provenanceSchema,
  runIdSchema,
} from "../protocol.ts";
import { checkedVideoSchema, clipCheckParts, videoRunResultSchema } from "./clip-check.ts";

const asked = {
  run: runIdSchema,
  kind: z.literal("lipsync"),
  /** `audio`: what is heard in the result, as `mix` has written it: 48 kHz WAV, its first sample at the first frame. */
  inputs: z.strictObject({
    video: z.array(fileSchema).length(1),
    audio: z.array(fileSchema).length(1),
    /** Where the face is in every frame, as an earlier run of this engine has written it (`survey`): then it is not looked for again. */
    track: z.array(fileSchema).max(1).optional(),
    /** The pictures of the video in groups that can be copied, as `survey` has written them: what stays as it is comes from there. */
    pictures: z.array(fileSchema).max(1).optional(),
  }),
  /** Curves of the one face that speaks, at the frames of the result. Its head and eyes stay those of the video. */
  motion: motionInputSchema,
};
/**
 * `sync`: which frame of the video is shown in each frame of the result. `times`: when each of these is shown, and when the last one ends,
 * where they are not evenly apart, s. `face`: which face speaks, 0 is the largest in the first frame. `spans`: outside of them every frame
 * stays as it is, whatever the motion says, s of the result.
 */
const params = {
  sync: syncSchema,
  times: timesSchema.optional(),
  face: z.int().min(0).max(99),
  spans: z
    .array(z.strictObject({ from: z.number().min(0), to: z.number().min(0) }))
    .min(1)
    .max(1000)
    .optional(),
};
const outputs = { video: filePathSchema, poster: posterOrderSchema.optional() };

/**
 * Makes the person say what the motion says, in the size and at the times of the video, and leaves everything but the lower part of the face as it is.
 * Where the face is lost, small or turned away the frame stays as it is, with a warning that names the seconds. Fails with `no_face`,
 * `face_not_there`, `face_too_small`, or `mouth_not_seen` where the lips hardly part and none can be drawn either; a mouth that is drawn warns.
 */
const lipsyncRunSchema = z.strictObject({
  type: z.literal("run"),
  ...asked,
  params: z.strictObject(params),
  outputs: z.strictObject(outputs),
  provenance: provenanceSchema,
});
export type LipsyncRun = z.infer<typeof lipsyncRunSchema>;

export const lipsyncRunResultSchema = videoRunResultSchema;
export type LipsyncRunResult = z.infer<typeof lipsyncRunResultSchema>;

/**
 * Judges a finished video by itself, the curves, the video that was given and the sound. Fails with one of the `check_…` codes where it
 * is certainly wrong: it does not decode, has another shape, duration or face, was changed beside the mouth, has lips that do not follow
 * the curves, or a sound that is missing or at another time. What came out weaker is a warning with its figures.
 */
const lipsyncCheckSchema = z.strictObject({
  type: z.literal("check"),
  ...asked,
  params: z.strictObject({
    ...params,
    speechShare: z.number().min(0).max(1),
    /** A service elsewhere has made it, which moves the mouth by its own lights: where that differs it is told, not refused. */
    elsewhere: z.boolean().optional(),
    /** Whether its pictures have a sign that says "AI". */
    label: z.boolean().optional(),
  }),
  files: z.strictObject(outputs),
});
export type LipsyncCheck = z.infer<typeof lipsyncCheckSchema>;

export const lipsyncCheckResultSchema = z.strictObject({
  video: checkedVideoSchema.extend({ audio: audioSpecSchema }),
  ...clipCheckParts,
});
export type LipsyncCheckResult = z.infer<typeof lipsyncCheckResultSchema>;

export const lipsyncTask = {
  run: lipsyncRunSchema,
  result: lipsyncRunResultSchema,
  check: lipsyncCheckSchema,
  checkResult: lipsyncCheckResultSchema,
};
