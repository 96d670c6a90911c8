/** The face that is put on others: read once, its texture kept at the size that it is needed in. */
import sharp from "sharp";
import { meshesAt } from "../../face/landmarks.ts";
import { models } from "../../face/models.ts";
import type { Face, FaceCrop } from "../../face/types.ts";
import type { Picture } from "../../media/picture.ts";
import { toLuma } from "../../media/planes.ts";
import { createSampler, type Sampler } from "../../warp/canvas/sampler.ts";
import { findGlasses } from "../../warp/eyes/glasses.ts";
import { createHead, type Head } from "../../warp/head/head.ts";
import { CELLS, fromCell, type Grid, gridOf, type Light, logLight, pointsInGrid, reuseFields, SIDE } from "./grid.ts";
import { turnedAway, withLids } from "./mesh.ts";
import { overLip } from "./moustache.ts";
import { litOf, type Shade, shadeOf } from "./shade.ts";
import { FEATURE_CELLS, featureCells, freeOf, skinOf, zonesOf } from "./skin.ts";

export type Source = {
  /** With its lids, in pixels of the picture it came from. */
  face: Face;
  head: Head;
  grid: Grid;
  light: Light;
  /** Per cell of its grid, how much of its face is free, 0–1. */
  free: Float32Array;
  skin: Float32Array;
  /** Per point of the mesh, how much of it the camera sees from the side only, 0–1. */
  away: Float32Array;
  shade: Shade;
  /** How plainly it wears glasses, 0–1. */
  glasses: number;
  /** As `overLip` has it. */
  lip: number;
  /** The texture for a face whose E is so many pixels. `grey`: without its colours. */
  texture(eyeDistance: number, grey: boolean): Promise<Texture>;
};

/** `at(x, y)` of the picture ↦ (x − left) · scale in the sampler's. */
export type Texture = { sampler: Sampler; scale: number; left: number; top: number };

/** Shift (right, down) and growth of the crop by its size, and its turn in radians. */
const NUDGES = [
  [0.02, 0, 1, 0],
  [-0.02, 0.015, 1, 0],
  [0, -0.015, 1.05, 0.03],
  [0, 0, 0.96, -0.03],
] as const;
/** Around the box of a face, by its size. */
const ROOM = 0.25;
/** A texture is at most so many times as large as what it is painted on; sizes are kept in steps of 2^(1/STEPS). */
const LARGEST = 1.15;
const STEPS = 4;
/** A face whose mesh is the mean of several crops, so that it does not depend on where the detector put it. */
export async function steadied(picture: Picture, face: Face): Promise<Face> {
  const { crop } = face;
  const crops = NUDGES.map(
    ([right, down, growth, turn]): FaceCrop => ({
      x: crop.x + right * crop.size,
      y: crop.y + down * crop.size,
      size: crop.size * growth,
      angle: crop.angle + turn,
    }),
  );
  const meshes = meshesAt(await models(), picture, crops);
  const points = face.points.map((value, i) => {
    return meshes.reduce((sum, mesh) => sum + mesh.points[i]!, value) / (meshes.length + 1);
  });
  return { ...face, points };
}

/** `face`: as `findFaces` gives it for `picture`. */
export async function sourceOf(picture: Picture, found: Face): Promise<Source> {
  const steady = await steadied(picture, found);
  const face = { ...steady, points: withLids(steady) };
  const head = createHead(face);
  const grid = gridOf(head);
  reuseFields();
  const light = logLight(picture, grid).map((field) => field.slice()) as Light;
  const cells = pointsInGrid(grid, face.points);
  const zones = zonesOf(face, cells);
  const skin = skinOf(light, cells, zones).slice();
  const feature = featureCells(cells, FEATURE_CELLS);
  const free = freeOf(skin, feature, zones).slice();
  const glasses = findGlasses(head, face, { ...picture, y: toLuma(picture.data, picture.width, picture.height) });
  if (glasses.score > 0) {
    for (let i = 0; i < CELLS; i++) {
      const [x, y] = fromCell(grid, (i % SIDE) + 0.5, Math.floor(i / SIDE) + 0.5);
      free[i]! *= glasses.yields(x, y);
    }
  }
  const shade = shadeOf(light, litOf(skin, feature, zones), cells);
  const away = turnedAway(face.points);
  return {
    face,
    head,
    grid,
    light,
    free,
    skin,
    away,
    shade,
    glasses: glasses.score,
    lip: overLip(picture, face),
    texture: textures(picture, face),
  };
}

function textures(picture: Picture, { box, eyeDistance }: Face): Source["texture"] {
  const [left, top] = [box.x - ROOM * box.width, box.y - ROOM * box.height].map((at) => Math.max(0, Math.floor(at)));
  const right = Math.min(picture.width, Math.ceil(box.x + (1 + ROOM) * box.width));
  const bottom = Math.min(picture.height, Math.ceil(box.y + (1 + ROOM) * box.height));
  const cut = { left: left!, top: top!, width: right - left!, height: bottom - top! };
  const sampler = createSampler({ fine: true });
  let kept: (Texture & { key: string }) | undefined;
  return async (wanted, grey) => {
    const step = Math.max(0, Math.round(-STEPS * Math.log2((LARGEST * wanted) / eyeDistance)));
    const key = `${step}${grey}`;
    if (kept?.key === key) return kept;
    const raw = { width: picture.width, height: picture.height, channels: 3 } as const;
    const image = sharp(picture.data, { raw }).extract(cut);
    const width = Math.max(16, Math.round(cut.width * 2 ** (-step / STEPS)));
    const scale = width / cut.width;
    if (step > 0)
      image.resize(width, Math.max(16, Math.round(cut.height * scale)), { fit: "fill", kernel: "mitchell" });
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    if (grey) withoutColour(data);
    sampler.put({ width: info.width, height: info.height, data });
    kept = { key, sampler, scale, left: cut.left, top: cut.top };
    return kept;
  };
}

function withoutColour(rgb: Uint8Array): void {
  for (let i = 0; i < rgb.length; i += 3) {
    const luma = 0.2126 * rgb[i]! + 0.7152 * rgb[i + 1]! + 0.0722 * rgb[i + 2]!;
    rgb.fill(luma, i, i + 3);
  }
}
