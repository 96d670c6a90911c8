/**
 * Who a face shows, by the network HSE-FaceRes (Savchenko 2021) as it ships inside @vladmandic/human: the cosine of two of its 1024
 * numbers. Different people have 0.2 to 0.6, the same person in another picture 0.66 to 0.95. It says who, never how real. A tool only:
 * the licence of its weights is not stated, so the product does not read it.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Face } from "@smileloop/engine/face/face.ts";
import { cropTensor } from "@smileloop/engine/face/sample.ts";
import type { Picture } from "@smileloop/engine/media/picture.ts";
import type * as Converter from "@tensorflow/tfjs-converter";
import type * as Tf from "@tensorflow/tfjs-core";

const require = createRequire(new URL("../../../packages/engine/package.json", import.meta.url));
const SIDE = 224;
/** Around the box of the face, by its longer side. */
const ROOM = 1.15;

let loading: Promise<(picture: Picture, face: Face) => Float32Array> | undefined;

/** Loads the network at its first call, which needs the product's own to be loaded. */
export function identities(): Promise<(picture: Picture, face: Face) => Float32Array> {
  loading ??= load();
  return loading;
}

async function load() {
  const tf = require("@tensorflow/tfjs-core") as typeof Tf;
  const converter = require("@tensorflow/tfjs-converter") as typeof Converter;
  const folder = join(dirname(require.resolve("@vladmandic/human")), "..", "models");
  const json = JSON.parse(readFileSync(join(folder, "faceres.json"), "utf8")) as {
    modelTopology: object;
    weightsManifest: { weights: Tf.io.WeightsManifestEntry[] }[];
  };
  const weights = readFileSync(join(folder, "faceres.bin"));
  const model = await converter.loadGraphModel(
    tf.io.fromMemory({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
      weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength) as ArrayBuffer,
    }),
  );
  return (picture: Picture, { box, crop }: Face): Float32Array => {
    const square = {
      x: box.x + box.width / 2,
      y: box.y + box.height / 2,
      size: ROOM * Math.max(box.width, box.height),
      angle: crop.angle,
    };
    const pixels = cropTensor(picture, square, SIDE, { scale: 1, offset: 0, outside: "border" });
    return tf.tidy(() => {
      const numbers = model.execute(tf.tensor4d(pixels, [1, SIDE, SIDE, 3]), "global_pooling/Mean") as Tf.Tensor;
      return numbers.dataSync() as Float32Array;
    });
  };
}

export function cosine(a: Float32Array, b: Float32Array): number {
  let [both, first, second] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i]! * b[i]!;
    first += a[i]! ** 2;
    second += b[i]! ** 2;
  }
  return both / Math.sqrt(first * second);
}
