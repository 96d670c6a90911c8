/** Looks at a finished video beside the picture that it was made from. */

import type { PosterOrder } from "@smileloop/core/engine/protocol.ts";
import type { Cast } from "@smileloop/core/engine/services.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Framing } from "../cast/framing.ts";
import { curvesOf, type ReadMover, readCast } from "../cast/read-cast.ts";
import { isSteady } from "../face/clarity.ts";
import type { Face, FaceCrop } from "../face/face.ts";
import { sharpnessOf } from "../face/sharpness.ts";
import type { Picture } from "../media/picture.ts";
import { smallPicture } from "../media/small-picture.ts";
import { readVideo, type VideoInfo } from "../media/video-reader.ts";
import { type Agreements, agreementsOf } from "./agreement.ts";
import { type Demand, demandsOf, strengthBetween } from "./demands.ts";
import { type EyeView, eyesChanged } from "./eye-patch.ts";
import type { Likeness } from "./likeness.ts";
import { type Moved, movedBetween } from "./measure.ts";
import { boxAround, findPlace, viewOf } from "./place.ts";
import { checkPoster, type PosterInfo } from "./poster.ts";
import { change } from "./stillness.ts";

/** Frames looked at besides the first: evenly over the clip, and those at which something is demanded. Of many faces fewer. */
const LOOKS = { one: { even: 8, due: 6 }, ofMany: { even: 2, due: 2 } };
/** Pictures that differ by less (0–255) show the same: a still face has up to 0.33. */
const SAME = 0.5;
/** So much has to change between two neighbouring frames for a picture that stays the same to be frozen. */
const SEEN_STEP = 0.1;
/**
 * How sure the detector is of a face whose landmarks can tell how it moves: portraits have ≥ 0.87, a face that a damaged JPEG
 * shows in two shifted halves 0.71. Of the others no special movement is demanded: there the picture is odd, not the result.
 */
const LEAST_SURE = 0.8;

/** Below it a face is too blurred for its features to be measured. */
const LEAST_SHARP = 0.06;
/** Degrees up to which a face looks towards the camera. */
const FACING = 20;
/** E in pixels of the video: the landmarks of smaller faces are too coarse to tell how they move, the more so beside others. */
const LEAST_MEASURED = { one: 40, ofMany: 64 };

/**
 * What a changed eye (see `eyesChanged`) says of its lids. Seen on 115 portraits at 256²: closed eyes have changed by 0.28 or
 * more, eyes in smiles, kisses and looks around by 0.17 in the median of the worst tenth; so 0.28 is as good as lids at 0.15.
 */
const LIDS_PER_CHANGE = 0.54;

/** A mouth with a wider gap between its lips (E) shows what is in it already, so it opens less; one that gapes can't smile. */
const OPEN_MOUTH = 0.02;
const GAPING_MOUTH = 0.28;

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
  /** How much was to change, in all, between frames that show the same. */
  frozen: number;
  agreements: Agreements;
  demands: Demand[];
  moved: Map<number, Moved>;
};

/** A face that should move: as the picture shows it, where that lies in the video, its curves, and the frames to look at. */
type Subject = {
  index: number;
  face: Face;
  crop: FaceCrop;
  motion: MotionFrames;
  /** Whether the landmarks can tell how it moves. */
  legible: boolean;
  /** What can be measured of it. */
  kinds: (keyof Moved)[];
  demands: Demand[];
  wanted: number[];
};
type Source = { picture: Picture; subjects: Subject[] };

/** Paths of the picture, of the video and of its poster; who was to move in what frame, and how. */
type Case = { picture: string; video: string; poster: PosterOrder | undefined; cast: Cast; motion: MotionFrames };

