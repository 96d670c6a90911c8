/** Judges a video whose words were replaced, by what was asked for: the curves, the video that was given and the sound. */
import type { LipsyncCheck, LipsyncCheckResult } from "@smileloop/core/engine/tasks/lipsync.ts";
import { AppError, type ErrorCode, type Warning } from "@smileloop/core/errors.ts";
import { clipFormatOfPath } from "@smileloop/core/media/clip-formats.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import { fadeAt, fadingOf } from "@smileloop/core/speech/sync.ts";
import { models } from "../face/models.ts";
import { openingsOf } from "../lip/asked.ts";
import { coveredFrames, type Lower, lowerOf } from "../lip/covered.ts";
import { createFollower } from "../lip/follow.ts";
import { type Look, printDistance, printOf } from "../lip/look.ts";
import { inFrame, unitOf } from "../lip/place.ts";
import { framesInSpans, keptFrames, shownFrames, timeOf } from "../lip/shown.ts";
import { openFilm } from "../media/film-file.ts";
import { filmFrames } from "../media/film-reader.ts";
import type { VideoInfo } from "../media/video-reader.ts";
import type { Box } from "../media/yuv.ts";
import { timesOf } from "../services/film.ts";
import type { TaskContext } from "../task.ts";
import { readFrames, requireShape } from "./evidence.ts";
import { labeled } from "./labeled.ts";
import { checkPoster } from "./poster.ts";
import { change } from "./stillness.ts";
import { LEAST_SPEECH, requireLength } from "./talk.ts";
import { framesOfLips, judgeLips, judgeSilence, type Lips } from "./talk-lips.ts";
import { checkSound, type SoundEvidence } from "./talk-sound.ts";
import { requireTimes } from "./times.ts";

/** Difference of prints (lip/look.ts): encoding leaves 2, another face has 30 and more. */
const MOST_PRINT = 14;
/** Difference of the most changed hundredth of the blocks beside the face, levels: encoding leaves 3 to 6. */
const MOST_BESIDE = 16;
/** Around the mouth, E: what may be changed. */
const CHANGED = { side: 0.75, up: 0.4, down: 1.1 };
/** Degrees, and E in pixels, up to which lips can be measured. */
const FACING = 25;
const LEAST_UNIT = 48;

type Seen = { info: VideoInfo; frames: Map<number, Uint8Array> };
type Evidence = { lips: Lips; beside: number; print: number; lost: boolean };

/** Throws one of the `check_…` codes where the video is certainly wrong, or what reading the given video throws. */
export async function checkLipsync(
  { inputs, files, motion: packed, params }: LipsyncCheck,
  { signal }: Pick<TaskContext, "signal">,
): Promise<LipsyncCheckResult> {
  const started = performance.now();
  const motion = await unpackFrames(packed);
  const curve = openingsOf(motion);
  const free = framesInSpans(motion, params);
  const looked = framesOfLips(curve, motion.fps, free);
  const kept = keptFrames(free);
  const wanted = new Set([0, ...looked, ...kept]);
  if (files.poster) wanted.add(files.poster.frame);
  const seen = await readFrames(files.video, { wanted, watches: [], fps: motion.fps }, signal);
  const decoded = performance.now();
  const path = inputs.video[0]!.path;
  const given = await givenOf(path, params.sync.video, signal);
  if (params.times) requireTimes(seen.info, params.times, given);
  else requireShape(seen.info, motion, given);
  const poster = files.poster ? await checkPoster(files.poster, seen.frames, seen.info) : null;
  const type = clipFormatOfPath(files.video)?.contentType ?? "";
  const sound = await checkSound(inputs.audio[0]!, { path: files.video, type, duration: seen.info.duration }, signal);
  requireLength(sound, seen.info);
  const listened = performance.now();
  const shows = shownFrames(given.stamps, motion, params);
  const warnings = await judgeSpeaking(path, { params, motion, given, seen, looked, kept, shows }, sound, signal);
  const { width, height, fps, frames, duration, bytes } = seen.info;
  const timings = { decode: decoded - started, listen: listened - decoded, look: performance.now() - listened };
  return {
    video: { width, height, fps, frames, duration, bytes, audio: sound.audio },
    ...(poster && { poster }),
    warnings,
    timings: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)])),
  };
}

type Given = { width: number; height: number; stamps: number[] };

async function givenOf(path: string, seconds: number, signal: AbortSignal): Promise<Given> {
  const film = await openFilm(path);
  try {
    const { times } = await timesOf(film, seconds + 1, signal);
    return { width: film.width, height: film.height, stamps: times.map((at) => at - times[0]!) };
  } finally {
    await film.close();
  }
}

/**
 * `given`: the video that was given; `shows`: which of its frames each frame of the finished one shows. `looked`: frames of the latter;
 * `kept`: others, which are to be as they were.
 */
type Case = {
  params: LipsyncCheck["params"];
  motion: MotionFrames;
  given: Given;
  seen: Pick<Seen, "frames">;
  looked: readonly number[];
  kept?: readonly number[];
  shows: readonly number[];
};

/** Judges the lips of frames that are as large as those of the given video, at `path`. Throws one of the `check_…` codes. */
export async function judgeSpeaking(
  path: string,
  asked: Case,
  sound: SoundEvidence,
  signal: AbortSignal,
): Promise<Warning[]> {
  const { params, motion } = asked;
  const evidence = await look(path, asked, signal);
  const judged = { curve: openingsOf(motion), motion, params, sound };
  return params.elsewhere ? told(() => judge(evidence, judged)) : judge(evidence, judged);
}

