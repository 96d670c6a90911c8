/** The service `speaker`: which face of a video moves its mouth with the video's own sound. */
import type { SpeakerRequest, SpeakerResult } from "@smileloop/core/engine/speech-services.ts";
import { AppError, blaming, type Warning } from "@smileloop/core/errors.ts";
import { speechMotion } from "@smileloop/speech/speech.ts";
import { findFaces } from "../face/face.ts";
import { models } from "../face/models.ts";
import { openingsOf } from "../lip/asked.ts";
import { createFollower, SEARCH_SIDE } from "../lip/follow.ts";
import type { Frame } from "../lip/look.ts";
import { shrunkPicture } from "../lip/shrunk.ts";
import { likenessOf, type MouthOverTime, speechCurve } from "../lip/speaking.ts";
import { readFilm } from "../media/film-reader.ts";
import { readVoice } from "../media/voice-sound.ts";
import type { TaskContext } from "../task.ts";

/** What is looked at: so much of the video, s, so many frames a second, and so many faces, the largest. */
const LOOK = { seconds: 30, rate: 15, faces: 6 };
/** Frames between two searches while there is no face, and when one is to be there, s. */
const PATIENCE = { every: 5, seconds: 5 };
/** A sound track may be longer than the pictures; what lies beyond is not listened to. */
const MOST_SOUND_SECONDS = 3600;
/** Samples a second of a voice, and of the curves that are made of it. */
const VOICE_RATE = 16_000;
const CURVE_RATE = 25;
/** How much a mouth has to move with the sound, and how much more than any other, for its face to be the one that speaks. */
const LEAST = { likeness: 0.25, lead: 0.12 };

/** Throws what `readFilm` and `openSound` throw, `no_face` (`input`: video), and the signal's reason. */
export function speaker(request: SpeakerRequest, context: TaskContext): Promise<SpeakerResult> {
  return blaming("video", speakerIn(request, context));
}

async function speakerIn({ inputs, params }: SpeakerRequest, context: TaskContext): Promise<SpeakerResult> {
  const started = performance.now();
  const file = inputs.video[0]!;
  const { mouths, faces } = await mouthsIn(file.path, context);
  const followed = performance.now();
  const likenesses = faces === 1 ? [] : await likenessesOf(file, mouths, params.begins, context.signal);
  const { face, warnings } = chosen(likenesses, faces);
  const timings = { follow: Math.round(followed - started), listen: Math.round(performance.now() - followed) };
  return { face, faces, likenesses, warnings, timings };
}

/** How the mouths of all faces move, the largest first. */
async function mouthsIn(path: string, { signal, progress }: TaskContext) {
  const ready = await models();
  const mouths: MouthOverTime[] = [];
  let followers: ReturnType<typeof createFollower>[] = [];
  let [faces, nth, due] = [0, 0, 0];
  await readFilm(path, {
    ...{ signal, maxSeconds: LOOK.seconds },
    onFrame: async ({ seconds, yuv }, shape, share) => {
      if (seconds < due - 0.2 / LOOK.rate || (faces === 0 && nth++ % PATIENCE.every !== 0)) return;
      due = faces === 0 ? 0 : Math.max(due, seconds - 0.5 / LOOK.rate) + 1 / LOOK.rate;
      const frame = { yuv: yuv(), ...shape };
      if (faces === 0) {
        faces = await facesIn(frame);
        followers = Array.from({ length: Math.min(faces, LOOK.faces) }, (_, index) => createFollower(ready, index));
        mouths.push(...followers.map(() => []));
        if (faces === 0 && seconds > PATIENCE.seconds) throw noFace();
        // of one face there is nothing to choose
        if (faces === 1) return;
      }
      if (faces === 1) return;
      for (const [index, follower] of followers.entries()) {
        const look = await follower.see(frame, mouths[index]!.length);
        mouths[index]!.push({ seconds, gap: look?.gap ?? null });
      }
      progress("detect", 0.9 * share, 1);
    },
  });
  if (faces === 0) throw noFace();
  return { mouths, faces };
}

async function facesIn(frame: Frame): Promise<number> {
  const { width, height } = frame;
  const picture = shrunkPicture(frame, { x: 0, y: 0, width, height }, SEARCH_SIDE);
  return (await findFaces(picture, { thorough: true })).length;
}

function noFace(): AppError {
  const help = "Use one in which a face is well lit and looks ahead.";
  return new AppError("no_face", `No face was found in the video. ${help}`);
}

async function likenessesOf(
  file: SpeakerRequest["inputs"]["video"][0],
  mouths: MouthOverTime[],
  begins: number,
  signal: AbortSignal,
): Promise<number[]> {
  const { voice } = await readVoice({ file, maxSeconds: MOST_SOUND_SECONDS, signal, progress() {} });
  const from = Math.round(begins * VOICE_RATE);
  const samples = voice.subarray(from, from + LOOK.seconds * VOICE_RATE);
  if (samples.length === 0) return mouths.map(() => 0);
  const { motion } = speechMotion({ samples, fps: CURVE_RATE, intensity: 1, seed: 0 });
  const curve = speechCurve(openingsOf(motion), CURVE_RATE, samples, VOICE_RATE);
  return mouths.map((mouth) => Math.round(1000 * likenessOf(mouth, curve, CURVE_RATE)) / 1000);
}

function chosen(likenesses: readonly number[], faces: number): { face: number; warnings: Warning[] } {
  if (faces === 1) return { face: 0, warnings: [] };
  const face = likenesses.indexOf(Math.max(...likenesses));
  const others = Math.max(...likenesses.filter((_, index) => index !== face));
  const best = likenesses[face]!;
  if (best >= LEAST.likeness && best - others >= LEAST.lead) return { face, warnings: [] };
  const figures = likenesses.map((likeness, index) => `face ${index} by ${likeness.toFixed(2)}`).join(", ");
  const detail =
    `None of the ${faces} faces clearly moves its mouth with the video's sound, so the largest speaks. Their mouths agree with it: ` +
    `${figures}; ${LEAST.likeness} and ${LEAST.lead} more than any other would do. Choose one by \`face\`.`;
  return { face: 0, warnings: [{ code: "speaker_unclear", detail }] };
}
