/** Judges a video whose faces went through steps, beside the video that was given. */
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import type { ProcessVideoCheck, ProcessVideoCheckResult } from "@smileloop/core/engine/tasks/process.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { processorEntry } from "@smileloop/core/faces/processors.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import { arrangeMotion } from "@smileloop/core/speech/sync.ts";
import { findFaces } from "../face/face.ts";
import type { Face } from "../face/types.ts";
import { shownFrames } from "../faces/shown.ts";
import { soundOf } from "../faces/sources.ts";
import { openingsOf } from "../lip/asked.ts";
import { shrunkPicture } from "../lip/shrunk.ts";
import { openFilm } from "../media/film-file.ts";
import { filmFrames } from "../media/film-reader.ts";
import { openFilmSound } from "../media/film-sound.ts";
import { openSound, type Sound } from "../media/sound-reader.ts";
import type { VideoInfo } from "../media/video-reader.ts";
import { createScaler } from "../media/yuv-changes.ts";
import { timesOf } from "../services/film.ts";
import type { TaskContext } from "../task.ts";
import { readFrames, requireShape } from "./evidence.ts";
import { judgeSpeaking } from "./lipsync.ts";
import { checkPoster } from "./poster.ts";
import { type Changes, changesBetween, judgeChanges } from "./process-changes.ts";
import { framesOfLips } from "./talk-lips.ts";
import { checkSound, type SoundEvidence } from "./talk-sound.ts";
import { requireTimes } from "./times.ts";

/** Frames that are looked at, from the first to the last. */
const LOOKED = 8;
const SEARCH_SIDE = 960;
const VIDEO = "video/mp4";

/** Throws one of the `check_…` codes where the video is certainly wrong, or what reading the given one throws. */
export async function checkProcessedVideo(
  { inputs, files, params }: ProcessVideoCheck,
  { signal }: Pick<TaskContext, "signal">,
): Promise<ProcessVideoCheckResult> {
  const started = performance.now();
  const { spec, times, processors } = params;
  const { path } = inputs.target[0]!;
  const given = await givenOf(path, Math.max(spec.frames / spec.fps, params.speech?.sync.video ?? 0), signal);
  const shows = shownFrames(given.stamps, { ...spec, times });
  const looked = framesOf(spec.frames);
  const speech = await speechIn(params, given, shows);
  const wanted = new Set([...looked, ...(speech?.looked ?? [])]);
  if (files.poster) wanted.add(files.poster.frame);
  const { info, frames } = await readFrames(files.video, { wanted, watches: [], fps: spec.fps }, signal);
  const decoded = performance.now();
  if (times) requireTimes(info, times, spec);
  else requireShape(info, spec, spec);
  const poster = files.poster ? await checkPoster(files.poster, frames, info) : null;
  const sound = await checkSoundOf(inputs, { params, path: files.video, info }, signal);
  const listened = performance.now();
  const { changes, faces } = await compare(path, { spec, given, shows, frames, looked, label: params.label }, signal);
  const warnings = judgeChanges(changes, { steps: processors, told: params.changed > 0 });
  // whom the check follows among several may not be the one who was to speak
  const asked = speech && {
    ...speech,
    params: { ...speech.params, elsewhere: faces > 1, label: params.label },
    given,
    seen: { frames },
    shows,
  };
  const spoken = asked && sound ? await judgeSpeaking(path, asked, sound, signal) : [];
  const { width, height, fps, duration, bytes } = info;
  const timings = { decode: decoded - started, listen: listened - decoded, look: performance.now() - listened };
  return {
    video: { ...{ width, height, fps, frames: info.frames, duration, bytes }, ...(sound && { audio: sound.audio }) },
    ...(poster && { poster }),
    warnings: [...warnings, ...spoken],
    timings: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)])),
  };
}

function framesOf(count: number): number[] {
  const looked = Math.min(LOOKED, count);
  return Array.from({ length: looked }, (_, n) => Math.round((n * (count - 1)) / Math.max(1, looked - 1)));
}

