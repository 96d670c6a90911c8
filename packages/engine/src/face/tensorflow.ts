/**
 * Models run by TensorFlow.js on its WASM backend: those that have no kernel of our own, all of them where the processor lacks its
 * instructions, and those that the kernels' answers are held against. It is loaded by the first model that needs it.
 */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type * as Converter from "@tensorflow/tfjs-converter";
import type * as Tf from "@tensorflow/tfjs-core";
import { type ModelFiles, type ModelJson, readModel, specsOf } from "./model-files.ts";
import {
  DETECTOR_SIZE,
  type DetectorOutput,
  IRIS_SIZE,
  type IrisOutput,
  MESH_SIZE,
  type MeshOutput,
  type Models,
  SEGMENTER_SIZE,
  type Segmenter,
} from "./model-types.ts";

// require() rather than import: reading the names these CommonJS bundles export would cost some 20 ms at every start.
const require = createRequire(import.meta.url);

export async function modelsByTensorFlow(): Promise<Models> {
  const { tf, open } = await backend();
  const named = async (name: string) => open(await readModel("@vladmandic/human", name));
  const [detector, mesh, iris] = [await named("blazeface"), await named("facemesh"), await named("iris")];
  return {
    detect: (input) => runDetector(tf, detector, input),
    mesh: (inputs) => runMesh(tf, mesh, inputs),
    iris: (inputs) => runIris(tf, iris, inputs),
  };
}

export async function segmenterByTensorFlow(): Promise<Segmenter> {
  const { tf, open } = await backend();
  const model = await open(await readModel("human-selfie", "selfie"));
  return (input) => execute(tf, model, [input], SEGMENTER_SIZE)[0]!.data;
}

type Backend = { tf: typeof Tf; open(files: ModelFiles): Promise<Converter.GraphModel> };
let starting: Promise<Backend> | undefined;

function backend(): Promise<Backend> {
  starting ??= (async () => {
    const tf = require("@tensorflow/tfjs-core") as typeof Tf;
    const converter = require("@tensorflow/tfjs-converter") as typeof Converter;
    const wasm = require("@tensorflow/tfjs-backend-wasm") as typeof import("@tensorflow/tfjs-backend-wasm");
    tf.env().set("PROD", true);
    // Threads need a browser's workers; the plain SIMD build is the fast one in Node.
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
    await tf.setBackend("wasm");
    return { tf, open: async (files) => converter.loadGraphModel(tf.io.fromMemory(artifactsOf(files))) };
  })();
  return starting;
}

function artifactsOf({ json, weights }: ModelFiles): Tf.io.ModelArtifacts {
  return {
    modelTopology: json.modelTopology,
    weightSpecs: specsOf(json) as Tf.io.WeightsManifestEntry[],
    weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength) as ArrayBuffer,
  };
}

/** A model that is not part of `Models`, from what its package has of it. */
export async function openModel(json: ModelJson, weights: Buffer): Promise<Model> {
  const { tf, open } = await backend();
  const model = await open({ json, weights });
  return (inputs, side) => execute(tf, model, inputs, side);
}

/** `inputs`: RGB, interleaved, squares of `side` pixels. Answers its outputs. */
export type Model = (inputs: Float32Array[], side: number) => Output[];

function runDetector(tf: typeof Tf, model: Converter.GraphModel, input: Float32Array): DetectorOutput {
  const scores = new Float32Array(896);
  const boxes = new Float32Array(896 * 16);
  for (const { shape, data } of execute(tf, model, [input], DETECTOR_SIZE)) {
    // The fine grid (512 anchors) comes first, then the coarse one (384).
    const first = shape[1] === 512 ? 0 : 512;
    if (shape[2] === 1) scores.set(data, first);
    else boxes.set(data, first * 16);
  }
  return { scores, boxes };
}

function runMesh(tf: typeof Tf, model: Converter.GraphModel, inputs: Float32Array[]): MeshOutput[] {
  const outputs = execute(tf, model, inputs, MESH_SIZE);
  const points = outputs.find(({ data }) => data.length === inputs.length * 1404)!.data;
  const scores = outputs.find(({ data }) => data.length === inputs.length)!.data;
  return inputs.map((_, i) => ({ points: points.slice(i * 1404, (i + 1) * 1404), score: scores[i]! }));
}

function runIris(tf: typeof Tf, model: Converter.GraphModel, inputs: Float32Array[]): IrisOutput[] {
  const { data } = execute(tf, model, inputs, IRIS_SIZE)[0]!;
  return inputs.map((_, i) => data.slice(i * 228, (i + 1) * 228));
}

type Output = { shape: number[]; data: Float32Array };

function execute(tf: typeof Tf, model: Converter.GraphModel, inputs: Float32Array[], side: number): Output[] {
  let outputs: Output[] = [];
  // answered by it, `tidy` would look for tensors in every number of them
  tf.tidy(() => {
    const tensor = tf.tensor4d(batchOf(inputs), [inputs.length, side, side, 3]);
    const result = model.execute(tensor);
    const tensors = Array.isArray(result) ? result : [result as Tf.Tensor];
    outputs = tensors.map((output) => ({ shape: output.shape, data: output.dataSync() as Float32Array }));
  });
  return outputs;
}

function batchOf(inputs: Float32Array[]): Float32Array {
  if (inputs.length === 1) return inputs[0]!;
  const batch = new Float32Array(inputs.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const input of inputs) {
    batch.set(input, at);
    at += input.length;
  }
  return batch;
}
