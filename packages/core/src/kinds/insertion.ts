/** What the kinds have in common that put words into a video: where they go, and who says them how. */
import { z } from "zod";
import { textParam } from "../speech/text-param.ts";
import { TIER_NAMES, TIERS } from "./tiers.ts";
import { languageParam, pronounceParam, voiceParam } from "./voice-params.ts";

/** Characters of a recipient's words, and of what is said in the whole video. */
export const MAX_WORDS_CHARS = 500;
const MAX_BASE_CHARS = 6000;
export const MAX_MARKERS = 20;

/** A word of the video in whose place others are said. */
export const markerSchema = z
  .string()
  .min(1)
  .max(60)
  .regex(/^[^\p{Cc}\p{Cs},]+$/u, {
    error: "must be what is said there, such as NAME1, without a comma",
  });

export function insertionParams() {
  return {
    tier: z
      .enum(TIER_NAMES)
      .default(TIER_NAMES[0])
      .meta({ description: TIERS.map(({ name, says }) => `\`${name}\`: ${says}`).join(" ") }),
    name_position: z.enum(["start", "end"]).default("start").meta({
      description:
        "Of tiers that make a sound: whether the words begin it, in place of what is said first, or come after what is said last.",
    }),
    lip_sync: z
      .boolean()
      .optional()
      .meta({ description: "Whether the lips say the new words. A recipient for whom they cannot fails." }),
    face: z.int().min(0).max(99).optional().meta({ description: "Which face speaks, 0 is the largest.", default: 0 }),
    markers: z
      .array(markerSchema)
      .min(1)
      .max(MAX_MARKERS)
      .optional()
      .meta({ description: "Words of the video that are replaced, in the order in which they are said." }),
    base_text: textParam(MAX_BASE_CHARS)
      .optional()
      .meta({ description: "What is said in the video, word by word; the markers are found by it." }),
    silence_db: z
      .number()
      .min(-90)
      .max(-5)
      .default(-30)
      .meta({ description: "What is below it is silence, dB of full scale, as FFmpeg's silencedetect has it." }),
    silence_seconds: z
      .number()
      .min(0.05)
      .max(5)
      .default(0.3)
      .meta({ description: "Silence that is shorter belongs to what is said." }),
    gap_seconds: z
      .number()
      .min(0)
      .max(2)
      .default(0.12)
      .meta({ description: "Silence after the words, where they are said at their own speed." }),
    natural: z
      .boolean()
      .default(true)
      .meta({ description: "Whether a tier that need not fit the words to their place leaves their speed as it is." }),
    voice: voiceParam,
    language: languageParam,
    speed: z.number().min(0.5).max(2).default(1),
    pronounce: pronounceParam,
  };
}
