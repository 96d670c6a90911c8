/**
 * Sees the frames of a video one after another and tells whose face is where. A face that was found is followed: its crop stays where it
 * is until the face has drifted by some percent, because what the models get wrong depends on how a face lies in its crop. Faces are
 * searched for at the start and after a cut, now and then, and in every frame while one is missing.
 *
 * A face that is found again is the track that was lost nearest to it, if it looks like that one; after a cut or far away, only if it
 * looks very much like it.
 */
import { isCut } from "../face/clarity.ts";
import { type Face, faceAt, findFaces } from "../face/face.ts";
import { cropAround } from "../face/landmarks.ts";
import { type Seen, squareOf } from "../face/sample.ts";
import type { FaceCrop } from "../face/types.ts";
import { type Point, placeOf, shapeOf } from "../lip/place.ts";
import { shrunkPicture } from "../lip/shrunk.ts";
import { slipOf, type Upper, upperOf } from "../lip/slip.ts";
import type { Frame } from "../media/yuv.ts";
import { isFree } from "./clear.ts";
import { createCutFinder, meanDifference } from "./cuts.ts";
import { packed, type Sample } from "./smoothing.ts";

/** Longest side at which faces are looked for. */
const SEARCH_SIDE = 960;
/** A crop that reaches into the frame by fewer pixels shows nothing. */
const EDGE = 8;
const MIN_MESH_SCORE = 0.6;
/** Frames between two searches; while a face is missing that was there within the last so many frames, each is searched. */
const SEARCH_EVERY = 5;
const MISSED_FRAMES = 30;
/** Frames for which it is taken that a face is as free as it was. */
const CLEAR_EVERY = 5;
/** Faces that are followed, the largest. */
const MOST_FACES = 20;
/** By how much a face has to drift in its crop before that follows, of the crop's side, its log and radians. */
const DRIFT = 0.04;
/** Centres of two crops are nearer than that, by the smaller side: one face. */
const SAME = 0.25;
/** Near enough, and of a size, to be the face that was lost there: crops, and the log of the sizes' ratio. */
const NEAR = { crops: 1, growth: Math.log(1.6) };
/** Mean difference of prints, 0–255, of one person near and anywhere. */
const ALIKE = { near: 45, anywhere: 20 };

type Track = {
  id: number;
  crop: FaceCrop;
  score: number;
  print: Float32Array;
  clear: boolean;
  judged: number;
  seen: number;
  /** Its steady points, as they were seen first; and the skin around its nose in the frame in which it was seen last. */
  shape?: Point[];
  upper?: Upper;
};

export type Watcher = {
  /** What the next frame shows, by track, and whether it is the first of a shot. */
  see(frame: Frame): Promise<{ samples: Map<number, Sample>; cut: boolean }>;
};

