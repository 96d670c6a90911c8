/** Looks at a finished video beside the picture that it was made from. */

import type { PosterOrder } from "@smileloop/core/engine/protocol.ts";
import type { Cast } from "@smileloop/core/engine/services.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { MarkOrder } from "@smileloop/core/marking/mark.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Framing } from "../cast/framing.ts";
import type { Picture } from "../media/picture.ts";
import { readVideo, type VideoInfo } from "../media/video-reader.ts";
import { type Agreements, agreementsOf } from "./agreement.ts";
import { type Demand, strengthBetween } from "./demands.ts";
import { type EyeView, eyesChanged } from "./eye-patch.ts";
import { type Followed, follower } from "./followed.ts";
import { type Frozen, mostFrozen, perhapsFrozen } from "./frozen.ts";
import type { Likeness } from "./likeness.ts";
import { requireMark } from "./mark.ts";
import { type Moved, movedBetween } from "./measure.ts";
import { boxAround, findPlace, viewsOf } from "./place.ts";
import { checkPoster, type PosterInfo } from "./poster.ts";
import { change, type Watch, watch } from "./stillness.ts";
import { type Strengths, strengthsOf } from "./strength.ts";
import { readSource, type Subject } from "./subject.ts";

/**
 * What a changed eye (see `eyesChanged`) says of its lids. Seen on 115 portraits at 256²: closed eyes have changed by 0.28 or
 * more, eyes in smiles, kisses and looks around by 0.17 in the median of the worst tenth; so 0.28 is as good as lids at 0.15.
 */
const LIDS_PER_CHANGE = 0.54;

/** What was seen of one face that should move. */
export type Evidence = {
  /** Its index in the picture, largest first. */
  index: number;
  likeness: Likeness;
  /** How sure the model is of the face in each frame that was looked at, the least; of a face it can't follow, in the first. */
  meshScore: number;
  /** The most that a frame that was looked at differs from the first, 0–255. */
  change: number;
  /** How strongly the motion moves in these frames, the most. */
  strength: number;
  /** Where it stands still while most is to move, in any of the video's frames; `perhaps` while that moves which only some engines show. */
  frozen: Frozen | undefined;
  perhapsFrozen: Frozen | undefined;
  agreements: Agreements;
  strengths: Strengths;
  demands: Demand[];
  followed: Map<number, Followed>;
};

/** Paths of the picture, of the video and of its poster; who was to move in what frame, and how. */
type Case = {
  picture: string;
  video: string;
  poster: PosterOrder | undefined;
  cast: Cast;
  motion: MotionFrames;
  mark: MarkOrder | null;
};

/** Gathers the evidence. Throws where there is none: `check_unreadable`, `check_wrong_shape`, `marking_failed`. */
export async function examine(
  { picture, video, poster, cast, motion, mark }: Case,
  signal: AbortSignal,
): Promise<{ faces: Evidence[]; info: VideoInfo; poster: PosterInfo | null; timings: Record<string, number> }> {
  const started = performance.now();
  const source = await readSource(picture, cast, motion, signal);
  const wanted = new Set(source.subjects.flatMap((subject) => subject.wanted));
  if (poster) wanted.add(poster.frame);
  const watches = source.subjects.map(({ crop }) => watch(boxAround(crop)));
  const { info, frames } = await readFrames(video, { wanted, watches, fps: motion.fps }, signal);
  const decoded = performance.now();
  requireShape(info, motion, cast.frame);
  requireMark(mark, frames, info);
  const still = poster ? await checkPoster(poster, frames, info) : null;
  const faces: Evidence[] = [];
  for (const [nth, subject] of source.subjects.entries()) {
    const stretches = watches[nth]!.stretches();
    faces.push({
      ...(await look(subject, source.picture, info, frames, signal)),
      ...{ frozen: mostFrozen(subject.motion, stretches), perhapsFrozen: perhapsFrozen(subject.motion, stretches) },
    });
  }
  const ended = performance.now();
  const timings = { decode: decoded - started, look: ended - decoded, check: ended - started };
  const rounded = Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)]));
  return { faces, info, poster: still, timings: rounded };
}

