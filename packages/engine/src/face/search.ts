/** Where to look for faces: the whole picture first, then turned, then closer. */
import type { Picture } from "../media/picture.ts";
import { type Candidate, detectIn } from "./detect.ts";
import type { Models } from "./models.ts";
import type { FaceCrop } from "./types.ts";

/**
 * The detector misses faces narrower than about 7.5 % of what it is shown, so a picture without larger ones is looked at in
 * halves and quarters of its long side. Tiles overlap by a quarter: a face that the level before missed lies whole in one.
 */
const TILE_OVERLAP = 0.25;
/** Faces with eyes closer than this share of a view's side may have smaller companions that the detector missed. */
const SMALL = 0.08;
/** Eyes closer than this share of a view's side are only guessed: in a crowd the box often lies between two heads. */
const GUESSED = 0.025;
/** Tiles narrower than this, in pixels of the full picture, could only show faces too small to be animated. */
const MIN_TILE = 256;

/** How sure the detector is of any face that is found, at least. */
export const LEAST_SCORE = 0.5;

/** How sure detector and mesh model must be, each and together. */
export type Limits = { detector: number; mesh: number; sum: number };
const WHOLE: Limits = { detector: LEAST_SCORE, mesh: 0.6, sum: 1.4 };
/** Tiles and turned views are many: they must be surer, so as not to find faces in textures. */
const CLOSER: Limits = { detector: 0.6, mesh: 0.9, sum: 1.5 };

type Sized = { eyeDistance: number };

/**
 * Goes through the views until faces of a size are found that leaves nothing to look closer for. `accept` reads the face
 * that a candidate turns out to be, if it is one.
 */
export function search<F extends Sized>(
  models: Models,
  picture: Picture,
  accept: (found: Candidate, limits: Limits) => F | undefined,
  thorough = true,
): F[] {
  const side = Math.max(picture.width, picture.height);
  const toFull = picture.region.width / picture.width;
  const seen: FaceCrop[] = [];
  const look = (view: FaceCrop, limits: Limits): F[] => {
    const closer = (view.size / 2) * toFull >= MIN_TILE;
    return detectIn(models, picture, view, limits.detector).flatMap((found) => {
      if (seen.some((crop) => isSame(crop, found.crop))) return [];
      const face = accept(found, limits);
      if (!face || (closer && face.eyeDistance < GUESSED * view.size)) return [];
      seen.push(found.crop);
      return face;
    });
  };
  const whole: FaceCrop = { x: picture.width / 2, y: picture.height / 2, size: side, angle: 0 };
  const faces = look(whole, WHOLE);
  if (!thorough) return faces;
  for (const turns of [2, 1, 3]) {
    if (faces.length > 0) break;
    faces.push(...look({ ...whole, angle: (turns * Math.PI) / 2 }, CLOSER));
  }
  for (const parts of [2, 4]) {
    const tile = side / parts;
    const largest = Math.max(0, ...faces.map((face) => face.eyeDistance));
    // Halves are also for the companions of small faces; quarters only for pictures that seem to be empty, or show a crowd.
    if (largest > (parts === 2 ? SMALL * side : GUESSED * tile) || tile * toFull < MIN_TILE) break;
    for (const view of tiles(picture, tile)) faces.push(...look(view, CLOSER));
  }
  return faces;
}

/** Whether two views propose one face, so that it need not be read again. */
function isSame(a: FaceCrop, b: FaceCrop): boolean {
  const apart = Math.hypot(a.x - b.x, a.y - b.y);
  return apart < 0.15 * Math.min(a.size, b.size) && Math.abs(Math.log(a.size / b.size)) < 0.3;
}

function tiles(picture: Picture, size: number): FaceCrop[] {
  const centres = (length: number) => {
    if (length <= size) return [length / 2];
    const count = Math.ceil((length - size * TILE_OVERLAP) / (size * (1 - TILE_OVERLAP)));
    return Array.from({ length: count }, (_, i) => size / 2 + ((length - size) * i) / (count - 1));
  };
  return centres(picture.height).flatMap((y) => centres(picture.width).map((x) => ({ x, y, size, angle: 0 })));
}
