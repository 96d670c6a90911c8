/** From a picture file to what is animated: the frame's own still and the face in it. */
import type { AnimateParams } from "@smileloop/core/engine-protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import sharp from "sharp";
import { chooseFace, type Face, findFaces, MIN_EYE_DISTANCE } from "../face/face.ts";
import { decodePicture, type Picture } from "../media/picture.ts";
import { type Framing, framing, MAX_SOURCE_SIDE } from "./framing.ts";
import { type Planes, toPlanes } from "./planes.ts";

/** Beyond this the far half of the face is hidden and its lids and mouth corner cannot be moved believably. Degrees. */
export const MAX_YAW = 55;

/** E in pixels of the frame: below it the grid is coarser than a mouth, and hardly a pixel moves. */
const MIN_SEEN_DISTANCE = 16;

export type Scene = {
  still: Planes;
  /** In pixels of the frame. */
  face: Face;
  /** How many faces the picture has. */
  faces: number;
  framing: Framing;
  /** Milliseconds. */
  timings: { decode: number; detect: number };
};

/** Throws what `decodePicture` and `chooseFace` throw, `face_too_small`, `face_turned_away`, and the signal's reason. */
export async function openScene(path: string, params: AnimateParams, signal: AbortSignal): Promise<Scene> {
  const started = performance.now();
  const picture = await decodePicture(path, { maxSide: MAX_SOURCE_SIDE });
  signal.throwIfAborted();
  const decoded = performance.now();
  const faces = await findFaces(picture);
  signal.throwIfAborted();
  const found = chooseFace(faces, params.face);
  const scale = picture.fullWidth / picture.width;
  refuseHopeless(found, scale);
  const detected = performance.now();
  const full = scaledFace(found, { x: 0, y: 0, scale });
  const frame = framing(picture.fullWidth, picture.fullHeight, full, params.size);
  if ((full.eyeDistance * frame.width) / frame.crop.width < MIN_SEEN_DISTANCE) {
    throw new AppError(
      "face_too_small",
      "The face would be too small in the video for its motion to be seen. Ask for a square around it, such as `size` 512.",
    );
  }
  const { rgb, region } = await stillOf(path, picture, frame);
  signal.throwIfAborted();
  const still = toPlanes(rgb, frame.width, frame.height);
  const cut = performance.now();
  return {
    still,
    face: scaledFace(full, { x: region.x, y: region.y, scale: frame.width / region.width }),
    faces: faces.length,
    framing: frame,
    timings: { decode: decoded - started + (cut - detected), detect: detected - decoded },
  };
}

function refuseHopeless(face: Face, scale: number): void {
  const distance = face.eyeDistance * scale;
  if (distance < MIN_EYE_DISTANCE) {
    throw new AppError(
      "face_too_small",
      `The face is too small: its outer eye corners are ${Math.round(distance)} pixels apart, and ${MIN_EYE_DISTANCE} are needed. ` +
        "Use a picture in which the face is larger.",
    );
  }
  if (Math.abs(face.yaw) > MAX_YAW) {
    throw new AppError(
      "face_turned_away",
      "The face is turned too far to the side. Use a picture in which both eyes can be seen well.",
    );
  }
}

/** The frame's pixels, from the small decode where it is sharp enough, else from the file again; and what they show. */
async function stillOf(
  path: string,
  small: Picture,
  frame: Framing,
): Promise<{ rgb: Uint8Array; region: Picture["region"] }> {
  const needed = Math.min(1, frame.width / frame.crop.width);
  const enough = small.width / small.fullWidth >= needed * 0.97;
  const picture = enough
    ? small
    : await decodePicture(path, { region: frame.crop, maxSide: Math.max(frame.width, frame.height) });
  const across = picture.width / picture.region.width;
  const down = picture.height / picture.region.height;
  const left = Math.max(0, Math.round((frame.crop.x - picture.region.x) * across));
  const top = Math.max(0, Math.round((frame.crop.y - picture.region.y) * down));
  const width = Math.min(picture.width - left, Math.round(frame.crop.width * across));
  const height = Math.min(picture.height - top, Math.round(frame.crop.height * down));
  const region = {
    x: picture.region.x + left / across,
    y: picture.region.y + top / down,
    width: width / across,
    height: height / down,
  };
  const same = width === picture.width && height === picture.height && width === frame.width && height === frame.height;
  if (same) return { rgb: picture.data, region };
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  const image = sharp(picture.data, { raw }).extract({ left, top, width, height });
  if (width !== frame.width || height !== frame.height) {
    image.resize(frame.width, frame.height, { fit: "fill", kernel: "lanczos3" });
  }
  return { rgb: await image.raw().toBuffer(), region };
}

/** A face's places moved by (−x, −y) and then scaled. */
function scaledFace(face: Face, { x, y, scale }: { x: number; y: number; scale: number }): Face {
  const pairs = (flat: Float32Array): Float32Array => flat.map((value, i) => (value - (i % 2 === 0 ? x : y)) * scale);
  const lids = (contours: Face["lids"]["left"]) => ({ upper: pairs(contours.upper), lower: pairs(contours.lower) });
  return {
    ...face,
    points: face.points.map((value, i) => (value - [x, y, 0][i % 3]!) * scale),
    iris: { left: pairs(face.iris.left), right: pairs(face.iris.right) },
    lids: { left: lids(face.lids.left), right: lids(face.lids.right) },
    brows: { left: pairs(face.brows.left), right: pairs(face.brows.right) },
    box: {
      x: (face.box.x - x) * scale,
      y: (face.box.y - y) * scale,
      width: face.box.width * scale,
      height: face.box.height * scale,
    },
    crop: { ...face.crop, x: (face.crop.x - x) * scale, y: (face.crop.y - y) * scale, size: face.crop.size * scale },
    eyeDistance: face.eyeDistance * scale,
  };
}
