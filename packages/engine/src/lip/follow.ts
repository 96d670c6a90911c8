/** Follows a face through a whole video and keeps what each frame shows of it: some hundred bytes a frame, whatever its size. */
import { AppError } from "@smileloop/core/errors.ts";
import { isMouthHidden } from "../face/clarity.ts";
import { type Face, findFaces } from "../face/face.ts";
import { cropAround, meshesAt } from "../face/landmarks.ts";
import { type Models, models } from "../face/models.ts";
import { poseOf } from "../face/pose.ts";
import type { FaceCrop } from "../face/types.ts";
import { readFilm } from "../media/film-reader.ts";
import { gatherLooks } from "./gather.ts";
import { type Frame, type Look, lookOf } from "./look.ts";
import { type Point, placeOf, shapeOf, unitOf } from "./place.ts";
import { shrunkPicture } from "./shrunk.ts";

export type Followed = {
  width: number;
  height: number;
  /** Seconds from the first frame, of every frame. */
  stamps: number[];
  /** Null where the face is not seen, or its mouth is covered. */
  looks: (Look | null)[];
  /** Frames in which something is before the mouth. */
  covered?: boolean[];
  /** What of the video can't be decoded, as `readFilm` has it. */
  damage?: { faults: number; faultSeconds: number };
};

type FollowOptions = {
  face: number;
  maxSeconds: number;
  signal: AbortSignal;
  progress: (share: number) => void;
};

const MIN_MESH_SCORE = 0.6;
/** Longest side at which faces are looked for. */
export const SEARCH_SIDE = 960;
/** Frames between two searches for a face that was lost. */
const SEARCH_EVERY = 5;
/** How far into a video its first face may appear, s. */
const PATIENCE_SECONDS = 5;
/** A face is found again within so many crops of where it was, and of such a size; after a cut anywhere. */
const GROWTH = 1.6;

/** Throws what `readFilm` throws, `no_face`, `face_not_there`, and `mouth_not_seen` where it is covered throughout. */
export async function followFace(path: string, options: FollowOptions): Promise<Followed> {
  const ready = await models();
  const stamps: number[] = [];
  const gathering = gatherLooks();
  const follower = createFollower(ready, options.face);
  const { width, height, ...damage } = await readFilm(path, {
    ...options,
    onFrame: async ({ seconds, yuv }, shape, share) => {
      const frame = { yuv: yuv(), ...shape };
      const look = await follower.see(frame, stamps.length);
      await gathering.add(frame, seconds, look, () => follower.isHidden(frame));
      stamps.push(seconds);
      if (!follower.found() && seconds > PATIENCE_SECONDS) throw noFace();
      options.progress(share);
    },
  });
  if (!follower.found()) throw noFace();
  return { width, height, stamps, ...gathering.end(), damage };
}

/** Follows a face that is found by others, frame by frame. */
export type MeshFollower = {
  /** `crop`: where the face is; null where it is not in this frame. */
  see(frame: Frame, crop: FaceCrop | null): Promise<void>;
  /** Of all frames that `stamps` tells. Throws `mouth_not_seen`. */
  end(): Followed;
};

/** `stamps`: of the frames so far, one more with each; those that came before the first that is seen count as frames without the face. */
export async function followMeshes({ width, height, stamps }: Pick<Followed, "width" | "height" | "stamps">) {
  const ready = await models();
  const gathering = gatherLooks();
  let shape: Point[] | null = null;
  const follower: MeshFollower = {
    async see(frame, crop) {
      while (gathering.looks.length < stamps.length - 1) await gathering.add(frame, 0, null, async () => false);
      const mesh = crop && meshIn(ready, frame, crop);
      if (mesh) shape ??= shapeOf(mesh);
      const look = mesh && lookOf(shape!, mesh, frame);
      await gathering.add(frame, stamps.at(-1)!, look, async () => mesh !== null && isMouthHiddenIn(frame, mesh));
    },
    end: () => ({ width, height, stamps, ...gathering.end() }),
  };
  return follower;
}

function noFace(): AppError {
  return new AppError(
    "no_face",
    "No face was found in the video. Use one in which a face is well lit and looks ahead.",
  );
}

