/** Params that the kinds in which a voice says a text have in common; the text is `textParam` (core/speech/text-param.ts). */
import { z } from "zod";
import { got } from "../errors/fields.ts";

const MAX_PRONOUNCED = 200;
/** Neither control characters nor halves of characters. */
const PLAIN = /^[^\p{Cc}\p{Cs}]*$/u;
const notPlain = { error: "has a control character, or half of a character" };

export const voiceParam = z
  .string()
  .min(1)
  .max(100)
  .regex(PLAIN, notPlain)
  .optional()
  .meta({ description: "See `/v1/voices`. The language's when absent." });

export const languageParam = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$/, {
    error: ({ input }) => `must be a language such as en, hi or pt-BR${got(input)}`,
  })
  .optional()
  .meta({ description: "Of the text. By its script when absent, English for Latin letters." });

export const pronounceParam = z
  .record(z.string().min(1).max(100).regex(PLAIN, notPlain), z.string().min(1).max(200).regex(PLAIN, notPlain))
  .refine((words) => Object.keys(words).length <= MAX_PRONOUNCED, { error: `at most ${MAX_PRONOUNCED} words` })
  .optional()
  .meta({ description: "How words are said: IPA between slashes, or a respelling." });

/** Params of a voice that speaks with the client's own key (core/speech/keyed-voice.ts). The key is secret. */
export function keyedVoiceParams() {
  return {
    voice_key: z
      .string()
      .max(500)
      .regex(/^[\x21-\x7e]+$/, { error: "must be printable ASCII without spaces" })
      .optional()
      .meta({ description: "Your own key of the provider of `voice`, such as `elevenlabs:<voice id>`." }),
    voice_model: z
      .string()
      .min(1)
      .max(100)
      .regex(PLAIN, notPlain)
      .optional()
      .meta({ description: "With `voice_key`: the provider's model that speaks. The operator's when absent." }),
  };
}
