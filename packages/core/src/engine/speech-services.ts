/**
 * The services that have to do with speech: a voice that says a text (`say`), a sound that becomes the motion of a face (`listen`), what a video
 * is whose words are to be others (`film`), who speaks in it (`speaker`), and what is then heard in it (`mix`).
 */
import { z } from "zod";
import { clipped, warningsSchema } from "../errors.ts";
import { channelSchema, MOTION_LIMITS } from "../motion/motion.ts";
import { inlineOrPath, motionInputSchema } from "../motion/motion-file.ts";
import { spokenSchema } from "../speech/spoken.ts";
import { syncSchema } from "../speech/sync.ts";
import { filePathSchema, fileSchema, runIdSchema, timingsSchema } from "./protocol.ts";

/** What a text is said with. `language`: a BCP 47 tag. `pronounce`: how words are said instead, in IPA between slashes or respelt. */
export const sayParamsSchema = z.strictObject({
  text: z.string().min(1).max(20_000),
  voice: z.string().max(100).optional(),
  language: z.string().max(35).optional(),
  speed: z.number().min(0.5).max(2).default(1),
  pronounce: z.record(z.string().max(100), z.string().max(200)).optional(),
});
export type SayParams = z.infer<typeof sayParamsSchema>;

const spokenInputSchema = inlineOrPath(spokenSchema);

/**
 * Says a text. `timed`: by a voice of ours, which tells when it says what. `outputs.sound`: a WAV, mono, 16 bits. `outputs.spoken`: where the times may be written that are too long for a reply.
 * `key`: the client's own, for a voice `<provider>:<id>` of core/speech/keyed-voice.ts; `model`: of that provider, by default the operator's.
 * Fails with `invalid_request` (no such voice or language, nothing to say), or, for voices elsewhere, `voice_unavailable`; with `service_failed`
 * where the provider refuses the key or does not know the voice.
 */
const sayRequestSchema = z.strictObject({
  type: z.literal("say"),
  run: runIdSchema,
  params: sayParamsSchema,
  timed: z.boolean().optional(),
  key: z.string().min(1).max(500).optional(),
  model: z.string().min(1).max(100).optional(),
  /** A text that takes longer is given up as soon as that is known (`input_too_large`). */
  limits: z.strictObject({ seconds: z.number().positive() }).optional(),
  outputs: z.strictObject({ sound: filePathSchema, spoken: filePathSchema }),
});
export type SayRequest = z.infer<typeof sayRequestSchema>;

/** `voices`: what said it, one entry per voice that was needed. `spoken`: absent where the voice tells no times. */
export const sayResultSchema = z.strictObject({
  seconds: z.number().min(0),
  rate: z.int().positive(),
  voices: z.array(z.strictObject({ name: clipped(100), language: clipped(35) })).max(20),
  spoken: spokenInputSchema.optional(),
  warnings: warningsSchema,
  timings: timingsSchema,
});
export type SayResult = z.infer<typeof sayResultSchema>;

/**
 * Turns a sound into the motion of a face that says it, and into the sound of the clip: 48 kHz WAV, loudness normalised, the first
 * sample at the first frame. Deterministic: the same bytes and params give the same motion.
 *
 * - `spoken`: the times of this very sound, where its voice told them.
 * - `reference`: another voice that says the same text, with its times; the sound is aligned with it.
 * - `mood`: values of channels that last under the speech.
 * - `limits.seconds`: a longer sound fails with `input_too_large`.
 *
 * Fails with `input_unreadable` or `unsupported_type` where the sound is at fault (`input: "audio"`).
 */
const listenRequestSchema = z.strictObject({
  type: z.literal("listen"),
  run: runIdSchema,
  inputs: z.strictObject({ audio: z.array(fileSchema).length(1) }),
  params: z.strictObject({
    fps: z.number().min(10).max(60),
    intensity: z.number().min(0).max(1.5),
    seed: z.int().min(0).max(0xffffffff),
    mood: z.partialRecord(channelSchema, z.number().min(0).max(1)).default({}),
  }),
  spoken: spokenInputSchema.optional(),
  reference: z.strictObject({ sound: fileSchema, spoken: spokenInputSchema }).optional(),
  limits: z.strictObject({ seconds: z.number().positive() }),
  outputs: z.strictObject({ motion: filePathSchema, sound: filePathSchema }),
});
export type ListenRequest = z.infer<typeof listenRequestSchema>;

