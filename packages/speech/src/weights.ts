/** The network's weights, int8 in `visemes.bin` beside this file, or beside the bundle that it became part of. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { AppError } from "@smileloop/core/errors.ts";
import { BANDS } from "./features.ts";

/** Of the file that `tools/visemes/quantize.py` wrote together with the figures in `MODEL_CARD.md`. */
export const WEIGHTS_SHA256 = "825ae3ef33f22c2444e3c31899507181892588d8d2c0f07156947443fcda31d3";

const CHANNELS = 88;
/** 15 classes, jaw, voice, and three that are not used, so that outputs come in fours. */
const HEAD = 20;

/** One convolution over time. `weights` is outputs × taps × inputs. */
export type Layer = {
  inputs: number;
  outputs: number;
  taps: number;
  /** Frames between its taps. */
  dilation: number;
  residual: boolean;
  rectified: boolean;
  weights: Float32Array;
  biases: Float32Array;
};

type Shape = Omit<Layer, "weights" | "biases">;

const SHAPES: Shape[] = [
  { inputs: BANDS, outputs: CHANNELS, taps: 5, dilation: 1, residual: false, rectified: true },
  ...[1, 2, 4, 8, 8].map((dilation) => ({
    inputs: CHANNELS,
    outputs: CHANNELS,
    taps: 3,
    dilation,
    residual: true,
    rectified: true,
  })),
  { inputs: CHANNELS, outputs: HEAD, taps: 1, dilation: 1, residual: false, rectified: false },
];

let loaded: Layer[] | undefined;

/** The layers in order, read once. Throws `internal` when the file is not the one that this code was made for. */
export function layers(): Layer[] {
  loaded ??= read(readFileSync(new URL("./visemes.bin", import.meta.url)));
  return loaded;
}

/** For each layer: a scale and a bias for each output as float32, little-endian, then its weights as int8. */
function read(file: Uint8Array): Layer[] {
  const sha256 = createHash("sha256").update(file).digest("hex");
  if (sha256 !== WEIGHTS_SHA256) {
    throw new AppError("internal", `visemes.bin has the SHA-256 ${sha256}, ${WEIGHTS_SHA256} is expected.`);
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = 0;
  const float = () => {
    at += 4;
    return view.getFloat32(at - 4, true);
  };
  return SHAPES.map((shape) => {
    const scales = Float32Array.from({ length: shape.outputs }, float);
    const biases = Float32Array.from({ length: shape.outputs }, float);
    const size = shape.taps * shape.inputs;
    const weights = Float32Array.from(
      { length: shape.outputs * size },
      (_, i) => view.getInt8(at + i) * scales[Math.floor(i / size)]!,
    );
    at += weights.length;
    return { ...shape, weights, biases };
  });
}
