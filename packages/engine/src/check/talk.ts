/** Judges a finished video of somebody who speaks, by what was asked for: the curves, the cast, the picture and the sound. */
import type { TalkCheck, TalkCheckResult } from "@smileloop/core/engine/tasks/talk.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { clipFormatOfPath } from "@smileloop/core/media/clip-formats.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import type { ReadMover } from "../cast/read-cast.ts";
import type { FaceCrop } from "../face/types.ts";
import type { Picture } from "../media/picture.ts";
import type { VideoInfo } from "../media/video-reader.ts";
import type { TaskContext } from "../task.ts";
import { requireFace } from "./check.ts";
import { readFrames, requireShape } from "./evidence.ts";
import { requireMark } from "./mark.ts";
import { movedBetween } from "./measure.ts";
import { openPhoto } from "./photo.ts";
import { boxAround, findPlace, viewOf } from "./place.ts";
import { checkPoster } from "./poster.ts";
import { isLegible } from "./readable.ts";
import { change } from "./stillness.ts";
import { lipGap } from "./subject.ts";
import { framesOfLips, isShort, jawOf, judgeLips, judgeSilence, type Lips } from "./talk-lips.ts";
import { checkSound, type SoundEvidence } from "./talk-sound.ts";

/** Part of the sound that has to be speech for a mouth that stays still to be wrong. */
export const LEAST_SPEECH = 0.2;
/** A jaw that opens so far is seen. */
const LEAST_JAW = 0.15;
/** The change of the picture that goes with it, 0–255: a still clip reaches 0.33. */
const LEAST_CHANGE = 0.7;
/** Seconds by which picture and sound may differ in length. */
const MOST_APART = 0.1;
/** E in pixels of the video, and degrees: the lips of other faces are not measured, only that they move. */
const LEAST_MEASURED = 40;
const FACING = 20;
/** E: what is open in the picture. */
const OPEN_MOUTH = 0.02;

type Seen = { info: VideoInfo; frames: Map<number, Uint8Array> };
type Subject = { mover: ReadMover; crop: FaceCrop; jaw: number[]; wanted: number[]; measured: boolean };

/** Throws one of the `check_…` codes where the video is certainly wrong, or what reading the picture and the cast throws. */
export async function checkTalk(
  { inputs, files, cast, motion: packed, params, mark }: TalkCheck,
  { signal }: Pick<TaskContext, "signal">,
): Promise<TalkCheckResult> {
  const started = performance.now();
  const motion = await unpackFrames(packed);
  const { picture, movers } = await openPhoto(inputs.image[0]!.path, cast);
  signal.throwIfAborted();
  const subjects = await subjectsOf(picture, movers, cast.frame, motion);
  const wanted = new Set([0, ...subjects.flatMap((subject) => subject.wanted)]);
  if (files.poster) wanted.add(files.poster.frame);
  const seen = await readFrames(files.video, { wanted, watches: [], fps: motion.fps }, signal);
  const decoded = performance.now();
  requireShape(seen.info, motion, cast.frame);
  requireMark(mark, seen.frames, seen.info);
  const poster = files.poster ? await checkPoster(files.poster, seen.frames, seen.info) : null;
  const type = clipFormatOfPath(files.video)?.contentType ?? "";
  const sound = await checkSound(inputs.audio[0]!, { path: files.video, type, duration: seen.info.duration }, signal);
  requireLength(sound, seen.info);
  const listened = performance.now();
  const warnings: Warning[] = [];
  for (const subject of subjects) {
    const which = subjects.length > 1 ? ` (face ${subject.mover.index})` : "";
    warnings.push(...(await look(subject, { picture, ...seen }, { motion, sound, params, which, signal })));
  }
  const { width, height, fps, frames, duration, bytes } = seen.info;
  const timings = { decode: decoded - started, listen: listened - decoded, look: performance.now() - listened };
  return {
    video: { width, height, fps, frames, duration, bytes, audio: sound.audio },
    ...(poster && { poster }),
    warnings,
    timings: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)])),
  };
}

/** Throws `check_wrong_shape` where picture and sound differ in length. */
export function requireLength({ seconds }: SoundEvidence, { duration }: VideoInfo): void {
  if (Math.abs(duration - seconds) < MOST_APART) return;
  const lengths = `The finished video lasts ${duration.toFixed(2)} s, its sound ${seconds.toFixed(2)} s`;
  throw new AppError("check_wrong_shape", `${lengths}; they belong together.`);
}

async function subjectsOf(
  picture: Picture,
  movers: ReadMover[],
  { crop: shown, width }: TalkCheck["cast"]["frame"],
  motion: MotionFrames,
): Promise<Subject[]> {
  const full = picture.fullWidth / picture.width;
  const scale = width / shown.width;
  const subjects: Subject[] = [];
  for (const [nth, mover] of movers.entries()) {
    const { face, ease } = mover;
    const { x, y, size, angle } = face.crop;
    const crop = {
      ...{ x: (x * full - shown.x) * scale, y: (y * full - shown.y) * scale },
      ...{ size: size * full * scale, angle },
    };
    const jaw = jawOf(motion, nth);
    const facing = Math.max(Math.abs(face.yaw), Math.abs(face.pitch)) < FACING;
    const large = face.eyeDistance * full * scale >= LEAST_MEASURED;
    // an open mouth shuts for the speech, and comes back at its end
    const own = isShort(jaw, motion.fps) && lipGap(face) > OPEN_MOUTH;
    const measured = large && facing && !own && (ease.mouth ?? 1) > 0 && (await isLegible(picture, mover));
    const speaks = jaw.some((value) => value >= LEAST_JAW);
    subjects.push({
      mover,
      crop,
      jaw,
      measured: measured && speaks,
      wanted: speaks ? framesOfLips(jaw, motion.fps) : [],
    });
  }
  return subjects;
}

type Looked = {
  motion: MotionFrames;
  sound: SoundEvidence;
  params: TalkCheck["params"];
  which: string;
  signal: AbortSignal;
};

async function look(
  { mover, crop, jaw, wanted, measured }: Subject,
  { picture, info, frames }: Seen & { picture: Picture },
  { motion, sound, params, which, signal }: Looked,
): Promise<Warning[]> {
  const { width, height } = info;
  const first = frames.get(0)!;
  const { place, view, alike } = await findPlace({ yuv: first, width, height }, picture, mover.face, crop);
  const box = boxAround(place);
  let { meshScore } = view.landmarks;
  let most = 0;
  const lips: Lips = new Map();
  for (const frame of wanted) {
    signal.throwIfAborted();
    const yuv = frames.get(frame)!;
    most = Math.max(most, change(first, yuv, width, height, box));
    if (!measured) continue;
    const { landmarks } = await viewOf({ yuv, width, height }, place, box);
    meshScore = Math.min(meshScore, landmarks.meshScore);
    lips.set(frame, movedBetween(view.landmarks, landmarks).lips);
  }
  requireFace({ likeness: alike, meshScore }, which);
  if (wanted.length === 0 || params.speechShare < LEAST_SPEECH) return [];
  if (most < LEAST_CHANGE) throw new AppError("check_still", `Nothing moves in the finished video${which}.`);
  // an open mouth shows what is in it already: how much wider it gets is told less surely
  const silence =
    lipGap(mover.face) > OPEN_MOUTH ? [] : judgeSilence(jaw, (frame) => frame / motion.fps, lips, sound.levels, which);
  return [...judgeLips(jaw, motion.fps, lips, which), ...silence];
}