/**
 * `motion`: one face, at the frames of the clip (its number of frames is `round(seconds × fps)`, at least 1). `speechShare`: the part
 * of the sound in which somebody speaks, 0–1. `aligned`: whether the text was found in the sound. `loudness`: of the sound as it came, LUFS.
 */
export const listenResultSchema = z.strictObject({
  motion: motionInputSchema,
  seconds: z.number().positive(),
  speechShare: z.number().min(0).max(1),
  aligned: z.boolean(),
  loudness: z.number().nullable(),
  warnings: warningsSchema,
  timings: timingsSchema,
});
export type ListenResult = z.infer<typeof listenResultSchema>;

/**
 * Reads what a video is, without decoding it. Fails with `input_unreadable`, `unsupported_type` (also HDR, which is told how to be
 * recorded otherwise) or `input_too_large` (`input: "video"`).
 */
const filmRequestSchema = z.strictObject({
  type: z.literal("film"),
  run: runIdSchema,
  inputs: z.strictObject({ video: z.array(fileSchema).length(1) }),
  limits: z.strictObject({ seconds: z.number().positive() }),
});
export type FilmRequest = z.infer<typeof filmRequestSchema>;

/**
 * `width`, `height`: as shown, even. `fps`: frames a second. `stamps`: when each frame begins, from the first one on, s, where they are not
 * evenly apart; of a video with more frames than motions have they are left out. `begins`: of the first frame, by the clock of the file, s. `warnings`: that
 * the file says it is longer.
 */
export const filmResultSchema = z.strictObject({
  width: z.int().positive(),
  height: z.int().positive(),
  fps: z.number().positive(),
  even: z.boolean(),
  stamps: z.array(z.number().min(0)).max(MOTION_LIMITS.frames).optional(),
  frames: z.int().positive(),
  seconds: z.number().positive(),
  begins: z.number().min(0).default(0),
  sound: z.boolean(),
  warnings: warningsSchema.default([]),
});
export type FilmResult = z.infer<typeof filmResultSchema>;

/**
 * Finds the face in a video whose mouth moves with the video's own sound. `begins`: of the first frame, by the clock of the file, s, as
 * `film` tells it. Fails as reading the video and its sound does (`input: "video"`), and with `no_face`.
 */
const speakerRequestSchema = z.strictObject({
  type: z.literal("speaker"),
  run: runIdSchema,
  inputs: z.strictObject({ video: z.array(fileSchema).length(1) }),
  params: z.strictObject({ begins: z.number().min(0) }),
});
export type SpeakerRequest = z.infer<typeof speakerRequestSchema>;

/**
 * `face`: among `faces`, 0 is the largest in the first frame with a face. `likenesses`: of each one that was followed, how much its mouth
 * moves with the sound, up to 1. `warnings`: that none stands out, so that it is the largest.
 */
export const speakerResultSchema = z.strictObject({
  face: z.int().min(0).max(99),
  faces: z.int().positive(),
  likenesses: z.array(z.number()).max(20),
  warnings: warningsSchema,
  timings: timingsSchema,
});
export type SpeakerResult = z.infer<typeof speakerResultSchema>;

/**
 * Writes what is heard in the result: `audio`, fitted to it by `sync` (repeated, faded, or followed by silence), and under it, low, the
 * sound of `video` where that is given, from `begins` on, which is when its first frame is shown. 48 kHz WAV, as long as the result. Fails as reading these files does (`input`).
 */
const mixRequestSchema = z.strictObject({
  type: z.literal("mix"),
  run: runIdSchema,
  inputs: z.strictObject({ audio: z.array(fileSchema).length(1), video: z.array(fileSchema).max(1) }),
  params: z.strictObject({
    ...{ sync: syncSchema, seconds: z.number().positive() },
    begins: z.number().min(0).default(0),
  }),
  outputs: z.strictObject({ sound: filePathSchema }),
});
export type MixRequest = z.infer<typeof mixRequestSchema>;

export const mixResultSchema = z.strictObject({ seconds: z.number().positive(), timings: timingsSchema });
export type MixResult = z.infer<typeof mixResultSchema>;

export const SPEECH_SERVICES = {
  say: { request: sayRequestSchema, result: sayResultSchema },
  listen: { request: listenRequestSchema, result: listenResultSchema },
  film: { request: filmRequestSchema, result: filmResultSchema },
  speaker: { request: speakerRequestSchema, result: speakerResultSchema },
  mix: { request: mixRequestSchema, result: mixResultSchema },
};
