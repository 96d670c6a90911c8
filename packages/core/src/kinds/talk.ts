/** `talk`: a portrait and a sound, or a text that a voice says, become a video of somebody who speaks. */
import { z } from "zod";
import { consentParam } from "../consent.ts";
import type { FieldError } from "../errors.ts";
import { CLIP_FORMATS } from "../media/clip-formats.ts";
import { SECONDS_PER_CHARACTER } from "../speech/text-param.ts";
import { IMAGE_SLOT } from "./animate.ts";
import {
  drawingSeconds,
  engineParam,
  faceParam,
  facesParam,
  fpsParam,
  intensityParam,
  labelParam,
  presetParam,
  resolveSeed,
  seedParam,
  sizeParam,
} from "./clip-params.ts";
import { secondsOf } from "./inputs.ts";
import type { KindContext, KindDefinition, KindEntry, Params } from "./kind.ts";
import { audioSlot, soundFormatParam, spokenConflicts, spokenParams } from "./spoken-params.ts";

export const talk: KindEntry = { name: "talk", worker: "engine", define };

/** Assumed of a sound whose header does not say. */
const TYPICAL_SECONDS = 20;
/** Seconds of work for a second of sound: it is said, listened to, and heard once more by the check. */
const HEARING_SECONDS = 0.15;
function define({ presets, engines, maxVideoSeconds }: KindContext): KindDefinition {
  return {
    title: "A portrait and a voice become a video of somebody who speaks",
    slots: { image: IMAGE_SLOT, audio: audioSlot(maxVideoSeconds) },
    params: talkParamsSchema(engines, presetParam(presets).optional()) as unknown as KindDefinition["params"],
    resolveParams: resolveSeed,
    animates: true,
    labels: true,
    conflicts: (params, slots) => conflictsOf(params, slots.includes("audio")),
    sale: "preview",
    outputs: ["video", "poster", "preview"],
    example: { inputs: ["image"], params: { text: "Good morning! How are you today?" } },
    estimateSeconds: (params, inputs) => {
      const { text = "", speed = 1, faces, ...drawn } = params as TalkJobParams;
      const sound = secondsOf(inputs, "audio") ?? (inputs.audio?.length ? TYPICAL_SECONDS : null);
      const seconds = Math.min(maxVideoSeconds, sound ?? (text.length * SECONDS_PER_CHARACTER) / speed);
      const crowd = faces ? 2 : 1;
      const work = 1 + 0.5 * crowd + seconds * HEARING_SECONDS + drawingSeconds(drawn, seconds, crowd);
      return Math.round(work * 10) / 10;
    },
  };
}

/** Params as they came, so that they may be anything. */
function conflictsOf(params: Params, heard: boolean): FieldError[] {
  if (params.exact_size === true && params.size === "source") {
    const msg = "is for a `size` that is a number. Leave it out, or choose one.";
    return [{ loc: ["params", "exact_size"], msg, type: "invalid_value" }];
  }
  return spokenConflicts(params, heard);
}

/** `expression`: the schema of the name of a preset. */
function talkParamsSchema<E extends z.ZodType>(engines: string[], expression: E) {
  const speaker = "Which face speaks; with `faces` the others listen.";
  return z.strictObject({
    ...spokenParams(),
    engine: engineParam(engines),
    size: sizeParam.default(512),
    exact_size: z.boolean().optional().meta({
      description: "Enlarge a picture with too few pixels for `size`, however much that takes.",
      default: false,
    }),
    fps: fpsParam,
    expression: expression.meta({ description: "A preset, whose mood lasts under the speech." }),
    intensity: intensityParam,
    format: soundFormatParam(CLIP_FORMATS),
    face: faceParam.meta({ description: speaker, default: 0 }),
    faces: facesParam,
    seed: seedParam,
    label: labelParam,
    consent: consentParam,
  });
}
type Schema = ReturnType<typeof talkParamsSchema<z.ZodOptional<z.ZodString>>>;
export type TalkJobParams = z.infer<Schema>;
