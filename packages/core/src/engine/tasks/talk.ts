/** Requests to the engine and the checker for jobs of the kind `talk`, and their results. */
import { z } from "zod";
import { motionInputSchema } from "../../motion/motion-file.ts";
import {
  audioSpecSchema,
  clipFilesSchema,
  clipOutputsSchema,
  fileSchema,
  provenanceSchema,
  runIdSchema,
} from "../protocol.ts";
import { castSchema } from "../services.ts";
import { animateRunResultSchema } from "./animate.ts";
import { checkedMarkSchema, checkedVideoSchema, clipCheckParts } from "./clip-check.ts";

const asked = {
  run: runIdSchema,
  kind: z.literal("talk"),
  /** `audio`: the sound as `listen` has written it: 48 kHz WAV, its first sample at the first frame. */
  inputs: z.strictObject({ image: z.array(fileSchema).length(1), audio: z.array(fileSchema).length(1) }),
  cast: castSchema,
  /** One entry of curves for each mover of the cast; silent faces have curves of their own. Its frames and rate are the video's. */
  motion: motionInputSchema,
};

/** As `animate`, with the sound in the file. An engine that leaves raw frames leaves the sound to the worker. */
const talkRunSchema = z.strictObject({
  type: z.literal("run"),
  ...asked,
  params: z.strictObject({ seed: z.int().min(0).max(0xffffffff) }),
  outputs: clipOutputsSchema,
  provenance: provenanceSchema,
});
export type TalkRun = z.infer<typeof talkRunSchema>;

export const talkRunResultSchema = animateRunResultSchema;
export type TalkRunResult = z.infer<typeof talkRunResultSchema>;

/**
 * Judges a finished video by itself, the curves, the cast, the picture and the sound. Fails with one of the `check_…` codes where it is
 * certainly wrong: it does not decode, has another shape or duration, another face, a mouth that stays still under speech, a sound
 * that is missing or at another time. What came out weaker than asked is a warning with its figures.
 */
const talkCheckSchema = z.strictObject({
  type: z.literal("check"),
  ...asked,
  params: z.strictObject({ speechShare: z.number().min(0).max(1) }),
  files: clipFilesSchema,
  mark: checkedMarkSchema,
});
export type TalkCheck = z.infer<typeof talkCheckSchema>;

export const talkCheckResultSchema = z.strictObject({
  video: checkedVideoSchema.extend({ audio: audioSpecSchema }),
  ...clipCheckParts,
});
export type TalkCheckResult = z.infer<typeof talkCheckResultSchema>;

export const talkTask = {
  run: talkRunSchema,
  result: talkRunResultSchema,
  check: talkCheckSchema,
  checkResult: talkCheckResultSchema,
};
