/** What is known of a video once it was surveyed, before words are put into it. Times in seconds of the video's own clock, 0 at its first frame. */
import { z } from "zod";
import { filmResultSchema } from "../engine/speech-services.ts";
import { MAX_SPOKEN } from "./spoken.ts";

const seconds = z.number().min(0).max(3600);
const stretchSchema = z.strictObject({ from: seconds, to: seconds });

/** `loudness`: LUFS by EBU R 128; null where there is too little to measure. */
const spanSchema = stretchSchema.extend({ loudness: z.number().nullable() });

/**
 * Where words go. `marker`: what is said there now, where that was found by its text. `from` = `to`: nothing is replaced, the words are put
 * in there. `cut`: what has to go with it so that nothing of the old words is left, such as the end of a sound that fades.
 */
const placeSchema = spanSchema.extend({ marker: z.string().max(60).nullable(), cut: stretchSchema });
export type Place = z.infer<typeof placeSchema>;

export const surveyedFilmSchema = filmResultSchema
  .pick({ width: true, height: true, fps: true, even: true, frames: true, seconds: true })
  .extend({ begins: z.number().min(0) });

/**
 * `film`: as the service `film` tells it. `sound`: how long it lasts from the first frame on, and the longest stretch in which only the room
 * is heard. `speech`: what lies between silences, in order of time. `places`: in order of time, at least one.
 */
export const surveySchema = z.strictObject({
  film: surveyedFilmSchema,
  sound: z.strictObject({ seconds, channels: z.literal([1, 2]), room: stretchSchema.nullable() }),
  speech: z.array(spanSchema).max(MAX_SPOKEN),
  places: z.array(placeSchema).min(1).max(20),
});
export type Survey = z.infer<typeof surveySchema>;
