/**
 * What is heard in a talking video: the sound that was given, or what a voice makes of the text; and how a face moves that says it.
 * With a sound and its text, a voice of ours says the same text, so that the words are found in the sound.
 */
import { join } from "node:path";
import {
  type ListenRequest,
  type ListenResult,
  listenResultSchema,
  type SayResult,
} from "@smileloop/core/engine/speech-services.ts";
import { AppError, hasCode, type Warning } from "@smileloop/core/errors.ts";
import type { TalkJobParams } from "@smileloop/core/kinds/talk.ts";
import { type Mood, moodOf } from "@smileloop/core/motion/mood.ts";
import { type MotionFrames, motionFramesSchema } from "@smileloop/core/motion/motion.ts";
import { unpackMotion } from "@smileloop/core/motion/motion-file.ts";
import { type Spoken, spokenSchema } from "@smileloop/core/speech/spoken.ts";
import { fileOf, type JobIo, type LocalFile } from "../job-io.ts";
import type { HandlerContext } from "./handler.ts";
import { localFile, requireOwn, say, WAV } from "./say.ts";

/** `sound`: 48 kHz WAV whose first sample belongs to the first frame. `motion`: of the one face that speaks. */
export type Heard = {
  motion: MotionFrames;
  sound: LocalFile;
  seconds: number;
  speechShare: number;
  /** Whether what is said was found to be the text. */
  aligned: boolean;
  warnings: Warning[];
};

type Asked = Pick<TalkJobParams, "text" | "voice" | "language" | "speed" | "pronounce" | "intensity" | "fps"> & {
  /** A preset whose mood lasts under the speech. */
  expression?: string | undefined;
  seed: number;
  audio: LocalFile | null;
};

/**
 * Throws what `say` and `listen` throw, and `input_too_large`, with both figures, for what takes too long to say. A text that helps
 * only to find the words of a sound is not worth an error: without it the sound is listened to alone, with a warning.
 */
export async function hear(context: HandlerContext, io: JobIo, asked: Asked): Promise<Heard> {
  const { audio, text } = asked;
  const maxSeconds = context.maxVideoSeconds;
  const mood = moodAsked(context, asked);
  const listenTo = (given: LocalFile, more: Pick<ListenRequest, "spoken" | "reference">) =>
    io.timed("listen", () => listen(context, io, given, { ...asked, mood: mood.channels }, more));
  if (audio) {
    const reference =
      text === undefined ? NO_REFERENCE : await io.timed("voice", () => referenceOf(io, asked, text, maxSeconds));
    const heard = await listenTo(audio, reference.given);
    return { ...heard, warnings: [...mood.warnings, ...reference.warnings, ...heard.warnings] };
  }
  if (text === undefined) throw new AppError("invalid_request", "The job has neither a sound nor a text.");
  // what was said the first time is what the lips were moved for
  const again = await io.kept("said");
  if (again) {
    const reference = await io.timed("voice", () => referenceOf(io, asked, text, maxSeconds));
    const heard = await withoutSlot(listenTo(again, reference.given));
    return { ...heard, warnings: [...mood.warnings, ...reference.warnings, ...heard.warnings] };
  }
  const said = await io.timed("voice", () => say(io, { ...asked, maxSeconds }, text, "said"));
  requireShort(said, maxSeconds);
  const sound = await io.keep("said", await localFile(said.path));
  const spoken = said.spoken && (await unpackMotion<Spoken>(said.spoken, spokenSchema));
  // a voice elsewhere tells the times of words at the most
  const exact = spoken !== undefined && spoken.phones.length > 0;
  const reference = exact ? NO_REFERENCE : await io.timed("voice", () => referenceOf(io, asked, text, maxSeconds));
  const times = said.spoken === undefined ? {} : { spoken: said.spoken };
  const heard = await withoutSlot(listenTo(sound, { ...times, ...reference.given }));
  return { ...heard, warnings: [...mood.warnings, ...said.warnings, ...reference.warnings, ...heard.warnings] };
}

/** `more`: what is known of the words. Throws what the service `listen` throws. */
export async function listen(
  { maxVideoSeconds }: HandlerContext,
  io: JobIo,
  sound: LocalFile,
  { fps, intensity, seed, mood }: Pick<Asked, "fps" | "intensity" | "seed"> & { mood: Mood },
  more: Pick<ListenRequest, "spoken" | "reference">,
): Promise<Heard> {
  const outputs = { motion: join(io.dir, "heard.json"), sound: join(io.dir, "sound.wav") };
  const request: Omit<ListenRequest, "run"> = {
    type: "listen",
    inputs: { audio: [fileOf(sound)] },
    params: { fps, intensity, seed, mood },
    ...more,
    limits: { seconds: maxVideoSeconds },
    outputs,
  };
  const options = { ...io.options("listen"), result: listenResultSchema };
  const result: ListenResult = await io.serving("listen").request(request, options);
  requireOwn(result.motion, outputs.motion);
  const motion = await unpackMotion<MotionFrames>(result.motion, motionFramesSchema);
  if (motion.faces.length !== 1 || motion.fps !== fps) {
    throw new AppError("engine_failed", `The motion of a sound is that of one face at ${fps} frames a second.`);
  }
  const { seconds, speechShare, aligned, warnings } = result;
  return { motion, sound: await localFile(outputs.sound), seconds, speechShare, aligned, warnings };
}

/** The client gave no sound, so none of its files is at fault. */
async function withoutSlot<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AppError) || error.input === undefined) throw error;
    throw new AppError(error.code, error.message, { cause: error });
  }
}

type Reference = { given: Pick<ListenRequest, "reference">; warnings: Warning[] };
const NO_REFERENCE: Reference = { given: {}, warnings: [] };

/** Another voice that says the text of a sound. */
async function referenceOf(
  io: JobIo,
  { language, pronounce }: Asked,
  text: string,
  maxSeconds: number,
): Promise<Reference> {
  const without = (why: string): Reference => {
    const detail = `The lips follow the sound alone, not the text: ${why}`;
    return { given: {}, warnings: [{ code: "text_not_used", detail }] };
  };
  try {
    const { path, spoken } = await say(io, { language, pronounce, timed: true, maxSeconds }, text, "reference");
    if (!spoken) return without("no voice here tells when it says what.");
    return { given: { reference: { sound: { path, type: WAV }, spoken } }, warnings: [] };
  } catch (error) {
    if (!(error instanceof AppError) || io.signal.aborted || hasCode(error, "canceled", "storage_full")) throw error;
    return without(error.message);
  }
}

function moodAsked({ presets }: HandlerContext, { expression }: Asked): { channels: Mood; warnings: Warning[] } {
  const preset = presets.get(expression ?? "");
  const channels = preset ? moodOf(preset) : {};
  if (!preset || Object.keys(channels).length > 0) return { channels, warnings: [] };
  const detail = `Nothing of the preset ${preset.name} lasts under speech: it is a movement, not a mood.`;
  return { channels, warnings: [{ code: "expression_without_mood", detail }] };
}

function requireShort({ seconds }: SayResult, most: number): void {
  if (seconds <= most) return;
  const took = `The text takes ${Math.round(seconds * 10) / 10} s to say`;
  throw new AppError("input_too_large", `${took}; at most ${most} s are accepted. Shorten it.`);
}
