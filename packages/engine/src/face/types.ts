/** What is known of a face in a picture. All places are in pixels of the picture it was looked for in, as floats. */

/** A square that is cut out of a picture for the landmark models: its centre, its side and its turn (radians, clockwise as seen). */
export type FaceCrop = { x: number; y: number; size: number; angle: number };

/** Contour of an eye's opening, (x, y) pairs from the outer to the inner corner; both contours begin and end in the corners. */
export type LidContours = { upper: Float32Array; lower: Float32Array };

/** The landmarks that one crop gives. "left" is the person's left, so at the right of the picture. */
export type Landmarks = {
  /** 468 × (x, y, z) in the order of MediaPipe's face mesh; z in the same scale, smaller is nearer to the camera. */
  points: Float32Array;
  /** 5 × (x, y): the centre, then four points of the rim. */
  iris: { left: Float32Array; right: Float32Array };
  lids: { left: LidContours; right: LidContours };
  /** 5 × (x, y) along the upper edge of each brow, from its outer to its inner end; steadier to see here than in the mesh. */
  brows: { left: Float32Array; right: Float32Array };
  /** How sure the mesh model is that there is a face in the crop, 0–1. */
  meshScore: number;
};

export type Face = Landmarks & {
  /** Around the mesh. */
  box: { x: number; y: number; width: number; height: number };
  /** The crop the landmarks were read from: give it to `trackFace` to measure another picture the same way. */
  crop: FaceCrop;
  /** E: distance of the outer eye corners (mesh points 33 and 263). */
  eyeDistance: number;
  /** How sure the detector is, 0–1. */
  score: number;
  /** Degrees, signs as in `core/motion/motion.ts`. */
  pitch: number;
  yaw: number;
  roll: number;
};