/** Sees one frame after another. `index`: which face of the first in which there is one. */
export function createFollower(ready: Models, index: number) {
  let shape: Point[] | null = null;
  let crop: FaceCrop | null = null;
  let mesh: Float32Array | null = null;
  let [lost, searched] = [false, -SEARCH_EVERY];

  const read = (frame: Frame, at: FaceCrop): Look | null => {
    const points = meshIn(ready, frame, at);
    if (!points) return null;
    shape ??= shapeOf(points);
    mesh = points;
    // the crop goes with the steady points, so that a mouth that opens does not move it
    crop = followed(at, points);
    return lookOf(shape, points, frame);
  };
  const search = async (frame: Frame): Promise<FaceCrop | null> => {
    const picture = shrunkPicture(frame, { x: 0, y: 0, width: frame.width, height: frame.height }, SEARCH_SIDE);
    const by = frame.width / picture.width;
    const faces = await findFaces(picture, { thorough: crop === null });
    const found = crop === null ? chosen(faces, index) : sameFace(faces, crop, by);
    return found && scaled(found.crop, by);
  };
  return {
    found: () => crop !== null,
    /** Whether the mouth that was seen in this frame at last is behind something. */
    isHidden: async (frame: Frame): Promise<boolean> => mesh !== null && isMouthHiddenIn(frame, mesh),
    async see(frame: Frame, nth: number): Promise<Look | null> {
      const look = crop && !lost ? read(frame, crop) : null;
      if (look) return look;
      if (nth < searched + SEARCH_EVERY) return null;
      searched = nth;
      const at = await search(frame);
      const again = at && read(frame, at);
      lost = !again;
      return again;
    },
  };
}

/** Among several faces the one of that number. Throws `face_not_there`. */
function chosen(faces: Face[], index: number): Face | null {
  if (faces.length === 0) return null;
  const face = faces[index];
  if (face) return face;
  const there = faces.length === 1 ? "one face" : `${faces.length} faces`;
  throw new AppError("face_not_there", `The video begins with ${there}; face ${index} is not among them.`);
}

/** The nearest that is about as large; after a cut, the largest. */
function sameFace(faces: Face[], was: FaceCrop, by: number): Face | null {
  const alike = faces.filter(({ crop }) => Math.abs(Math.log((crop.size * by) / was.size)) < Math.log(GROWTH));
  const distance = ({ crop }: Face) => Math.hypot(crop.x * by - was.x, crop.y * by - was.y);
  return alike.toSorted((a, b) => distance(a) - distance(b))[0] ?? faces[0] ?? null;
}

function scaled({ x, y, size, angle }: FaceCrop, by: number): FaceCrop {
  return { x: x * by, y: y * by, size: size * by, angle };
}

/** In pixels of the frame; null where there is no face. */
function meshIn(ready: Models, frame: Frame, crop: FaceCrop): Float32Array | null {
  const { points, score } = meshesAt(ready, frame, [crop])[0]!;
  return score < MIN_MESH_SCORE ? null : points;
}

/** Whether the mouth of a mesh of the frame is behind something. */
export function isMouthHiddenIn(frame: Frame, mesh: Float32Array): Promise<boolean> {
  const [right, left] = [33 * 3, 263 * 3];
  const eyeDistance = Math.hypot(mesh[right]! - mesh[left]!, mesh[right + 1]! - mesh[left + 1]!);
  return isMouthHidden(frame, { points: mesh, crop: cropAround(mesh), eyeDistance, yaw: poseOf(mesh).yaw });
}

/** A move beyond it is one of the head, parts of the crop. Less is half of it the tremble of landmarks, which a crop that goes with it makes worse. */
const MOVED = 0.03;

/** A crop of the usual size around the steady points of a mesh, whatever its mouth does. */
function followed(was: FaceCrop, points: Float32Array): FaceCrop {
  const place = placeOf(shapeOf(points), points);
  const unit = unitOf(place);
  const fresh = cropAround(points);
  // of a crop by the whole mesh the size swings with the jaw: a slow mean of it holds still
  const size = 0.9 * was.size * clampRatio(fresh.size / was.size) + 0.1 * fresh.size;
  const turn = Math.atan2(place.b, place.a);
  const x = place.x - Math.sin(turn) * 0.45 * unit - was.x;
  const y = place.y + Math.cos(turn) * 0.45 * unit - was.y;
  const by = Math.hypot(x, y) > MOVED * was.size || Math.abs(turn - was.angle) > MOVED ? 1 : 0.5;
  return { x: was.x + by * x, y: was.y + by * y, size, angle: was.angle + by * (turn - was.angle) };
}

/** Within a tenth a size is the same. */
function clampRatio(ratio: number): number {
  return ratio > 1.1 || ratio < 0.9 ? ratio : 1;
}