async function look(
  { index, face, crop: at, motion, legible, kinds, demands, wanted, relaxing }: Subject,
  source: Picture,
  { width, height }: VideoInfo,
  frames: Map<number, Uint8Array>,
  signal: AbortSignal,
): Promise<Omit<Evidence, "frozen" | "perhapsFrozen">> {
  const neutralFrame = frames.get(0)!;
  const { place, view, alike } = await findPlace({ yuv: neutralFrame, width, height }, source, face, at);
  const neutral: EyeView = view;
  const followedTo = follower(view);
  const box = boxAround(place);
  let { meshScore } = view.landmarks;
  let most = 0;
  const moved = new Map<number, Partial<Moved>>();
  const followed = new Map<number, Followed>();
  const later = wanted.filter((frame) => frame !== 0);
  const views = await viewsOf(
    later.map((frame) => ({ yuv: frames.get(frame)!, width, height })),
    place,
    box,
  );
  for (const [nth, frame] of later.entries()) {
    signal.throwIfAborted();
    const yuv = frames.get(frame)!;
    const { picture, landmarks } = views[nth]!;
    if (legible) meshScore = Math.min(meshScore, landmarks.meshScore);
    const seen = movedBetween(neutral.landmarks, landmarks);
    const { left, right } = eyesChanged(neutral, { picture, landmarks });
    const lids = Math.max(seen.lids, (LIDS_PER_CHANGE * (left + right)) / 2);
    const wink = LIDS_PER_CHANGE * (left - right);
    const eyes = { lids, wink: Math.abs(wink) > Math.abs(seen.wink) ? wink : seen.wink };
    const told = relaxing.has(frame) ? withoutMouth : <T>(all: T): T => all;
    moved.set(frame, { ...told(seen), ...eyes });
    if (legible) followed.set(frame, { ...told(followedTo(picture)), ...eyes });
    most = Math.max(most, change(neutralFrame, yuv, width, height, box));
  }
  const strength = Math.max(...wanted.map((frame) => strengthBetween(motion, 0, frame)));
  const agreements = agreementsOf(motion, moved, kinds);
  const strengths = strengthsOf(motion, followed, kinds);
  return { index, likeness: alike, meshScore, change: most, strength, agreements, strengths, demands, followed };
}

function withoutMouth<T extends { smile?: number | undefined; pucker?: number | undefined }>(all: T) {
  const { smile: _, pucker: __, ...rest } = all;
  return rest;
}

/** The frames that are wanted, of a video that is decoded as a whole; each is shown to the watches. Throws `check_unreadable`. */
export async function readFrames(
  path: string,
  { wanted, watches, fps }: { wanted: Set<number>; watches: Watch[]; fps: number },
  signal: AbortSignal,
): Promise<{ info: VideoInfo; frames: Map<number, Uint8Array> }> {
  const frames = new Map<number, Uint8Array>();
  try {
    const info = await readVideo(path, {
      signal,
      fps,
      onFrame: ({ index, width, height, yuv }) => {
        if (watches.length === 0 && !wanted.has(index)) return;
        const pixels = yuv();
        for (const { see } of watches) see(pixels, width, height);
        if (wanted.has(index)) frames.set(index, pixels);
      },
    });
    return { info, frames };
  } catch (error) {
    signal.throwIfAborted();
    throw new AppError("check_unreadable", "The finished video does not decode.", { cause: error });
  }
}

/** Throws `check_wrong_shape`. */
export function requireShape(
  info: VideoInfo,
  motion: Pick<MotionFrames, "fps" | "frames">,
  due: Pick<Framing, "width" | "height">,
): void {
  const rate = Math.abs(info.fps / motion.fps - 1) < 0.002 && info.constantRate;
  if (info.width === due.width && info.height === due.height && info.frames === motion.frames && rate) return;
  throw new AppError(
    "check_wrong_shape",
    `The finished video has ${info.frames} frames of ${info.width} × ${info.height} at ${info.fps.toFixed(2)} a second; ` +
      `${motion.frames} of ${due.width} × ${due.height} at ${motion.fps} were asked for.`,
  );
}
