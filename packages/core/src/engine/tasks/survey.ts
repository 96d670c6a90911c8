/** Requests to the engine and the checker for jobs of the kind `survey`, and their results. */
import { z } from "zod";
import { warningsSchema } from "../../errors.ts";
import { MAX_MARKERS, markerSchema } from "../../kinds/insertion.ts";
import { inlineOrPath } from "../../motion/motion-file.ts";
import { spokenSchema } from "../../speech/spoken.ts";
import { surveyedFilmSchema } from "../../speech/survey.ts";
import { filePathSchema, fileSchema, provenanceSchema, runIdSchema, timingsSchema } from "../protocol.ts";

const saidSchema = z.strictObject({ sound: fileSchema, spoken: inlineOrPath(spokenSchema) });
/**
 * `survey`: JSON as `core/speech/survey.ts` has it. `track`: JSON of where the face is in every frame, as the engine itself reads it again.
 * `pictures`: an MP4 of the video's pictures in short groups, which can be copied one by one; written only where those of the video cannot.
 */
const outputs = z.strictObject({
  survey: filePathSchema,
  track: filePathSchema.optional(),
  pictures: filePathSchema.optional(),
});

/**
 * Finds where somebody speaks in a video, and where words are to go. Speech is what lies between silences, as FFmpeg's `silencedetect`
 * has them (`silence_db`, `silence_seconds`).
 *
 * - `film`: what the service `film` has told of the video.
 * - `place`: `first`: what is said first. `beside`: with `name_position` start all up to its end, with `end` the end of what is said
 *   last. `markers`: where the words of `markers` are said, in their order.
 * - `text`: a voice that says what is said in the video, and its times: the markers are found by it.
 * - `said`: without a text, a voice that says each of the markers.
 * - `face`: which face is followed, 0 is the largest, where `outputs.track` is asked for, without which there is no `outputs.pictures`.
 * - `copies`: whether the pictures will be copied into an MP4 as they are: `unsupported_type` where an MP4 does not take them.
 *
 * Fails with `no_speech` where there is nothing to be heard, `marker_not_found`, or as following a face does.
 */
const surveyRunSchema = z.strictObject({
  type: z.literal("run"),
  run: runIdSchema,
  kind: z.literal("survey"),
  inputs: z.strictObject({ video: z.array(fileSchema).length(1) }),
  film: surveyedFilmSchema,
  params: z.strictObject({
    place: z.enum(["beside", "first", "markers"]),
    name_position: z.enum(["start", "end"]),
    silence_db: z.number(),
    silence_seconds: z.number().positive(),
    markers: z.array(markerSchema).max(MAX_MARKERS).default([]),
    face: z.int().min(0).max(99).default(0),
    copies: z.boolean().default(false),
  }),
  text: saidSchema.optional(),
  said: z.array(saidSchema).max(MAX_MARKERS).optional(),
  outputs,
  provenance: provenanceSchema,
});
export type SurveyRun = z.infer<typeof surveyRunSchema>;

/** `pictures`: whether they were written. */
export const surveyRunResultSchema = z.strictObject({
  pictures: z.boolean(),
  warnings: warningsSchema,
  timings: timingsSchema,
});
export type SurveyRunResult = z.infer<typeof surveyRunResultSchema>;

/** Judges a survey by itself: that it can be read, and that its places lie within the video, one after another, as many as were asked for. */
const surveyCheckSchema = z.strictObject({
  type: z.literal("check"),
  run: runIdSchema,
  kind: z.literal("survey"),
  film: surveyedFilmSchema,
  /** How many places it has to have. */
  places: z.int().positive(),
  files: outputs,
});
export type SurveyCheck = z.infer<typeof surveyCheckSchema>;

export const surveyCheckResultSchema = z.strictObject({
  survey: z.strictObject({ bytes: z.int(), places: z.int() }),
  track: z.strictObject({ bytes: z.int() }).optional(),
  pictures: z.strictObject({ bytes: z.int() }).optional(),
  warnings: warningsSchema.default([]),
  timings: timingsSchema,
});
export type SurveyCheckResult = z.infer<typeof surveyCheckResultSchema>;

export const surveyTask = {
  run: surveyRunSchema,
  result: surveyRunResultSchema,
  check: surveyCheckSchema,
  checkResult: surveyCheckResultSchema,
};
