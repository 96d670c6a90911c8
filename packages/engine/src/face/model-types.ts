/** What the models take and answer, whatever runs them. */

export const DETECTOR_SIZE = 256;
export const MESH_SIZE = 192;
export const IRIS_SIZE = 64;

/** For each of 896 anchors: the score before the sigmoid, and 16 numbers (centre, size, 6 key points) in pixels of 256. */
export type DetectorOutput = { scores: Float32Array; boxes: Float32Array };
/** 468 × (x, y, z) in pixels of 192, and how sure the model is that it sees a face, 0–1. */
export type MeshOutput = { points: Float32Array; score: number };
/** 76 × (x, y, z) in pixels of 64: 71 of lids and brow, 5 of the iris. */
export type IrisOutput = Float32Array;

/** Inputs are RGB, interleaved, 0–1, square with the model's side; the detector's are −1–1. */
export type Models = {
  detect(input: Float32Array): DetectorOutput;
  mesh(inputs: Float32Array[]): MeshOutput[];
  /** Takes right eyes, or left eyes mirrored. */
  iris(inputs: Float32Array[]): IrisOutput[];
};

export const SEGMENTER_SIZE = 256;
/** Takes what `Models` take. Answers how surely each pixel is a person's, 0–1. */
export type Segmenter = (input: Float32Array) => Float32Array;
