/**
 * Judges one of several clips of a picture, by what was asked for and by the picture: what is certain, and no more. The picture is opened
 * for the first of them.
 */
import type { PreviewsCheck, PreviewsCheckResult } from "@smileloop/core/engine/tasks/previews.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import { curvesOf, type ReadMover } from "../cast/read-cast.ts";
import type { FaceCrop } from "../face/face.ts";
import type { Picture } from "../media/picture.ts";
import type { VideoInfo } from "../media/video-reader.ts";
import type { TaskContext } from "../task.ts";
import { requireFace, requireMoving } from "./check.ts";
import { strengthBetween } from "./demands.ts";
import { readFrames, requireShape } from "./evidence.ts";
import { mostFrozen } from "./frozen.ts";
import { requireUnfrozen } from "./judge-motion.ts";
import { openPhoto } from "./photo.ts";
import { boxAround, findPlace, viewOf } from "./place.ts";
import { cropInFrame } from "./readable.ts";
import { change, type Stretch, watch } from "./stillness.ts";

/** Throws one of the `check_…` codes where the clip is certainly not what was asked for, or what reading the picture and the cast throws. */
export async function checkPreview(
  { inputs, cast, clip }: PreviewsCheck,
  { signal }: Pick<TaskContext, "signal">,
): Promise<PreviewsCheckResult> {
  const started = performance.now();
  const motion = await unpackFrames(clip.motion);
  const { picture, movers, readable } = await openPhoto(inputs.image[0]!.path, cast, { keep: true });
  signal.throwIfAborted();
  const faces: Expected[] = movers.map((mover, nth) => {
    return { mover, crop: cropInFrame(mover.face, picture, cast.frame), legible: readable[nth]! };
  });
  const played = faces.map((face, nth) => ({ face, own: { ...motion, faces: [curvesOf(motion, nth)] } }));
  const looks = played.map(({ own }) => strongestOf(own));
  const watches = faces.map(({ crop }) => watch(boxAround(crop)));
  const wanted = new Set([0, ...looks]);
  const { info, frames } = await readFrames(clip.video, { wanted, watches, fps: motion.fps }, signal);
  requireShape(info, motion, cast.frame);
  for (const [nth, { face, own }] of played.entries()) {
    signal.throwIfAborted();
    const which = played.length > 1 ? ` (face ${face.mover.index})` : "";
    const pair = { first: frames.get(0)!, strongest: frames.get(looks[nth]!)!, info };
    const stretches = watches[nth]!.stretches();
    await judge(picture, face, { ...pair, frame: looks[nth]!, stretches }, own, which);
  }
  const { width, height, fps, frames: count, duration, bytes } = info;
  const timings = { check: Math.round(performance.now() - started) };
  return { video: { width, height, fps, frames: count, duration, bytes }, timings };
}

/** A face that should move: where it lies in the clips, and whether landmarks can tell that it is still there when it has moved. */
type Expected = { mover: ReadMover; crop: FaceCrop; legible: boolean };
type Seen = { first: Uint8Array; strongest: Uint8Array; frame: number; info: VideoInfo; stretches: Stretch[] };

async function judge(
  picture: Picture,
  { mover, crop, legible }: Expected,
  { first, strongest, frame, info, stretches }: Seen,
  motion: MotionFrames,
  which: string,
): Promise<void> {
  const { width, height } = info;
  const { place, view, alike } = await findPlace({ yuv: first, width, height }, picture, mover.face, crop);
  const box = boxAround(place);
  const moved = legible ? (await viewOf({ yuv: strongest, width, height }, place, box)).landmarks : view.landmarks;
  requireFace({ likeness: alike, meshScore: Math.min(view.landmarks.meshScore, moved.meshScore) }, which);
  const strength = strengthBetween(motion, 0, frame);
  requireMoving({ change: change(first, strongest, width, height, box), strength }, which);
  requireUnfrozen({ frozen: mostFrozen(motion, stretches) }, motion.fps, which);
}

/** The frame in which the curves are furthest from those of the first. */
function strongestOf(motion: MotionFrames): number {
  const strengths = Array.from({ length: motion.frames }, (_, frame) => strengthBetween(motion, 0, frame));
  return strengths.indexOf(Math.max(...strengths));
}
