/** `talk`: a portrait and a sound, or a text that a voice says, become a video of somebody who speaks. */
import { z } from "zod";
import { got } from "../errors/fields.ts";
import type { FieldError } from "../errors.ts";
import { CLIP_FORMATS } from "../media/clip-formats.ts";
import { CLIP_LIMITS } from "../media/limits.ts";
import { typesOfClasses } from "../media/types.ts";
import { SECONDS_PER_CHARACTER, textParam } from "../speech/text-param.ts";
import { IMAGE_SLOT } from "./animate.ts";
import {
  drawingSeconds,
  engineParam,
  faceParam,
  facesParam,
  fpsParam,
  intensityParam,
  presetParam,
  resolveSeed,
  seedParam,
  sizeParam,
} from "./clip-params.ts";
import { type Slot, secondsOf } from "./inputs.ts";
import type { KindContext, KindDefinition, KindEntry, Params } from "./kind.ts";
import { languageParam, pronounceParam, voiceParam } from "./voice-params.ts";

export const talk: KindEntry = { name: "talk", worker: "engine", define };

const MIB = 1024 * 1024;
/** Assumed of a sound whose header does not say. */
const TYPICAL_SECONDS = 20;
/** Seconds of work for a second of sound: it is said, listened to, and heard once more by the check. */
const HEARING_SECONDS = 0.15;
/** Characters of a text at most: more than five minutes of the fastest speaker. */
const MAX_TEXT = 6000;

const VIDEOS = ["video/mp4", "video/quicktime", "video/webm", "video/x-matroska"];

/** A sound file, or a video with sound. */
const audioSlot = (maxSeconds: number): Slot => ({
  noun: "sound",
  media: ["audio", "video"],
  types: [...typesOfClasses(["audio"]), ...VIDEOS],
  help: "Use a WAV, MP3, M4A, AAC, Ogg (Opus) or FLAC file, or an MP4, MOV or WebM video with sound.",
  maxBytes: 50 * MIB,
  ...CLIP_LIMITS,
  maxSeconds,
  files: { min: 0, max: 1 },
});

const FORMATS = CLIP_FORMATS.filter(({ sound }) => sound);
const FORMAT_NAMES = FORMATS.map(({ name }) => name) as [string, ...string[]];

function define({ presets, engines, maxVideoSeconds }: KindContext): KindDefinition {
  return {
    title: "A portrait and a voice become a video of somebody who speaks",
    slots: { image: IMAGE_SLOT, audio: audioSlot(maxVideoSeconds) },
    params: talkParamsSchema(engines, presetParam(presets).optional()) as unknown as KindDefinition["params"],
    resolveParams: resolveSeed,
    conflicts: (params, slots) => conflictsOf(params, slots.includes("audio")),
    outputs: ["video", "poster"],
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
  const fault = (path: string[], msg: string): FieldError => ({ loc: path, msg, type: "invalid_value" });
  const { text } = params;
  if (params.exact_size === true && params.size === "source") {
    return [fault(["params", "exact_size"], "is for a `size` that is a number. Leave it out, or choose one.")];
  }
  if (!heard && text === undefined) {
    const msg = "Give a text to be said, or a sound as the input 'audio'.";
    return [fault(["params", "text"], msg)];
  }
  const ofVoices = ["voice", "speed"].filter((name) => params[name] !== undefined);
  if (heard && ofVoices.length > 0) {
    const msg =
      "is for a text that a voice says; here the sound is given. Leave it out, or leave out the input 'audio'.";
    return ofVoices.map((name) => fault(["params", name], msg));
  }
  if (text !== undefined) return [];
  const ofTexts = ["language", "pronounce"].filter((name) => params[name] !== undefined);
  const msg = "is for a text, which is missing. Leave it out, or give the text.";
  return ofTexts.map((name) => fault(["params", name], msg));
}

/** `expression`: the schema of the name of a preset. */
function talkParamsSchema<E extends z.ZodType>(engines: string[], expression: E) {
  const speaker = "Which face speaks; with `faces` the others listen.";
  return z.strictObject({
    text: textParam(MAX_TEXT)
      .optional()
      .meta({ description: "What is said. With a sound it is what is said in it, word by word." }),
    voice: voiceParam,
    language: languageParam,
    pronounce: pronounceParam,
    speed: z.number().min(0.5).max(2).optional().meta({ default: 1 }),
    engine: engineParam(engines),
    size: sizeParam.default(512),
    exact_size: z.boolean().optional().meta({
      description: "Enlarge a picture with too few pixels for `size`, however much that takes.",
      default: false,
    }),
    fps: fpsParam,
    expression: expression.meta({ description: "A preset, whose mood lasts under the speech." }),
    intensity: intensityParam,
    format: z
      .enum(FORMAT_NAMES, {
        error: ({ input }) => {
          const silent = CLIP_FORMATS.find(({ name, sound }) => name === input && !sound);
          const why = silent ? `: ${silent.title} has no sound` : "";
          return `must be one of ${FORMAT_NAMES.join(", ")}${why}${got(input)}`;
        },
      })
      .default(FORMAT_NAMES[0])
      .meta({ description: "Of the output `video`." }),
    face: faceParam.meta({ description: speaker, default: 0 }),
    faces: facesParam,
    seed: seedParam,
  });
}
type Schema = ReturnType<typeof talkParamsSchema<z.ZodOptional<z.ZodString>>>;
export type TalkJobParams = z.infer<Schema>;
