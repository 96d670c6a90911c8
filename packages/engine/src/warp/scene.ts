/** From a picture file to what is animated: the frame's own still and the faces in it. */
import type { Cast } from "@smileloop/core/engine/services.ts";
import sharp from "sharp";
import type { Framing } from "../cast/framing.ts";
import { type ReadMover, readCast } from "../cast/read-cast.ts";
import type { Face } from "../face/face.ts";
import { models, segmenter } from "../face/models.ts";
import { scaledFace } from "../face/scaled.ts";
import { decodePicture, type Picture } from "../media/picture.ts";
import { type Planes, toPlanes } from "../media/planes.ts";
import { smallPicture } from "../media/small-picture.ts";
import { type Matte, matteOf } from "./behind/matte.ts";

export type Scene = {
  still: Planes;
  matte: Matte;
  /** Who moves, in pixels of the frame. */
  movers: ReadMover[];
  /** Milliseconds. */
  timings: { decode: number; detect: number; matte: number };
};

/** Throws what `decodePicture` and `readCast` throw, and the signal's reason. */
export async function openScene(path: string, cast: Cast, signal: AbortSignal): Promise<Scene> {
  const started = performance.now();
  loadModels();
  const picture = await smallPicture(path);
  signal.throwIfAborted();
  const decoded = performance.now();
  // cut on another thread while landmarks are read
  const cutting = stillOf(path, picture, cast.frame);
  cutting.catch(() => {});
  const movers = await readCast(picture, cast);
  signal.throwIfAborted();
  const detected = performance.now();
  const { rgb, region } = await cutting;
  signal.throwIfAborted();
  const still = toPlanes(rgb, cast.frame.width, cast.frame.height);
  const cut = performance.now();
  const place = faceIn(region, cast.frame.width / region.width, picture.fullWidth / picture.width);
  const placed = movers.map((mover) => ({ ...mover, face: place(mover.face) }));
  const matte = await matteOf(
    rgb,
    still,
    placed.map(({ face }) => face),
  );
  signal.throwIfAborted();
  return {
    still,
    matte,
    movers: placed,
    timings: {
      decode: decoded - started + (cut - detected),
      detect: detected - decoded,
      matte: performance.now() - cut,
    },
  };
}

/** Begins to load them, where that is not done: the picture is decoded on another thread. Whether it went well, who uses them is told. */
function loadModels(): void {
  for (const load of [models, segmenter]) load().catch(() => {});
}

/** Where the faces of the small picture lie in the frame, which shows `region` of the full picture. */
function faceIn(region: Picture["region"], scale: number, toFull: number): (face: Face) => Face {
  return (face) => scaledFace(face, { x: region.x / toFull, y: region.y / toFull, scale: scale * toFull });
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
