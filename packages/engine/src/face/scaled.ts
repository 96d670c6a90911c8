/** A face in a part of its picture, or in the picture at another size. */
import type { Face } from "./types.ts";

/** A face's places moved by (−x, −y) and then scaled. */
export function scaledFace<F extends Face>(face: F, { x, y, scale }: { x: number; y: number; scale: number }): F {
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
