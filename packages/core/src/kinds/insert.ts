/**
 * `insert`: the file of one recipient, the words of whom are put into a video that was surveyed. A part of `personalize`; clients cannot
 * ask for it by itself.
 */
import { z } from "zod";
import { keyedVoiceFaults } from "../speech/keyed-voice.ts";
import { textParam } from "../speech/text-param.ts";
import { engineParam, intensityParam, labelParam } from "./clip-params.ts";
import { secondsOf } from "./inputs.ts";
import { insertionParams, MAX_MARKERS, MAX_WORDS_CHARS, markerSchema } from "./insertion.ts";
import type { KindContext, KindDefinition, KindEntry } from "./kind.ts";
import { videoSlot } from "./lipsync.ts";
import { tierOf } from "./tiers.ts";
import { keyedVoiceParams } from "./voice-params.ts";

export const insert: KindEntry = { name: "insert", worker: "engine", internal: true, define };

const TYPICAL_SECONDS = 20;
/** Seconds of work for a second of video. */
const WORK = { sound: 0.05, lips: 0.9 };

const dataSlot = { media: ["data" as const], types: ["application/json"], maxBytes: 64 * 1024 * 1024 };

function define({ engines, maxVideoSeconds }: KindContext): KindDefinition {
  return {
    title: "A recipient's words in a video",
    slots: {
      video: videoSlot(maxVideoSeconds),
      survey: { noun: "survey", ...dataSlot, files: { min: 1, max: 1 } },
      track: { noun: "track of a face", ...dataSlot, files: { min: 0, max: 1 } },
      pictures: { ...videoSlot(maxVideoSeconds), files: { min: 0, max: 1 } },
    },
    params: paramsSchema(engines) as unknown as KindDefinition["params"],
    secrets: ["voice_key"],
    conflicts: keyedVoiceFaults,
    alters: (params) => params.lip_sync === true,
    making: { action: "edited", parent: "video" },
    // without lip sync only the sound is another
    unmarked: ({ lip_sync }) => (lip_sync === true ? null : "copied"),
    labels: true,
    // which of them depends on the tier
    outputs: ["video", "audio"],
    estimateSeconds: ({ lip_sync }, inputs) => {
      const seconds = secondsOf(inputs, "video") ?? TYPICAL_SECONDS;
      return 1 + seconds * (WORK.sound + (lip_sync ? WORK.lips : 0));
    },
  };
}

function paramsSchema(engines: string[]) {
  const { tier, name_position, lip_sync, face, gap_seconds, natural, voice, language, speed, pronounce } =
    insertionParams();
  return z.strictObject({
    ...{ tier, name_position, lip_sync, face, gap_seconds, natural, voice, language, speed, pronounce },
    /** One for each place of the survey, in its order. */
    words: z
      .array(z.strictObject({ marker: markerSchema.nullable(), text: textParam(MAX_WORDS_CHARS) }))
      .min(1)
      .max(MAX_MARKERS),
    ...keyedVoiceParams(),
    intensity: intensityParam,
    label: labelParam,
    engine: engineParam(engines),
  });
}
export type InsertJobParams = z.infer<ReturnType<typeof paramsSchema>>;

/** Which output a recipient's file is. */
export function outputOf({ tier }: Pick<InsertJobParams, "tier">): "audio" | "video" {
  return tierOf(tier).makes;
}
