/** Judges a finished video by what was asked for: the curves, the picture and the params; never by what an engine says of it. */
import type { CheckRequest, CheckResult } from "@smileloop/core/engine-protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { type Demand, demandsOf, strengthAt } from "./check/demands.ts";
import { type Likeness, likeness } from "./check/likeness.ts";
import { type Moved, movedBetween } from "./check/measure.ts";
import { change } from "./check/stillness.ts";
import { chooseFace, type Face, type FaceCrop, findFaces, type Landmarks, trackFace } from "./face/face.ts";
import { decodePicture, type Picture } from "./media/picture.ts";
import { readVideo, type VideoInfo } from "./media/video-reader.ts";
import { type Box, pictureOf } from "./media/yuv.ts";
import type { TaskContext } from "./task.ts";
import { type Framing, framing, MAX_SOURCE_SIDE } from "./warp/framing.ts";

/** Below these a motion is too small to be told from none. */
const LEAST_INTENSITY = 0.1;
const LEAST_STRENGTH = 0.05;
const MIN_MESH_SCORE = 0.6;
const MOST_FRAMES = 8;
/**
 * Seen on nine portraits (photos and paintings), four presets, 256² and 512², intensities 0.1 to 1.5: the same face has a look
 * ≥ 0.99, a colour ≤ 0.015 and a shape ≤ 0.008; of two faces the most alike have 0.89, 0.11 and 0.02.
 */
const LEAST_LOOK = 0.95;
const MOST_COLOUR = 0.06;
const MOST_SHAPE = 0.05;
/** A still clip reaches 0.33, the weakest motion (intensity 0.1) 1.5. */
const LEAST_CHANGE = 0.7;
/**
 * How sure the detector is of a face whose landmarks can tell how it moves: portraits have ≥ 0.87, a face that a damaged JPEG
 * shows in two shifted halves 0.71. Of the others no special movement is demanded: there the picture is odd, not the result.
 */
const LEAST_SURE = 0.8;

/** Throws one of the `check_…` codes, or what decoding the picture and choosing its face throw. */
export async function check(request: CheckRequest, { signal }: TaskContext): Promise<CheckResult> {
  const { evidence, info, timings } = await examine(request, signal);
  judge(evidence, request.params.intensity);
  const { width, height, fps, frames, duration, bytes } = info;
  return { video: { width, height, fps, frames, duration, bytes }, timings };
}

/** What was seen in the file. */
export type Evidence = {
  likeness: Likeness;
  /** How sure the model is of the face in each frame that was looked at, the least. */
  meshScore: number;
  /** The most that a frame that was looked at differs from the first, 0–255. */
  change: number;
  /** How strongly the motion moves in these frames, the most. */
  strength: number;
  demands: Demand[];
  moved: Map<number, Moved>;
};

type Source = { picture: Picture; face: Face; framing: Framing; crop: FaceCrop };

/** Gathers the evidence. Throws where there is none: `check_unreadable`, `check_wrong_shape`, `check_no_face`. */
export async function examine(
  request: CheckRequest,
  signal: AbortSignal,
): Promise<{ evidence: Evidence; info: VideoInfo; timings: Record<string, number> }> {
  const { motion } = request;
  const started = performance.now();
  const demands = demandsOf(motion);
  const wanted = framesToLookAt(motion.frames, demands, (frame) => strengthAt(motion, frame));
  const [{ info, frames }, source] = await Promise.all([
    readFrames(request.file, wanted, signal),
    readSource(request, signal),
  ]);
  const decoded = performance.now();
  requireShape(info, request, source.framing);

  const { width, height } = info;
  const box = boxAround(source.crop);
  const neutralFrame = frames.get(0)!;
  const at = { ...source.crop };
  let neutral: Landmarks | undefined;
  let alike: Likeness | undefined;
  let meshScore = 1;
  let most = 0;
  const moved = new Map<number, Moved>();
  for (const [index, yuv] of frames) {
    signal.throwIfAborted();
    const picture = pictureOf(yuv, width, height, box);
    const crop = { ...at, x: at.x - picture.region.x, y: at.y - picture.region.y };
    const landmarks = await trackFace(picture, crop);
    meshScore = Math.min(meshScore, landmarks.meshScore);
    if (neutral === undefined) {
      neutral = landmarks;
      alike = likeness({ picture, crop, landmarks }, { ...source, crop: source.face.crop, landmarks: source.face });
    } else {
      moved.set(index, movedBetween(neutral, landmarks));
      most = Math.max(most, change(neutralFrame, yuv, width, height, box));
    }
  }
  const ended = performance.now();
  return {
    info,
    evidence: {
      likeness: alike!,
      meshScore,
      change: most,
      strength: Math.max(...wanted.map((frame) => strengthAt(motion, frame))),
      demands: source.face.score < LEAST_SURE ? [] : demands,
      moved,
    },
    timings: {
      decode: Math.round(decoded - started),
      look: Math.round(ended - decoded),
      check: Math.round(ended - started),
    },
  };
}

