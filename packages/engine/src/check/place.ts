/** Where a face of the picture lies in a video. */
import { type Face, type FaceCrop, trackFaces } from "../face/face.ts";
import type { Picture } from "../media/picture.ts";
import { type Box, pictureOf } from "../media/yuv.ts";
import { type Likeness, likeness, SHAPE_POINTS, type View } from "./likeness.ts";
import { similarity } from "./measure.ts";

/** A frame: planar 4:2:0, and its size. */
type Frame = { yuv: Uint8Array; width: number; height: number };
type Placed = { place: FaceCrop; view: View; alike: Likeness };

/** A face that looks so much like the picture's lies where it was expected. */
const IN_PLACE_LOOK = 0.985;
/** Of the crop's size; a square that is cut by other landmarks is not further off. */
const MOST_SHIFT = 0.3;
const MOST_GROWTH = 1.4;
const TRIES = 3;

/**
 * Engines cut a square around a face by landmarks of their own, so it may lie a little beside `expected` (in pixels of the
 * frame), or be a little larger: the face that is seen there tells by how much, as far as that is not too far. `face` in
 * pixels of `source`.
 */
export async function findPlace(first: Frame, source: Picture, face: Face, expected: FaceCrop): Promise<Placed> {
  const looked = async (place: FaceCrop): Promise<Placed> => {
    const view = await viewOf(first, place, boxAround(place));
    return { place, view, alike: likeness(view, { picture: source, crop: face.crop, landmarks: face }) };
  };
  let best = await looked(expected);
  for (let tries = 0; tries < TRIES && best.alike.look < IN_PLACE_LOOK; tries++) {
    const place = moved(face, best.view);
    if (isFar(place, expected)) break;
    const next = await looked(place);
    if (next.alike.look <= best.alike.look) break;
    best = next;
  }
  return best;
}

/** `place` in pixels of the frame; the picture that is seen shows `box` of it. */
export async function viewOf(frame: Frame, place: FaceCrop, box: Box): Promise<View> {
  return (await viewsOf([frame], place, box))[0]!;
}

/** The same of several frames of one size. */
export async function viewsOf(frames: Frame[], place: FaceCrop, box: Box): Promise<View[]> {
  const pictures = frames.map(({ yuv, width, height }) => pictureOf(yuv, width, height, box));
  const [first] = pictures;
  if (!first) return [];
  const crop = { ...place, x: place.x - first.region.x, y: place.y - first.region.y };
  const landmarks = await trackFaces(pictures, crop);
  return pictures.map((picture, i) => ({ picture, crop, landmarks: landmarks[i]! }));
}

/** The square that holds a crop however it is turned. */
export function boxAround({ x, y, size }: FaceCrop): Box {
  const reach = size * 0.72;
  return { x: x - reach, y: y - reach, width: 2 * reach, height: 2 * reach };
}

/** The face's own crop, as the landmarks lie in the frame. */
function moved(face: Face, { picture, landmarks }: View): FaceCrop {
  const from = (i: number) => ({ x: face.points[i * 3]!, y: face.points[i * 3 + 1]! });
  const to = (i: number) => ({
    x: landmarks.points[i * 3]! + picture.region.x,
    y: landmarks.points[i * 3 + 1]! + picture.region.y,
  });
  const { apply, turn } = similarity(from, to, SHAPE_POINTS);
  const { x, y, size, angle } = face.crop;
  const [middle, edge] = [apply({ x, y }), apply({ x: x + size, y })];
  return { ...middle, size: Math.hypot(edge.x - middle.x, edge.y - middle.y), angle: angle + turn };
}

function isFar(place: FaceCrop, expected: FaceCrop): boolean {
  const growth = place.size / expected.size;
  const shift = Math.hypot(place.x - expected.x, place.y - expected.y) / expected.size;
  return shift > MOST_SHIFT || growth > MOST_GROWTH || growth < 1 / MOST_GROWTH;
}
