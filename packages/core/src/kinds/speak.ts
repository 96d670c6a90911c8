/** `speak`: a voice says a text. It takes no files. */
import { z } from "zod";
import { got } from "../errors/fields.ts";
import { SOUND_FORMAT_NAMES } from "../media/sound-formats.ts";
import { MAX_TEXT_CHARS } from "../speech/say-text.ts";
import { textParam } from "../speech/text-param.ts";
import { engineParam } from "./clip-params.ts";
import type { KindDefinition, KindEntry } from "./kind.ts";
import { languageParam, pronounceParam, voiceParam } from "./voice-params.ts";

/** Seconds of work for a character, on Lambda, and to begin with. */
const WORK_PER_CHARACTER = 0.006;
const WORK = 1;

export const speak: KindEntry = { name: "speak", worker: "engine", define: ({ engines }) => define(engines) };

function define(engines: string[]): KindDefinition {
  return {
    title: "A voice says a text",
    slots: {},
    params: paramsSchema(engines) as unknown as KindDefinition["params"],
    sale: "free",
    outputs: ["audio", "spoken"],
    example: { inputs: [], params: { text: "Good morning! How are you today?" } },
    estimateSeconds: ({ text }) => Math.round(10 * (WORK + String(text).length * WORK_PER_CHARACTER)) / 10,
  };
}

function paramsSchema(engines: string[]) {
  return z.strictObject({
    text: textParam(MAX_TEXT_CHARS).meta({ description: "What is said." }),
    voice: voiceParam,
    language: languageParam,
    speed: z.number().min(0.5).max(2).default(1),
    pronounce: pronounceParam,
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
