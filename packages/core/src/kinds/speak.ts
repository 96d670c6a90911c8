/** `speak`: a voice says a text. It takes no files. */
import { z } from "zod";
import { got } from "../errors/fields.ts";
import { SOUND_FORMAT_NAMES } from "../media/sound-formats.ts";
import { MAX_TEXT_CHARS } from "../speech/say-text.ts";
import { textParam } from "../speech/text-param.ts";
import { engineParam } from "./clip-params.ts";
import type { KindDefinition, KindEntry } from "./kind.ts";

/** Seconds of work for a character, on Lambda, and to begin with. */
const WORK_PER_CHARACTER = 0.006;
const WORK = 1;
const MAX_PRONOUNCED = 200;

export const speak: KindEntry = { name: "speak", worker: "engine", define: ({ engines }) => define(engines) };

function define(engines: string[]): KindDefinition {
  return {
    title: "A voice says a text",
    slots: {},
    params: paramsSchema(engines) as unknown as KindDefinition["params"],
    outputs: ["audio", "spoken"],
    example: { inputs: [], params: { text: "Good morning! How are you today?" } },
    estimateSeconds: ({ text }) => Math.round(10 * (WORK + String(text).length * WORK_PER_CHARACTER)) / 10,
  };
}

function paramsSchema(engines: string[]) {
  return z.strictObject({
    text: textParam(MAX_TEXT_CHARS).meta({ description: "What is said." }),
    voice: z.string().min(1).max(100).optional().meta({ description: "See `/v1/voices`. The language's when absent." }),
    language: z
      .string()
      .max(35)
      .regex(/^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$/, {
        error: ({ input }) => `must be a language such as en, hi or pt-BR${got(input)}`,
      })
      .optional()
      .meta({ description: "Of the text. By its script when absent, English for Latin letters." }),
    speed: z.number().min(0.5).max(2).default(1),
    pronounce: z
      .record(z.string().min(1).max(100), z.string().min(1).max(200))
      .refine((words) => Object.keys(words).length <= MAX_PRONOUNCED, { error: `at most ${MAX_PRONOUNCED} words` })
      .optional()
      .meta({ description: "How words are said: IPA between slashes, or a respelling." }),
    format: z
      .enum(SOUND_FORMAT_NAMES, {
        error: ({ input }) => `must be one of ${SOUND_FORMAT_NAMES.join(", ")}${got(input)}`,
      })
      .default(SOUND_FORMAT_NAMES[0])
      .meta({ description: "Of the output `audio`." }),
    engine: engineParam(engines),
  });
}
export type SpeakJobParams = z.infer<ReturnType<typeof paramsSchema>>;