/** `leastScore`: how sure the detector has to be of a face that is new. */
export function createWatcher(leastScore: number): Watcher {
  const tracks: Track[] = [];
  let active = new Set<Track>();
  const isNewShot = createCutFinder();
  let [index, searched] = [-1, Number.NEGATIVE_INFINITY];

  /** Reads a track's face and what is to be remembered of it; null where it is not seen. */
  const follow = async (frame: Frame, track: Track): Promise<Sample | null> => {
    const read = await readAt(frame, track.crop, track.score);
    if (!read) return null;
    const motion = followSkin(frame, track, read.points);
    track.seen = index;
    if (index >= track.judged + CLEAR_EVERY) {
      track.judged = index;
      track.clear = await isFree(frame, read);
      track.print = printOf(frame, read);
    }
    const { crop, score, meshScore, eyeDistance } = read;
    const ideal = cropAround(read.points);
    if (hasDrifted(crop, ideal)) track.crop = ideal;
    const clear = track.clear && !isCut(frame, read);
    return { ...motion, values: packed(read), crop, score, meshScore, clear, eyeDistance };
  };
  /** Where a face lies, and how its skin has moved there since the frame before. */
  const followSkin = (frame: Frame, track: Track, points: Float32Array): Pick<Sample, "place" | "slip"> => {
    track.shape ??= shapeOf(points);
    const place = placeOf(track.shape, points);
    const before = track.seen === index - 1 ? track.upper : undefined;
    track.upper = upperOf(frame, place);
    return { place, slip: before ? slipOf(before, track.upper) : null };
  };
  /** Faces that no active track has, as tracks: old ones that were lost, or new. */
  const search = async (frame: Frame, afterCut: boolean): Promise<Track[]> => {
    searched = index;
    const whole = shrunkPicture(frame, { x: 0, y: 0, width: frame.width, height: frame.height }, SEARCH_SIDE);
    const by = frame.width / whole.width;
    const found = (await findFaces(whole, { thorough: index === 0 })).filter(({ score }) => score >= leastScore);
    const fresh: Track[] = [];
    for (const face of found.slice(0, MOST_FACES)) {
      const crop = scaled(face.crop, by);
      const known = [...active, ...fresh].find((track) => apart(track.crop, crop) < SAME);
      if (known) {
        known.score = face.score;
        continue;
      }
      const print = printOf(whole, face);
      const lost = tracks.filter((track) => !active.has(track) && !fresh.includes(track));
      const track = lostAs(lost, crop, print, afterCut) ?? newTrack(tracks, crop, print);
      Object.assign(track, { crop, print, score: face.score, judged: Number.NEGATIVE_INFINITY });
      fresh.push(track);
    }
    return fresh;
  };
  return {
    async see(frame) {
      index++;
      const cut = isNewShot(frame);
      const samples = new Map<number, Sample>();
      const see = async (track: Track): Promise<void> => {
        const twin = [...active].some((other) => samples.has(other.id) && apart(other.crop, track.crop) < SAME);
        const sample = twin ? null : await follow(frame, track);
        if (sample) samples.set(track.id, sample);
        if (sample) active.add(track);
        else active.delete(track);
      };
      if (cut) active = new Set();
      if (cut) for (const track of tracks) delete track.upper;
      for (const track of [...active].sort((a, b) => a.id - b.id)) await see(track);
      const missed = tracks.some((track) => !samples.has(track.id) && track.seen >= index - MISSED_FRAMES);
      if (cut || missed || index >= searched + SEARCH_EVERY) {
        for (const track of await search(frame, cut)) await see(track);
      }
      return { samples, cut };
    },
  };
}

/** The one that was lost and is most alike. */
function lostAs(lost: readonly Track[], crop: FaceCrop, print: Float32Array, afterCut: boolean): Track | undefined {
  const likeness = (track: Track) => meanDifference(track.print, print);
  const fitting = lost.filter((track) => {
    const near = apart(track.crop, crop) < NEAR.crops && Math.abs(Math.log(crop.size / track.crop.size)) < NEAR.growth;
    return likeness(track) < (near && !afterCut ? ALIKE.near : ALIKE.anywhere);
  });
  return fitting.sort((a, b) => likeness(a) - likeness(b))[0];
}

function newTrack(tracks: Track[], crop: FaceCrop, print: Float32Array): Track {
  const never = Number.NEGATIVE_INFINITY;
  const track = { id: tracks.length, crop, print, score: 0, clear: false, judged: never, seen: never };
  tracks.push(track);
  return track;
}

/** Null where there is no face. */
async function readAt(frame: Frame, crop: FaceCrop, score: number): Promise<Face | null> {
  const reach = (crop.size / 2) * (Math.abs(Math.cos(crop.angle)) + Math.abs(Math.sin(crop.angle)));
  if (Math.min(crop.x, crop.y) + reach < EDGE) return null;
  if (Math.max(crop.x - frame.width, crop.y - frame.height) - reach > -EDGE) return null;
  const face = await faceAt(frame, crop, score);
  return face.meshScore < MIN_MESH_SCORE ? null : face;
}

/** How a face looks from its brows to its mouth: the means of 8 × 8 parts, 0–255. */
function printOf(seen: Seen, { crop, eyeDistance, points }: Face): Float32Array {
  const middle = { x: points[6 * 3]!, y: points[6 * 3 + 1]! + 0.25 * eyeDistance };
  const print = squareOf(seen, { ...middle, size: 1.2 * eyeDistance, angle: crop.angle }, 8);
  return print.map((value) => value * 255);
}

function hasDrifted(was: FaceCrop, is: FaceCrop): boolean {
  const away = Math.hypot(is.x - was.x, is.y - was.y) / was.size;
  return Math.max(away, Math.abs(Math.log(is.size / was.size)), Math.abs(is.angle - was.angle)) > DRIFT;
}

/** Distance of the centres by the smaller side. */
function apart(a: FaceCrop, b: FaceCrop): number {
  return Math.hypot(a.x - b.x, a.y - b.y) / Math.min(a.size, b.size);
}

function scaled({ x, y, size, angle }: FaceCrop, by: number): FaceCrop {
  return { x: x * by, y: y * by, size: size * by, angle };
}