/** Gathers the evidence. Throws where there is none: `check_unreadable`, `check_wrong_shape`. */
export async function examine(
  { picture, video, poster, cast, motion }: Case,
  signal: AbortSignal,
): Promise<{ faces: Evidence[]; info: VideoInfo; poster: PosterInfo | null; timings: Record<string, number> }> {
  const started = performance.now();
  const source = await readSource(picture, cast, motion, signal);
  const wanted = new Set(source.subjects.flatMap((subject) => subject.wanted));
  if (poster) wanted.add(poster.frame);
  const { info, frames } = await readFrames(video, wanted, motion.fps, signal);
  const decoded = performance.now();
  requireShape(info, motion, cast.frame);
  const still = poster ? await checkPoster(poster, frames, info) : null;
  const faces: Evidence[] = [];
  for (const subject of source.subjects) faces.push(await look(subject, source.picture, info, frames, signal));
  const ended = performance.now();
  const timings = { decode: decoded - started, look: ended - decoded, check: ended - started };
  const rounded = Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)]));
  return { faces, info, poster: still, timings: rounded };
}

async function look(
  { index, face, crop: at, motion, legible, kinds, demands, wanted }: Subject,
  source: Picture,
  { width, height }: VideoInfo,
  frames: Map<number, Uint8Array>,
  signal: AbortSignal,
): Promise<Evidence> {
  const neutralFrame = frames.get(0)!;
  const { place, view, alike } = await findPlace({ yuv: neutralFrame, width, height }, source, face, at);
  const neutral: EyeView = view;
  const box = boxAround(place);
  let { meshScore } = view.landmarks;
  let most = 0;
  let frozen = 0;
  let before = 0;
  const moved = new Map<number, Moved>();
  for (const frame of wanted) {
    signal.throwIfAborted();
    if (frame === 0) continue;
    const yuv = frames.get(frame)!;
    const { picture, landmarks } = await viewOf({ yuv, width, height }, place, box);
    if (legible) meshScore = Math.min(meshScore, landmarks.meshScore);
    const seen = movedBetween(neutral.landmarks, landmarks);
    const { left, right } = eyesChanged(neutral, { picture, landmarks });
    const lids = Math.max(seen.lids, (LIDS_PER_CHANGE * (left + right)) / 2);
    const wink = LIDS_PER_CHANGE * (left - right);
    moved.set(frame, { ...seen, lids, wink: Math.abs(wink) > Math.abs(seen.wink) ? wink : seen.wink });
    most = Math.max(most, change(neutralFrame, yuv, width, height, box));
    const step = strengthBetween(motion, before, frame);
    if (step >= SEEN_STEP && change(frames.get(before)!, yuv, width, height, box) < SAME) frozen += step;
    before = frame;
  }
  const strength = Math.max(...wanted.map((frame) => strengthBetween(motion, 0, frame)));
  const agreements = agreementsOf(motion, moved, kinds);
  return { index, likeness: alike, meshScore, change: most, strength, frozen, agreements, demands, moved };
}

/**
 * The first and the last frame, others evenly between, those in which what is demanded is due, and the one that moves most. Where
 * those are too many, each demand's first ones come first.
 */
function framesToLookAt(motion: MotionFrames, demands: Demand[], many: boolean): number[] {
  const last = motion.frames - 1;
  const looks = many ? LOOKS.ofMany : LOOKS.one;
  const even = Array.from({ length: looks.even }, (_, nth) => Math.round((last * (nth + 1)) / looks.even));
  const due = [0, 1, 2, 3].flatMap((nth) => demands.flatMap((demand) => demand.frames[nth] ?? []));
  const strengths = Array.from({ length: motion.frames }, (_, frame) => strengthBetween(motion, 0, frame));
  const strongest = strengths.indexOf(Math.max(...strengths));
  return [...new Set([0, ...even, ...due.slice(0, looks.due), strongest])].sort((a, b) => a - b);
}

