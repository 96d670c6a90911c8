/** Puts mouths into the frames of a video, and writes it with its new sound. Frames beside which nothing changes are copied where they can be. */
import { rm } from "node:fs/promises";
import type { LipsyncRun } from "@smileloop/core/engine/tasks/lipsync.ts";
import { blaming } from "@smileloop/core/errors.ts";
import { clipFormatOfPath } from "@smileloop/core/media/clip-formats.ts";
import { fadeAt, fadingOf, type Sync } from "@smileloop/core/speech/sync.ts";
import { SPLICE_SLACK } from "../media/film-groups.ts";
import { type FilmFrames, filmFrames } from "../media/film-reader.ts";
import { openMarking } from "../media/marking.ts";
import { marksOf } from "../media/marks.ts";
import { openSound, type Sound } from "../media/sound-reader.ts";
import { planSplice, type Splice, writeSplice } from "../media/spliced-film.ts";
import { openVideoWriter, unwritten } from "../media/video-writer.ts";
import { dimmed } from "../media/yuv.ts";
import { type Scene, withMouth } from "./lend.ts";
import { timeOf } from "./shown.ts";

type DrawOptions = { signal: AbortSignal; progress: (share: number) => void };

/** Frames that are decoded rather than skipped: as many take as long as opening the file again. */
const NEAR = 8;

/** Answers the mean seams of the frames that were changed. Throws what reading the video and the sound throws, `engine_failed`, `storage_full` and the signal's reason; no file is left then. */
export async function drawLips(
  request: LipsyncRun,
  scene: Scene,
  { signal, progress }: DrawOptions,
): Promise<number[]> {
  const { sync, times } = request.params;
  const [video, audio] = [request.inputs.video[0]!, request.inputs.audio[0]!];
  const { frames } = scene.plan;
  const luma = scene.followed.width * scene.followed.height;
  const splice = await spliceOf(request, scene);
  const sound = await blaming("audio", openSound(audio));
  const film = filmFrames(video.path, scene.followed.stamps, signal);
  const seams: number[] = [];
  const picture = async (n: number): Promise<Uint8Array> => {
    signal.throwIfAborted();
    const { yuv, seam } = await withMouth(film, [n, frames[n]!], scene);
    if (seam !== null) seams.push(seam);
    progress((n + 1) / frames.length);
    return faded(yuv, luma, sync, timeOf(n, scene.motion, times));
  };
  try {
    if (splice) await writeSome(request, splice, { scene, sound, picture: skipping(film, picture), signal });
    else await writeAll(request, scene, sound, picture);
    return seams;
  } finally {
    await film.close();
    await sound.close();
  }
}

/** Null where the whole video is to be encoded. */
async function spliceOf({ inputs, params, outputs, provenance }: LipsyncRun, { plan, motion, followed }: Scene) {
  const { sync, times } = params;
  // it has to be seen from the first picture to the last
  if (provenance.mark?.label) return null;
  const isItself = plan.frames.length === followed.stamps.length && plan.frames.every(({ shown }, n) => shown === n);
  if (outputs.poster || clipFormatOfPath(outputs.video)?.name !== "mp4" || !isItself) return null;
  const due = plan.frames.map((_, n) => timeOf(n, motion, times));
  const changed = plan.frames.map(({ strength }, n) => strength > 0 || shareAt(sync, due[n]!) < 1);
  const slack = times ? SPLICE_SLACK.uneven : SPLICE_SLACK.even;
  const { path } = inputs.pictures?.[0] ?? inputs.video[0]!;
  return blaming("video", planSplice(path, { changed, times: due, slack }));
}

/** Frames between those that are asked for are not decoded. */
function skipping(film: FilmFrames, picture: (n: number) => Promise<Uint8Array>) {
  let next = 0;
  return async (n: number): Promise<Uint8Array> => {
    if (n > next + NEAR) await film.skipTo(n);
    next = n + 1;
    return picture(n);
  };
}

type Writing = { scene: Scene; sound: Sound; picture: (n: number) => Promise<Uint8Array>; signal: AbortSignal };

async function writeSome(request: LipsyncRun, splice: Splice, { scene, sound, picture, signal }: Writing) {
  const { outputs, provenance, params } = request;
  const { motion } = scene;
  const seconds = params.times?.at(-1) ?? motion.frames / motion.fps;
  const marks = marksOf(provenance, "video");
  const marked = openMarking(provenance.mark, scene.followed);
  const markedPicture = async (n: number) => marked(await picture(n));
  try {
    await writeSplice(splice, { to: outputs.video, picture: markedPicture, sound, seconds, marks, signal });
  } catch (error) {
    await rm(outputs.video, { force: true });
    signal.throwIfAborted();
    throw unwritten(error);
  }
}

async function writeAll(
  { outputs, provenance, params: { times } }: LipsyncRun,
  { followed: { width, height }, motion }: Scene,
  sound: Sound,
  picture: (n: number) => Promise<Uint8Array>,
): Promise<void> {
  const { video: path, poster } = outputs;
  const writer = await openVideoWriter({ path, width, height, fps: motion.fps, times, provenance, poster, sound });
  try {
    for (let n = 0; n < motion.frames; n++) await writer.write(await picture(n));
    await writer.close();
  } finally {
    await writer.abort();
  }
}

function faded(yuv: Uint8Array, luma: number, sync: Sync, at: number): Uint8Array {
  const share = shareAt(sync, at);
  return share === 1 ? yuv : dimmed(yuv, luma, share);
}

function shareAt(sync: Sync, at: number): number {
  return fadingOf(sync) === "video" ? fadeAt(sync, at) : 1;
}
