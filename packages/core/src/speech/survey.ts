/** What is known of a video once it was surveyed, before words are put into it. Times in seconds of the video's own clock, 0 at its first frame. */
import { z } from "zod";
import { MAX_SPOKEN } from "./spoken.ts";

const seconds = z.number().min(0).max(3600);

/** `loudness`: LUFS by EBU R 128; null where there is too little to measure. */
const spanSchema = z.strictObject({ from: seconds, to: seconds, loudness: z.number().nullable() });

/** Where words go. `marker`: what is said there now, where that was found by its text. `from` = `to`: nothing is replaced, the words are put in there. */
const placeSchema = spanSchema.extend({ marker: z.string().max(60).nullable() });

/**
 * `film`: as the service `film` tells it. `speech`: what lies between silences, in order of time. `places`: in order of time, at least one.
 */
export const surveySchema = z.strictObject({
  film: z.strictObject({
    width: z.int().positive(),
    height: z.int().positive(),
    fps: z.number().positive(),
    even: z.boolean(),
    frames: z.int().positive(),
    seconds: z.number().positive(),
    begins: z.number().min(0),
  }),
  speech: z.array(spanSchema).max(MAX_SPOKEN),
  places: z.array(placeSchema).min(1).max(20),
});
export type Survey = z.infer<typeof surveySchema>;