/** The frames that are wanted, of a video that is decoded as a whole. Throws `check_unreadable`. */
export async function readFrames(
  path: string,
  wanted: Set<number>,
  fps: number,
  signal: AbortSignal,
): Promise<{ info: VideoInfo; frames: Map<number, Uint8Array> }> {
  const frames = new Map<number, Uint8Array>();
  try {
    const info = await readVideo(path, {
      signal,
      fps,
      onFrame: ({ index, yuv }) => {
        if (wanted.has(index)) frames.set(index, yuv());
      },
    });
    return { info, frames };
  } catch (error) {
    signal.throwIfAborted();
    throw new AppError("check_unreadable", "The finished video does not decode.", { cause: error });
  }
}

/** The picture that was given, the faces that should move in it, and where they lie in the video. */
async function readSource(path: string, cast: Cast, motion: MotionFrames, signal: AbortSignal): Promise<Source> {
  const picture = await smallPicture(path);
  signal.throwIfAborted();
  const movers = await readCast(picture, cast);
  signal.throwIfAborted();
  const full = picture.fullWidth / picture.width;
  const { frame } = cast;
  const scale = frame.width / frame.crop.width;
  const subjects: Subject[] = [];
  for (const [nth, mover] of movers.entries()) {
    const { index, face } = mover;
    const own = { ...motion, faces: [curvesOf(motion, nth)] };
    const least = movers.length > 1 ? LEAST_MEASURED.ofMany : LEAST_MEASURED.one;
    const large = face.eyeDistance * full * scale >= least;
    const legible = large && (await isLegible(picture, mover));
    const kinds = legible ? kindsOf(mover, sharpnessOf(picture, face)) : [];
    const demands = demandsOf(own).filter(({ kind }) => kinds.includes(kind));
    const crop = {
      x: (face.crop.x * full - frame.crop.x) * scale,
      y: (face.crop.y * full - frame.crop.y) * scale,
      size: face.crop.size * full * scale,
      angle: face.crop.angle,
    };
    const wanted = framesToLookAt(own, demands, movers.length > 1);
    subjects.push({ index, face, crop, motion: own, legible, kinds, demands, wanted });
  }
  return { picture, subjects };
}

/** Between the middles of the lips' inner edges, in E. */
export function lipGap({ points, eyeDistance }: Face): number {
  return Math.hypot(points[14 * 3]! - points[13 * 3]!, points[14 * 3 + 1]! - points[13 * 3 + 1]!) / eyeDistance;
}

/**
 * What can be measured of a face's movement. Heads beside others pull at one another, of faces that are turned the landmarks follow the
 * mouth only roughly, and what is open already may show nothing new.
 */
function kindsOf({ face, ease }: ReadMover, sharpness: number): (keyof Moved)[] {
  const head = ease.head === 1 ? (["pitch", "yaw", "roll"] as const) : [];
  if (sharpness < LEAST_SHARP) return [...head];
  const gap = lipGap(face);
  const facing = Math.max(Math.abs(face.yaw), Math.abs(face.pitch)) < FACING;
  const mouth = (["smile", "pucker", "lips"] as const).filter(
    (kind) => facing && !(kind === "smile" && gap > GAPING_MOUTH) && !(kind === "lips" && gap > OPEN_MOUTH),
  );
  return [...head, "lids", "wink", ...mouth];
}

/** Whether the landmarks of a face can tell how it moves. */
export async function isLegible(picture: Picture, { face, ease }: ReadMover): Promise<boolean> {
  return face.score >= LEAST_SURE && ease.why !== "unclear" && isSteady(picture, face);
}

/** Throws `check_wrong_shape`. */
export function requireShape(info: VideoInfo, motion: MotionFrames, due: Pick<Framing, "width" | "height">): void {
  const rate = Math.abs(info.fps / motion.fps - 1) < 0.002 && info.constantRate;
  if (info.width === due.width && info.height === due.height && info.frames === motion.frames && rate) return;
  throw new AppError(
    "check_wrong_shape",
    `The finished video has ${info.frames} frames of ${info.width} × ${info.height} at ${info.fps.toFixed(2)} a second; ` +
      `${motion.frames} of ${due.width} × ${due.height} at ${motion.fps} were asked for.`,
  );
}
