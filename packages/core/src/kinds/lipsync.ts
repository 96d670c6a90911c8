/** `lipsync`: a video of somebody and new words become the same person saying them. */
import { z } from "zod";
import { consentParam } from "../consent.ts";
import { got } from "../errors/fields.ts";
import { CLIP_FORMATS } from "../media/clip-formats.ts";
import { SYNC_NAMES } from "../speech/sync.ts";
import { SECONDS_PER_CHARACTER } from "../speech/text-param.ts";
import { engineParam, intensityParam, labelParam } from "./clip-params.ts";
import { keyParam, modelParam } from "./elsewhere-params.ts";
import { type InputFacts, type Slot, secondsOf } from "./inputs.ts";
import type { KindContext, KindDefinition, KindEntry } from "./kind.ts";
import { audioSlot, soundFormatParam, spokenConflicts, spokenParams } from "./spoken-params.ts";

export const lipsync: KindEntry = { name: "lipsync", worker: "engine", define };

const MIB = 1024 * 1024;
/** Full HD, lying or standing; some cameras write a few rows more. */
const FULL_HD = { maxPixels: 1920 * 1088, maxSide: 1920 };
/** Assumed of a video or sound whose header does not say. */
const TYPICAL_SECONDS = 20;
const TYPICAL_PIXELS = 1280 * 720;
/** Seconds of work for a second of video (25 frames): following the face whatever the size, and the rest by pixels of 720p. */
const FOLLOWING_SECONDS = 0.6;
const DRAWING_SECONDS = 0.9;
/** To find who speaks among several faces, in the first half minute. */
const FINDING_SECONDS = 20;

/** A video of a person, as phones record them. */
export const videoSlot = (maxSeconds: number): Slot => ({
  noun: "video",
  media: ["video"],
  help: "Use an MP4, MOV, WebM or AVI video of one person who faces the camera, such as a phone records.",
  maxBytes: 200 * MIB,
  ...FULL_HD,
  maxSeconds,
  files: { min: 1, max: 1 },
});

function define({ engines, maxVideoSeconds }: KindContext): KindDefinition {
  return {
    title: "A video and a voice become the same person saying something else",
    slots: { video: videoSlot(maxVideoSeconds), audio: audioSlot(maxVideoSeconds) },
    params: lipsyncParamsSchema(engines) as unknown as KindDefinition["params"],
    secrets: ["api_key"],
    conflicts: (params, slots) => spokenConflicts(params, slots.includes("audio")),
    alters: () => true,
    labels: true,
    making: { action: "edited", parent: "video" },
    sale: "preview",
    outputs: ["video", "poster", "preview"],
    example: {
      inputs: ["video"],
      params: { text: "Good morning! How are you today?", consent: { subject: "self" } },
    },
    estimateSeconds: (params, inputs) => {
      const { text = "", speed = 1, faces } = params as LipsyncJobParams;
      const sound = secondsOf(inputs, "audio") ?? (inputs.audio?.length ? TYPICAL_SECONDS : null);
      const said = sound ?? (text.length * SECONDS_PER_CHARACTER) / speed;
      const video = secondsOf(inputs, "video") ?? TYPICAL_SECONDS;
      // whatever the mode, no more than the longer one is drawn
      const drawn = Math.min(maxVideoSeconds, Math.max(said, video));
      const finding = faces ? FINDING_SECONDS : 0;
      const work = 2 + finding + video * FOLLOWING_SECONDS + drawn * DRAWING_SECONDS * sizeOf(inputs.video?.[0]);
      return Math.round(work * 10) / 10;
    },
  };
}

function sizeOf(facts: InputFacts | undefined): number {
  const { width, height } = facts ?? {};
  return width && height ? (width * height) / TYPICAL_PIXELS : 1;
}

function lipsyncParamsSchema(engines: string[]) {
  const params = z.strictObject({
    ...spokenParams(),
    label: labelParam,
    consent: consentParam,
    engine: engineParam(engines),
    model: modelParam,
    api_key: keyParam,
    sync_mode: z
      .enum(SYNC_NAMES)
      .default("cut_off")
      .meta({ description: "What happens where video and sound differ in length." }),
    original_sound: z
      .enum(["replace", "duck"])
      .default("replace")
      .meta({ description: "`duck`: the video's own sound stays, low, under the new one." }),
    face: z.int().min(0).max(99).optional().meta({ description: "Which face speaks, 0 is the largest.", default: 0 }),
    faces: z
      .literal("speaking", {
        error: ({ input }) => `must be 'speaking'${got(input)}; one of the faces is chosen by \`face\``,
      })
      .optional()
      .meta({ description: "Instead of `face`: the one whose mouth moves with the video's own sound." }),
    intensity: intensityParam,
    format: soundFormatParam(CLIP_FORMATS),
  });
  return params.refine(({ face, faces }) => face === undefined || faces === undefined, {
    path: ["faces"],
    error: "Give `face` for one of the faces or `faces` for the one that speaks, not both",
  });
}
export type LipsyncJobParams = z.infer<ReturnType<typeof lipsyncParamsSchema>>;
