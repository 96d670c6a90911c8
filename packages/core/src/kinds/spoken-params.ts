/** What the kinds have in common in which somebody speaks: a sound, or a text and its voice. */
import { z } from "zod";
import { got } from "../errors/fields.ts";
import type { FieldError } from "../errors.ts";
import type { ClipFormat } from "../media/clip-formats.ts";
import { CLIP_LIMITS } from "../media/limits.ts";
import { typesOfClasses } from "../media/types.ts";
import { textParam } from "../speech/text-param.ts";
import type { Slot } from "./inputs.ts";
import type { Params } from "./kind.ts";
import { languageParam, pronounceParam, voiceParam } from "./voice-params.ts";

const MIB = 1024 * 1024;
/** Characters of a text at most: more than five minutes of the fastest speaker. */
const MAX_TEXT = 6000;

const VIDEOS = ["video/mp4", "video/quicktime", "video/webm", "video/x-matroska"];

/** A sound file, or a video with sound. */
export const audioSlot = (maxSeconds: number): Slot => ({
  noun: "sound",
  media: ["audio", "video"],
  types: [...typesOfClasses(["audio"]), ...VIDEOS],
  help: "Use a WAV, MP3, M4A, AAC, Ogg (Opus) or FLAC file, or an MP4, MOV or WebM video with sound.",
  maxBytes: 50 * MIB,
  ...CLIP_LIMITS,
  maxSeconds,
  files: { min: 0, max: 1 },
});

export function spokenParams() {
  return {
    text: textParam(MAX_TEXT)
      .optional()
      .meta({ description: "What is said. With a sound it is what is said in it, word by word." }),
    voice: voiceParam,
    language: languageParam,
    pronounce: pronounceParam,
    speed: z.number().min(0.5).max(2).optional().meta({ default: 1 }),
  };
}

/** The formats that have sound, the first by default. */
export function soundFormatParam(all: readonly ClipFormat[]) {
  const formats = all.filter(({ sound }) => sound);
  const names = formats.map(({ name }) => name) as [string, ...string[]];
  return z
    .enum(names, {
      error: ({ input }) => {
        const silent = all.find(({ name, sound }) => name === input && !sound);
        const why = silent ? `: ${silent.title} has no sound` : "";
        return `must be one of ${names.join(", ")}${why}${got(input)}`;
      },
    })
    .default(names[0])
    .meta({ description: "Of the output `video`." });
}

/** `heard`: whether a sound is given. Params as they came, so that they may be anything. */
export function spokenConflicts(params: Params, heard: boolean): FieldError[] {
  const fault = (path: string[], msg: string): FieldError => ({ loc: path, msg, type: "invalid_value" });
  const { text } = params;
  if (!heard && text === undefined) {
    const msg = "Give a text to be said, or a sound as the input 'audio'.";
    return [fault(["params", "text"], msg)];
  }
  const ofVoices = ["voice", "speed"].filter((name) => params[name] !== undefined);
  if (heard && ofVoices.length > 0) {
    const msg = "is for a text that a voice says, but a sound was given: leave one of them out";
    return ofVoices.map((name) => fault(["params", name], msg));
  }
  if (text !== undefined) return [];
  const ofTexts = ["language", "pronounce"].filter((name) => params[name] !== undefined);
  const msg = "is for a text, which is missing: leave it out, or give the text";
  return ofTexts.map((name) => fault(["params", name], msg));
}
