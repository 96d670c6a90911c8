/**
 * Models by Google MediaPipe (BlazeFace, Face Mesh, Iris, Selfie Segmentation; Apache-2.0) as they ship inside the npm package
 * @vladmandic/human (the last of them in its version 2 alone). Landmarks are read by kernels of our own (`net.ts`), the rest is run by
 * TensorFlow.js on its WASM backend. Nothing is fetched: models and WASM are read from node_modules.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type * as Converter from "@tensorflow/tfjs-converter";
import type * as Tf from "@tensorflow/tfjs-core";
import { createNet, type GraphNode, type Net } from "./net.ts";

// require() rather than import: reading the names these CommonJS bundles export would cost some 20 ms at every start.
const require = createRequire(import.meta.url);

export const DETECTOR_SIZE = 256;
export const MESH_SIZE = 192;
export const IRIS_SIZE = 64;

/** For each of 896 anchors: the score before the sigmoid, and 16 numbers (centre, size, 6 key points) in pixels of 256. */
export type DetectorOutput = { scores: Float32Array; boxes: Float32Array };
/** 468 × (x, y, z) in pixels of 192, and how sure the model is that it sees a face, 0–1. */
type MeshOutput = { points: Float32Array; score: number };
/** 76 × (x, y, z) in pixels of 64: 71 of lids and brow, 5 of the iris. */
type IrisOutput = Float32Array;

/** Inputs are RGB, interleaved, 0–1, square with the model's side; the detector's are −1–1. */
export type Models = {
  detect(input: Float32Array): DetectorOutput;
  mesh(inputs: Float32Array[]): MeshOutput[];
  /** Takes right eyes, or left eyes mirrored. */
  iris(inputs: Float32Array[]): IrisOutput[];
};

let loading: Promise<Models> | undefined;

/** The models, loaded on the first call and kept for the life of the process. */
export function models(): Promise<Models> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Models> {
  const { tf, open } = await backend();
  const detector = await open(await readModel("@vladmandic/human", "blazeface"));
  const mesh = await netOf("facemesh", { side: MESH_SIZE, outputs: ["output_mesh", "output_faceflag"] });
  const iris = await netOf("iris", { side: IRIS_SIZE, outputs: ["contours_and_brows", "conv_iris"] });
  const others = mesh && iris ? null : await landmarksByTensorFlow();
  return {
    detect: (input) => runDetector(tf, detector, input),
    mesh: mesh ? (inputs) => inputs.map((input) => meshOf(mesh(input))) : others!.mesh,
    iris: iris ? (inputs) => inputs.map((input) => irisOf(iris(input))) : others!.iris,
  };
}

async function netOf(name: string, options: { side: number; outputs: string[] }): Promise<Net | null> {
  const { modelTopology, weightData, weightSpecs } = await readModel("@vladmandic/human", name);
  const { tf } = await backend();
  const weights = tf.io.decodeWeights(weightData as ArrayBuffer, weightSpecs!);
  const constant = (node: string) => weights[node]!.dataSync() as Float32Array;
  const net = createNet((modelTopology as { node: GraphNode[] }).node, constant, options);
  tf.dispose(weights);
  return net;
}

function meshOf([points, score]: Float32Array[]): MeshOutput {
  return { points: points!, score: 1 / (1 + Math.exp(-score![0]!)) };
}

function irisOf([lids, iris]: Float32Array[]): IrisOutput {
  const all = new Float32Array(lids!.length + iris!.length);
  all.set(lids!);
  all.set(iris!, lids!.length);
  return all;
}

/** The same by TensorFlow.js: for machines that cannot run them otherwise, and to hold the others against. */
export async function landmarksByTensorFlow(): Promise<Pick<Models, "mesh" | "iris">> {
  const { tf, open } = await backend();
  const mesh = await open(await readModel("@vladmandic/human", "facemesh"));
  const iris = await open(await readModel("@vladmandic/human", "iris"));
  return { mesh: (inputs) => runMesh(tf, mesh, inputs), iris: (inputs) => runIris(tf, iris, inputs) };
}

export const SEGMENTER_SIZE = 256;

let loadingSegmenter: Promise<(input: Float32Array) => Float32Array> | undefined;

/**
 * The model that tells people from what is behind them (MediaPipe Selfie Segmentation, Apache-2.0): how surely each pixel is a
 * person's, 0–1. Loaded on the first call, apart from the others: looking for faces does not need it.
 */
export function segmenter(): Promise<(input: Float32Array) => Float32Array> {
  loadingSegmenter ??= (async () => {
    const artifacts = readModel("human-selfie", "selfie");
    const { tf, open } = await backend();
    const model = await open(await artifacts);
    return (input) => execute(tf, model, [input], SEGMENTER_SIZE)[0]!.data;
  })();
  return loadingSegmenter;
}

export type Trial = keyof typeof TRIALS;

/** Each model with nothing to see. */
const TRIALS = {
  detector: async () => (await models()).detect(nothing(DETECTOR_SIZE)),
  mesh: async () => (await models()).mesh([nothing(MESH_SIZE)]),
  iris: async () => (await models()).iris([nothing(IRIS_SIZE), nothing(IRIS_SIZE)]),
  segmenter: async () => (await segmenter())(nothing(SEGMENTER_SIZE)),
};

/** Loads a model and runs it once: the first run compiles, and takes some five times as long as the next. */
export async function tried(model: Trial): Promise<void> {
  await TRIALS[model]();
}

function nothing(side: number): Float32Array {
  return new Float32Array(side * side * 3);
}

type Backend = { tf: typeof Tf; open(artifacts: Tf.io.ModelArtifacts): Promise<Converter.GraphModel> };
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
    return { tf, open: async (artifacts) => converter.loadGraphModel(tf.io.fromMemory(artifacts)) };
  })();
  return starting;
}

export type ModelJson = {
  modelTopology: object;
  weightsManifest: { weights: Tf.io.WeightsManifestEntry[] }[];
  signature?: object;
  userDefinedMetadata?: { signature?: object };
};

async function readModel(from: string, name: string): Promise<Tf.io.ModelArtifacts> {
  const folder = join(dirname(require.resolve(from)), "..", "models");
  const [json, weights] = await Promise.all([
    readFile(join(folder, `${name}.json`), "utf8"),
    readFile(join(folder, `${name}.bin`)),
  ]);
  const model = JSON.parse(json) as ModelJson;
  return {
    modelTopology: model.modelTopology,
    weightSpecs: model.weightsManifest.flatMap((group) => group.weights),
    weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength) as ArrayBuffer,
  };
}

/** A model that is not part of `Models`, from what its package has of it. */
export async function openModel(files: ModelJson & { weights: ArrayBuffer }): Promise<Model> {
  const { tf, open } = await backend();
  const weightSpecs = files.weightsManifest.flatMap((group) => group.weights);
  const model = await open({ modelTopology: files.modelTopology, weightSpecs, weightData: files.weights });
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