type Finished = { params: ProcessVideoCheck["params"]; path: string; info: VideoInfo };

/** The sound of a step that takes one, else that of the given video; none where that has none that is read. */
async function checkSoundOf(
  { target, source }: ProcessVideoCheck["inputs"],
  { params, path, info }: Finished,
  signal: AbortSignal,
): Promise<SoundEvidence | null> {
  const finished = { path, type: VIDEO, duration: info.duration };
  const taken = params.processors.some(({ name }) => processorEntry(name).source === "audio");
  const given = (taken && soundOf(source)) || target[0]!;
  const open = taken && soundOf(source) ? openSound : openFilmSound;
  const first = await open(given);
  if (first !== null && first !== "unread") {
    await first.close();
    return checkSound(given, finished, signal, open as (file: EngineFile) => Promise<Sound>);
  }
  if (info.otherStreams === 0) return null;
  throw new AppError("check_out_of_sync", "The finished video has a sound, the given one none.");
}

type Given = { width: number; height: number; stamps: number[] };

/**
 * What is to be said, where that alone was asked for and the lips are as large as they were: which frames show it best, and the curves at
 * the times of the frames that are shown.
 */
async function speechIn(
  { spec, speech, processors, face }: ProcessVideoCheck["params"],
  { width, height, stamps }: Given,
  shows: readonly number[],
) {
  const alone = processors.every(({ name }) => processorEntry(name).source === "audio");
  if (!speech || !alone || spec.width !== width || spec.height !== height) return null;
  const { sync, share: speechShare } = speech;
  const times = [...shows.map((shown) => stamps[shown]!), spec.frames / spec.fps];
  const motion = arrangeMotion(await unpackFrames(speech.motion), sync, times);
  const looked = framesOfLips(openingsOf(motion), motion.fps);
  return { motion, looked, params: { sync, times, face, speechShare } };
}

type Seen = {
  spec: ProcessVideoCheck["params"]["spec"];
  given: Given;
  shows: readonly number[];
  frames: ReadonlyMap<number, Uint8Array>;
  looked: readonly number[];
  label: boolean | undefined;
};
/** `faces`: the most that a frame of the target shows. */
type Compared = { changes: Changes[]; faces: number };

/** Each frame that is looked at beside the frame that it shows. */
async function compare(
  path: string,
  { spec, given, shows, frames, looked, label }: Seen,
  signal: AbortSignal,
): Promise<Compared> {
  const { width, height, stamps } = given;
  const scaler = createScaler(spec);
  const film = filmFrames(path, stamps, signal);
  const all: Changes[] = [];
  let most = 0;
  try {
    for (const n of looked) {
      signal.throwIfAborted();
      const before = scaler.scale(await film.at(shows[n]!), { width, height });
      const after = frames.get(n)!;
      const own = await facesIn(before, spec);
      most = Math.max(most, own.length);
      const faces = [...own, ...(await facesIn(after, spec))];
      const luma = (yuv: Uint8Array) => ({ width: spec.width, height: spec.height, y: yuv });
      // a face that is not found here may have been, by who has seen the frames before
      if (faces.length > 0) all.push(changesBetween(luma(before), luma(after), faces, label));
    }
    return { changes: all, faces: most };
  } finally {
    scaler.free();
    await film.close();
  }
}

async function givenOf(path: string, seconds: number, signal: AbortSignal): Promise<Given> {
  const film = await openFilm(path);
  try {
    const { times } = await timesOf(film, seconds + 1, signal);
    return { width: film.width, height: film.height, stamps: times.map((at) => at - times[0]!) };
  } finally {
    await film.close();
  }
}

type Size = { width: number; height: number };

async function facesIn(yuv: Uint8Array, { width, height }: Size): Promise<Pick<Face, "box">[]> {
  const picture = shrunkPicture({ yuv, width, height }, { x: 0, y: 0, width, height }, SEARCH_SIDE);
  const by = width / picture.width;
  return (await findFaces(picture)).map(({ box }) => ({
    box: { x: box.x * by, y: box.y * by, width: box.width * by, height: box.height * by },
  }));
}
