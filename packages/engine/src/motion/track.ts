/** Follows one face through a clip: its landmarks in every frame, read so that they don't jitter. */
import { AppError } from "@smileloop/core/errors.ts";
import { findFaces, type Landmarks, trackFace } from "../face/face.ts";
import type { FaceCrop } from "../face/types.ts";
import { type ClipInfo, readClip } from "../media/clip-reader.ts";
import type { Picture } from "../media/picture.ts";
import { rigidFit } from "./rigid.ts";

export type TrackedFrame = {
  /** From the clip's first frame. */
  seconds: number;
  /** Null where no face is seen. */
  landmarks: Landmarks | null;
};

export type TrackedClip = {
  info: ClipInfo;
  frames: TrackedFrame[];
  /** Faces in the picture in which the tracking began. */
  faces: number;
};

type TrackOptions = {
  maxSeconds: number;
  signal: AbortSignal;
  progress: (share: number) => void;
};

/** Faster rates show nothing that a face does: a lid takes 0.1 s to close. */
const MAX_RATE = 30;
/** Longest side at which faces are looked for, and how many pixels the models' crop then needs. */
const SEARCH_SIDE = 960;
const CROP_PIXELS = 320;
const MIN_MESH_SCORE = 0.6;
/** How far into a clip its first face may appear; later, the clip counts as having none. */
const PATIENCE_SECONDS = 2;
/** Minimum share, and minimum number, of the frames in which a face has to be seen. */
const LEAST_SEEN = 0.5;
const LEAST_FRAMES = 3;

/** Bone and skin that expressions move least: the nose, the corners of the eyes, the sides. A forehead goes with the brows. */
export const STABLE = [6, 168, 197, 195, 5, 4, 133, 362, 33, 263, 234, 454, 127, 356, 93, 323, 162, 389];

/** Throws what `readClip` throws, and `no_face` where a face is not seen, or hardly ever. */
export async function trackClip(path: string, { maxSeconds, signal, progress }: TrackOptions): Promise<TrackedClip> {
  const frames: TrackedFrame[] = [];
  let side = SEARCH_SIDE;
  let follower: Follower | undefined;
  let faces = 0;
  const info = await readClip(path, {
    maxSeconds,
    leastStepSeconds: 1 / MAX_RATE,
    signal,
    onFrame: async ({ seconds, width, height, picture }, share) => {
      const look = picture(side);
      let landmarks = follower ? await follower.read(look) : null;
      if (landmarks === null) {
        const found = await findFaces(look, { thorough: frames.length === 0 });
        const face = follower
          ? found.toSorted((a, b) => follower!.distanceTo(a) - follower!.distanceTo(b))[0]
          : found[0];
        if (face && !follower) {
          faces = found.length;
          // The rest of the clip is read no larger than the models see it.
          const longer = Math.max(width, height);
          side = Math.round(
            Math.min(longer, Math.max(192, (Math.max(look.width, look.height) * CROP_PIXELS) / face.crop.size)),
          );
          const by = Math.min(1, side / longer) / (Math.max(look.width, look.height) / longer);
          const crop = { ...face.crop, x: face.crop.x * by, y: face.crop.y * by, size: face.crop.size * by };
          const closer = picture(side);
          follower = createFollower(crop, await trackFace(closer, crop));
          landmarks = await follower.read(closer);
        } else if (face && follower) {
          follower.jump(face);
          landmarks = await follower.read(look);
        } else if (!follower && seconds > PATIENCE_SECONDS) throw noFace();
      }
      frames.push({ seconds, landmarks });
      progress(share);
    },
  });
  const seen = frames.filter(({ landmarks }) => landmarks !== null).length;
  if (seen < Math.max(LEAST_FRAMES, LEAST_SEEN * frames.length)) throw noFace();
  return { info, frames, faces };
}

type Follower = {
  /** Null when the face is lost. */
  read(picture: Picture): Promise<Landmarks | null>;
  jump(face: Landmarks): void;
  /** From where the face was last seen, pixels. */
  distanceTo(face: { crop: FaceCrop }): number;
};

/**
 * The crop goes with the head, by the steady points of the frame before: they tremble less than the mesh's own box, and a mouth
 * that opens doesn't move them. What the models get wrong depends on how a face lies in the crop, so there it lies still.
 */
function createFollower(firstCrop: FaceCrop, first: Landmarks): Follower {
  let crop = firstCrop;
  const ideal = ({ points }: Landmarks): FaceCrop => {
    const { rotation, scale, apply } = rigidFit(first.points, points, STABLE);
    const [x, y] = apply([firstCrop.x, firstCrop.y, first.points[2]!]);
    return {
      x,
      y,
      size: firstCrop.size * scale,
      angle: firstCrop.angle + Math.atan2(rotation[1][0], rotation[0][0]),
    };
  };
  return {
    async read(picture) {
      const landmarks = await trackFace(picture, crop);
      if (landmarks.meshScore < MIN_MESH_SCORE) return null;
      crop = ideal(landmarks);
      return landmarks;
    },
    jump(face) {
      crop = ideal(face);
    },
    distanceTo: (face) => Math.hypot(face.crop.x - crop.x, face.crop.y - crop.y),
  };
}

function noFace(): AppError {
  return new AppError(
    "no_face",
    "No face was found in the driving clip, or only now and then. Use a clip in which one face is well lit and looks towards the camera.",
  );
}
