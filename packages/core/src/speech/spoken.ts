/** When what was said: the times of words and phones in a sound, as a voice reports them. */
import { z } from "zod";

/** Generous for five minutes of the fastest speaker. */
const MAX_PHONES = 20_000;
const seconds = z.number().min(0).max(3600);

/** A word as it was written, and when it was said. */
const spokenWordSchema = z.strictObject({ text: z.string().max(200), start: seconds, end: seconds });

/** A phone in IPA, without stress; an empty one is a pause. */
const spokenPhoneSchema = z.strictObject({ phone: z.string().max(16), start: seconds, end: seconds });
export type SpokenPhone = z.infer<typeof spokenPhoneSchema>;

/** In order of time, without overlap. Either list is empty where the voice does not tell. */
export const spokenSchema = z.strictObject({
  words: z.array(spokenWordSchema).max(MAX_PHONES),
  phones: z.array(spokenPhoneSchema).max(MAX_PHONES),
});
export type Spoken = z.infer<typeof spokenSchema>;