/** Each frame that is looked at beside the frame of the given video that it shows, in the order of the latter. */
async function look(
  path: string,
  { params, motion, given, seen, looked, kept = [], shows }: Case,
  signal: AbortSignal,
): Promise<Evidence> {
  const { width, height, stamps } = given;
  const whole = (frame: number) => fadeAt(params.sync, timeOf(frame, motion, params.times)) === 1;
  const pairs = [...looked, ...kept]
    .filter((frame) => fadingOf(params.sync) !== "video" || whole(frame))
    .map((frame) => ({ frame, shown: shows[frame]! }))
    .sort((a, b) => a.shown - b.shown);
  const ready = await models();
  const [was, is] = [createFollower(ready, params.face), createFollower(ready, params.face)];
  const film = filmFrames(path, stamps, signal);
  const signed = labeled(params.label, given);
  const evidence: Evidence = { lips: new Map(), beside: 0, print: 0, lost: false };
  const measured: Measured[] = [];
  try {
    for (const [nth, { frame, shown }] of pairs.entries()) {
      signal.throwIfAborted();
      const [before, after] = [signed(await film.at(shown)), seen.frames.get(frame)!];
      if (kept.includes(frame)) {
        evidence.beside = Math.max(
          evidence.beside,
          change(before, after, width, height, { x: 0, y: 0, width, height }),
        );
        continue;
      }
      // frames lie far apart, so a face is looked for whenever it is lost
      const own = await was.see({ yuv: before, width, height }, 100 * nth);
      const made = await is.see({ yuv: after, width, height }, 100 * nth);
      if (!own) continue;
      evidence.beside = Math.max(
        evidence.beside,
        ...around(own, width, height).map((box) => change(before, after, width, height, box)),
      );
      if (!made) evidence.lost = true;
      else {
        // looked at in the same places: another mouth may shift those that a mesh finds
        const print = printOf({ yuv: after, width, height }, own.place);
        evidence.print = Math.max(evidence.print, printDistance(own.print, print));
        if (Math.abs(own.yaw) < FACING && unitOf(own.place) >= LEAST_UNIT) {
          const picture = { yuv: before, width, height };
          const same = change(before, after, width, height, boxOfMouth(own)) < MOST_BESIDE;
          const lower = lowerOf(picture, own);
          measured.push({ frame, gap: made.gap, own, lower, same, hidden: await was.isHidden(picture) });
        }
      }
    }
  } finally {
    await film.close();
  }
  const free = uncovered(measured);
  const shut = Math.min(...free.map(({ gap }) => gap));
  for (const { frame, gap } of free) evidence.lips.set(frame, gap - shut);
  return evidence;
}

/** `own`, `lower`, `hidden`: of the given video. `same`: whether its mouth was left as it is. */
type Measured = { frame: number; gap: number; own: Look; lower: Lower; same: boolean; hidden: boolean };

/** Without the mouths that are behind something, which are to stay as they are. */
function uncovered(measured: Measured[]): Measured[] {
  const covered = coveredFrames(
    measured.map(({ own }) => own),
    measured.map(({ lower }) => lower),
    new Map(measured.map(({ hidden }, n) => [n, hidden])),
    0,
  );
  return measured.filter(({ same, hidden }, n) => !(same && (hidden || covered[n])));
}

/** The part that may be changed. */
function boxOfMouth({ place, mouth }: Look): Box {
  const corners = [-CHANGED.side, CHANGED.side].flatMap((x) =>
    [-CHANGED.up, CHANGED.down].map((y) => inFrame(place, { x: mouth.x + x, y: mouth.y + y })),
  );
  const [left, right] = [Math.min(...corners.map(({ x }) => x)), Math.max(...corners.map(({ x }) => x))];
  const [top, bottom] = [Math.min(...corners.map(({ y }) => y)), Math.max(...corners.map(({ y }) => y))];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** What lies beside it: above, below, left and right. */
function around(look: Look, width: number, height: number): Box[] {
  const box = boxOfMouth(look);
  const [left, top, right, bottom] = [box.x, box.y, box.x + box.width, box.y + box.height];
  return [
    { x: 0, y: 0, width, height: top },
    { x: 0, y: bottom, width, height: height - bottom },
    { x: 0, y: top, width: left, height: bottom - top },
    { x: right, y: top, width: width - right, height: bottom - top },
  ].filter((box) => box.width > 16 && box.height > 16);
}

/** Faults of what differs from our own curves, as warnings: it was paid for, and may be as its maker wanted it. */
const TOLD: readonly ErrorCode[] = ["check_other_motion", "check_out_of_sync", "check_still"];

function told(judging: () => Warning[]): Warning[] {
  try {
    return judging();
  } catch (error) {
    if (!(error instanceof AppError) || !TOLD.includes(error.code)) throw error;
    return [{ code: error.code, detail: error.message }];
  }
}

type Judged = { curve: number[]; motion: MotionFrames; params: LipsyncCheck["params"]; sound: SoundEvidence };

function judge({ lips, beside, print, lost }: Evidence, { curve, motion, params, sound }: Judged): Warning[] {
  if (lost && lips.size === 0) throw new AppError("check_no_face", "No face is seen in the finished video.");
  if (print > MOST_PRINT) {
    throw new AppError("check_other_face", "The face in the finished video looks unlike that in the video.");
  }
  if (beside > MOST_BESIDE) {
    throw new AppError(
      "check_other_motion",
      `The finished video differs from the given one beside the mouth, by ${beside.toFixed(0)} levels.`,
    );
  }
  if (lips.size === 0 || params.speechShare < LEAST_SPEECH) return [];
  const at = (frame: number) => timeOf(frame, motion, params.times);
  return [...judgeLips(curve, motion.fps, lips, ""), ...judgeSilence(curve, at, lips, sound.levels, "")];
}