/**
 * The first and the last frame, those in which what is demanded is due, and where nothing is, the one that moves most. Where
 * they are too many, each demand's first ones come first.
 */
function framesToLookAt(count: number, demands: Demand[], strength: (frame: number) => number): number[] {
  const due = [0, 1, 2, 3].flatMap((nth) => demands.flatMap((demand) => demand.frames[nth] ?? []));
  const all = Array.from({ length: count }, (_, frame) => frame);
  const strongest = all.reduce((best, frame) => (strength(frame) > strength(best) ? frame : best), 0);
  const wanted = new Set([0, ...(due.length > 0 ? due : [strongest]).slice(0, MOST_FRAMES - 2), count - 1]);
  return [...wanted].sort((a, b) => a - b);
}

async function readFrames(
  path: string,
  wanted: number[],
  signal: AbortSignal,
): Promise<{ info: VideoInfo; frames: Map<number, Uint8Array> }> {
  const frames = new Map<number, Uint8Array>();
  try {
    const info = await readVideo(path, {
      signal,
      onFrame: ({ index, yuv }) => {
        if (wanted.includes(index)) frames.set(index, yuv());
      },
    });
    return { info, frames };
  } catch (error) {
    signal.throwIfAborted();
    throw new AppError("check_unreadable", "The finished video does not decode.", { cause: error });
  }
}

/** The picture that was given, its face, and where both lie in the video. */
async function readSource({ inputs, params }: CheckRequest, signal: AbortSignal): Promise<Source> {
  const picture = await decodePicture(inputs.image.path, { maxSide: MAX_SOURCE_SIDE });
  signal.throwIfAborted();
  const face = chooseFace(await findFaces(picture), params.face);
  const full = picture.fullWidth / picture.width;
  const box = {
    x: face.box.x * full,
    y: face.box.y * full,
    width: face.box.width * full,
    height: face.box.height * full,
  };
  const due = framing(picture.fullWidth, picture.fullHeight, { box }, params.size);
  const scale = due.width / due.crop.width;
  const crop = {
    x: (face.crop.x * full - due.crop.x) * scale,
    y: (face.crop.y * full - due.crop.y) * scale,
    size: face.crop.size * full * scale,
    angle: face.crop.angle,
  };
  return { picture, face, framing: due, crop };
}

function requireShape(info: VideoInfo, { motion }: CheckRequest, due: Framing): void {
  const rate = Math.abs(info.fps / motion.fps - 1) < 0.002 && info.constantRate;
  if (info.width === due.width && info.height === due.height && info.frames === motion.frames && rate) return;
  throw new AppError(
    "check_wrong_shape",
    `The finished video has ${info.frames} frames of ${info.width} × ${info.height} at ${info.fps.toFixed(2)} a second; ` +
      `${motion.frames} of ${due.width} × ${due.height} at ${motion.fps} were asked for.`,
  );
}

/** The square that holds a crop however it is turned. */
function boxAround({ x, y, size }: FaceCrop): Box {
  const reach = size * 0.72;
  return { x: x - reach, y: y - reach, width: 2 * reach, height: 2 * reach };
}

function judge({ likeness, meshScore, change, strength, demands, moved }: Evidence, intensity: number): void {
  if (meshScore < MIN_MESH_SCORE) throw new AppError("check_no_face", "The finished video shows no face.");
  if (likeness.look < LEAST_LOOK || likeness.colour > MOST_COLOUR || likeness.shape > MOST_SHAPE) {
    throw new AppError("check_other_face", "The finished video does not begin with the face of the picture.");
  }
  if (intensity < LEAST_INTENSITY || strength < LEAST_STRENGTH) return;
  if (change < LEAST_CHANGE) throw new AppError("check_still", "Nothing moves in the finished video.");
  for (const { kind, frames, asked, least } of demands) {
    const shares = frames.flatMap((frame, i) => (moved.has(frame) ? [moved.get(frame)![kind] / asked[i]!] : []));
    // The least, not the mean: a clip of another motion may come near at one of the moments.
    const share = Math.min(...shares);
    if (share < least) {
      throw new AppError("check_other_motion", `The finished video does not move as asked (${MOTIONS[kind]}).`);
    }
  }
}

const MOTIONS: Record<keyof Moved, string> = {
  smile: "the mouth does not smile",
  lips: "the lips do not part",
  lids: "the eyes do not close",
  yaw: "the head does not turn",
  roll: "the head does not tilt",
};
