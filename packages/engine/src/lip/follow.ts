/** Follows a face through a whole video and keeps what each frame shows of it: some hundred bytes a frame, whatever its size. */
import { AppError } from "@smileloop/core/errors.ts";
import { type Face, findFaces } from "../face/face.ts";
import { cropAround, meshesAt } from "../face/landmarks.ts";
import { type Models, models } from "../face/models.ts";
import type { FaceCrop } from "../face/types.ts";
import { readFilm } from "../media/film-reader.ts";
import type { Picture } from "../media/picture.ts";
import { type Frame, type Look, lookOf } from "./look.ts";
import { type Point, placeOf, shapeOf } from "./place.ts";
import { shrunkPicture } from "./shrunk.ts";

export type Followed = {
  width: number;
  height: number;
  /** Seconds from the first frame, of every frame. */
  stamps: number[];
  /** Null where the face is not seen. */
  looks: (Look | null)[];
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
/** Longest side at which faces are looked for, and pixels across a crop that the mesh model needs. */
const SEARCH_SIDE = 960;
const CROP_PIXELS = 288;
/** Frames between two searches for a face that was lost. */
const SEARCH_EVERY = 5;
/** How far into a video its first face may appear, s. */
const PATIENCE_SECONDS = 5;
/** A face is found again within so many crops of where it was, and of such a size; after a cut anywhere. */
const GROWTH = 1.6;

/** Throws what `readFilm` throws, `no_face` and `face_not_there`. */
export async function followFace(path: string, options: FollowOptions): Promise<Followed> {
  const ready = await models();
  const stamps: number[] = [];
  const looks: (Look | null)[] = [];
  const follower = createFollower(ready, options.face);
  const { width, height, ...damage } = await readFilm(path, {
    ...options,
    onFrame: async ({ seconds, yuv }, shape, share) => {
      const frame = { yuv: yuv(), ...shape };
      looks.push(await follower.see(frame, looks.length));
      stamps.push(seconds);
      if (!follower.found() && seconds > PATIENCE_SECONDS) throw noFace();
      options.progress(share);
    },
  });
  if (!follower.found()) throw noFace();
  return { width, height, stamps, looks, damage };
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
  let [lost, searched] = [false, -SEARCH_EVERY];

  const read = (frame: Frame, at: FaceCrop): Look | null => {
    const points = meshIn(ready, frame, at);
    if (!points) return null;
    shape ??= shapeOf(points);
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
export function meshIn(ready: Models, frame: Frame, crop: FaceCrop): Float32Array | null {
  const reach = (crop.size / 2) * (Math.abs(Math.cos(crop.angle)) + Math.abs(Math.sin(crop.angle))) + 2;
  const box = { x: crop.x - reach, y: crop.y - reach, width: 2 * reach, height: 2 * reach };
  const picture: Picture = shrunkPicture(frame, box, Math.ceil((CROP_PIXELS * 2 * reach) / crop.size));
  const { x, y } = picture.region;
  const by = picture.region.width / picture.width;
  const within = { x: (crop.x - x) / by, y: (crop.y - y) / by, size: crop.size / by, angle: crop.angle };
  const { points, score } = meshesAt(ready, picture, [within])[0]!;
  if (score < MIN_MESH_SCORE) return null;
  for (let i = 0; i < points.length; i += 3) {
    points[i] = points[i]! * by + x;
    points[i + 1] = points[i + 1]! * by + y;
    points[i + 2]! *= by;
  }
  return points;
}

/** A crop of the usual size around the steady points of a mesh, whatever its mouth does. */
function followed(was: FaceCrop, points: Float32Array): FaceCrop {
  const place = placeOf(shapeOf(points), points);
  const unit = Math.hypot(place.a, place.b);
  const fresh = cropAround(points);
  // of a crop by the whole mesh the size swings with the jaw: a slow mean of it holds still
  const size = 0.9 * was.size * clampRatio(fresh.size / was.size) + 0.1 * fresh.size;
  const angle = Math.atan2(place.b, place.a);
  return { x: place.x - Math.sin(angle) * 0.45 * unit, y: place.y + Math.cos(angle) * 0.45 * unit, size, angle };
}

/** Within a tenth a size is the same. */
function clampRatio(ratio: number): number {
  return ratio > 1.1 || ratio < 0.9 ? ratio : 1;
}
