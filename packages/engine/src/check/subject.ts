/** The faces that should move in a video, and what of them can be seen and measured where. */
import type { Cast } from "@smileloop/core/engine/services.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { curvesOf, type ReadMover } from "../cast/read-cast.ts";
import type { Face, FaceCrop } from "../face/face.ts";
import { sharpnessOf } from "../face/sharpness.ts";
import type { Picture } from "../media/picture.ts";
import { relaxedOf } from "../motion/relaxing.ts";
import type { Kinds } from "./agreement.ts";
import { type Demand, demandsOf, strengthBetween } from "./demands.ts";
import type { Moved } from "./measure.ts";
import { openPhoto } from "./photo.ts";
import { cropInFrame } from "./readable.ts";

/** Frames looked at besides the first: evenly over the clip, and those at which something is demanded. Of many faces fewer. */
const LOOKS = { one: { even: 8, due: 6 }, ofMany: { even: 2, due: 2 } };
/** Below it a face is too blurred for its features to be measured. */
const LEAST_SHARP = 0.06;
/** Degrees up to which a face looks towards the camera. */
const FACING = 20;
/** Degrees from which on the mesh of a head that nods seems to stand still. */
const TURNED = 28;
/**
 * Gaps between the lips (E) up to which the mouth can show that something moves: what is open already opens less, and one that gapes can't
 * smile.
 */
const MOST_SHUT = 0.02;
const MOST_GAP: Partial<Record<keyof Moved, number>> = { lips: MOST_SHUT, jaw: MOST_SHUT, smile: 0.28 };
/** How much of its own expression a mouth may have let go of, 0–1. */
const MOST_RELAXED = 0.05;

/** A face that should move: as the picture shows it, where that lies in the video, its curves, and the frames to look at. */
export type Subject = {
  index: number;
  face: Face;
  crop: FaceCrop;
  motion: MotionFrames;
  /** Whether the landmarks can tell how it moves. */
  legible: boolean;
  /** What can be measured of it. */
  kinds: Kinds;
  demands: Demand[];
  wanted: number[];
  /**
   * Frames in which a mouth that stands open in the picture, in a smile or not, may have let go of that: against the picture it then does
   * less than is asked, or the opposite.
   */
  relaxing: ReadonlySet<number>;
};
export type Source = { picture: Picture; subjects: Subject[] };

/** The picture that was given, the faces that should move in it, and where they lie in the video. */
export async function readSource(path: string, cast: Cast, motion: MotionFrames, signal: AbortSignal): Promise<Source> {
  const { picture, movers, readable } = await openPhoto(path, cast);
  signal.throwIfAborted();
  const { frame } = cast;
  const subjects: Subject[] = [];
  for (const [nth, mover] of movers.entries()) {
    const { index, face } = mover;
    const own = { ...motion, faces: [curvesOf(motion, nth)] };
    const legible = readable[nth]!;
    const kinds = legible ? kindsOf(mover, sharpnessOf(picture, face)) : NOTHING;
    const relaxing = new Set(lipGap(face) > MOST_SHUT ? framesRelaxed(own) : []);
    const demands = demandsOf(own)
      .filter(({ kind }) => kinds.sure.includes(kind) || kinds.unsure.includes(kind))
      .flatMap((demand) => besideRelaxing(demand, relaxing));
    const crop = cropInFrame(face, picture, frame);
    const wanted = framesToLookAt(own, demands, movers.length > 1);
    subjects.push({ index, face, crop, motion: own, legible, kinds, demands, wanted, relaxing });
  }
  return { picture, subjects };
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

/** Between the middles of the lips' inner edges, in E. */
export function lipGap({ points, eyeDistance }: Face): number {
  return Math.hypot(points[14 * 3]! - points[13 * 3]!, points[14 * 3 + 1]! - points[13 * 3 + 1]!) / eyeDistance;
}

const NOTHING: Kinds = { sure: [], unsure: [] };

/**
 * What can be measured of a face's movement. Heads beside others pull at one another, of faces that are turned the landmarks follow the
 * mouth and, further on, the nod only roughly, and what is open already may show nothing new.
 */
export function kindsOf({ face, ease }: ReadMover, sharpness: number): Kinds {
  const free = ease.head === 1;
  const roughNod = Math.abs(face.yaw) > TURNED;
  const head = free ? (["yaw", "roll", "x", "y", "growth", ...(roughNod ? [] : ["pitch" as const])] as const) : [];
  const unsure = free && roughNod ? (["pitch"] as const) : [];
  if (sharpness < LEAST_SHARP) return { sure: [...head], unsure: [...unsure] };
  const gap = lipGap(face);
  const facing = Math.max(Math.abs(face.yaw), Math.abs(face.pitch)) < FACING;
  const mouth = (["smile", "pucker", "lips", "jaw"] as const).filter(
    (kind) => facing && gap <= (MOST_GAP[kind] ?? Number.POSITIVE_INFINITY),
  );
  return { sure: [...head, "lids", "wink", ...mouth], unsure: [...unsure] };
}

/** What a mouth is asked for while it keeps its own expression; other demands as they are. */
function besideRelaxing(demand: Demand, relaxing: ReadonlySet<number>): Demand[] {
  if (demand.kind !== "smile" && demand.kind !== "pucker") return [demand];
  const kept = demand.frames.flatMap((frame, nth) => (relaxing.has(frame) ? [] : [nth]));
  if (kept.length === 0) return [];
  const [frames, asked] = [demand.frames, demand.asked].map((list) => kept.map((nth) => list[nth]!));
  return [{ ...demand, frames: frames!, asked: asked! }];
}

/** By the curves alone, whether the open mouth smiles or is merely parted. */
function framesRelaxed(motion: MotionFrames): number[] {
  const curves = motion.faces[0]!;
  const relaxed = [true, false].map((smiling) => relaxedOf(curves, motion, smiling));
  return Array.from({ length: motion.frames }, (_, frame) => frame).filter((frame) =>
    relaxed.some((each) => each[frame]! > MOST_RELAXED),
  );
}
