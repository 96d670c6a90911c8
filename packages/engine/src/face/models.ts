/**
 * Models by Google MediaPipe (BlazeFace, Face Mesh, Iris, Selfie Segmentation; Apache-2.0) as they ship inside the npm package
 * @vladmandic/human (the last of them in its version 2 alone). They are run by kernels of our own (`net.ts`, `layers.ts`), and by
 * TensorFlow.js where the processor or this Node.js lacks their instructions. Nothing is fetched: models are read from node_modules.
 */
import { constantsOf, graphOf } from "./graph.ts";
import { createLayers, type Layers } from "./layers.ts";
import { readModel, specsOf } from "./model-files.ts";
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
import { createNet, type Net } from "./net.ts";

export { DETECTOR_SIZE, type DetectorOutput, IRIS_SIZE, MESH_SIZE, type Models, SEGMENTER_SIZE };

let loading: Promise<Models> | undefined;

/** The models, loaded on the first call and kept for the life of the process. */
export function models(): Promise<Models> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Models> {
  const outputs = ["classificators_1", "classificators_2", "regressors_1", "regressors_2"];
  const detector = await layersOf("@vladmandic/human", "blazeface", { side: DETECTOR_SIZE, outputs });
  const mesh = await netOf("facemesh", { side: MESH_SIZE, outputs: ["output_mesh", "output_faceflag"] });
  const iris = await netOf("iris", { side: IRIS_SIZE, outputs: ["contours_and_brows", "conv_iris"] });
  if (!detector || !mesh || !iris) return (await import("./tensorflow.ts")).modelsByTensorFlow();
  return {
    detect: (input) => detectorOf(detector(input)),
    mesh: (inputs) => inputs.map((input) => meshOf(mesh(input))),
    iris: (inputs) => inputs.map((input) => irisOf(iris(input))),
  };
}

type Options = { side: number; outputs: string[] };

async function layersOf(from: string, name: string, options: Options): Promise<Layers | null> {
  const { json, weights } = await readModel(from, name);
  return createLayers(graphOf(json.modelTopology.node), constantsOf(specsOf(json), weights), options);
}

async function netOf(name: string, options: Options): Promise<Net | null> {
  const { json, weights } = await readModel("@vladmandic/human", name);
  const constants = constantsOf(specsOf(json), weights);
  return createNet(json.modelTopology.node, (node) => constants.get(node)!.values, options);
}

/** The fine grid (512 anchors) comes first, then the coarse one (384). */
function detectorOf([fineScores, coarseScores, fineBoxes, coarseBoxes]: Float32Array[]): DetectorOutput {
  return { scores: joined(fineScores!, coarseScores!), boxes: joined(fineBoxes!, coarseBoxes!) };
}

function meshOf([points, score]: Float32Array[]): MeshOutput {
  return { points: points!, score: sigmoid(score![0]!) };
}

function irisOf([lids, iris]: Float32Array[]): IrisOutput {
  return joined(lids!, iris!);
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const all = new Float32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

let loadingSegmenter: Promise<Segmenter> | undefined;

/**
 * The model that tells people from what is behind them (MediaPipe Selfie Segmentation, Apache-2.0). Loaded on the first call, apart
 * from the others: looking for faces does not need it.
 */
export function segmenter(): Promise<Segmenter> {
  loadingSegmenter ??= (async () => {
    const layers = await layersOf("human-selfie", "selfie", { side: SEGMENTER_SIZE, outputs: ["segment_add"] });
    if (!layers) return (await import("./tensorflow.ts")).segmenterByTensorFlow();
    return (input) => peopleOf(layers(input)[0]!);
  })();
  return loadingSegmenter;
}

/** The layers answer four pixels at each place: two, and the two below. */
function peopleOf(values: Float32Array): Float32Array {
  const people = new Float32Array(values.length);
  const half = SEGMENTER_SIZE / 2;
  for (let y = 0, from = 0; y < half; y++) {
    for (let x = 0, to = 2 * y * SEGMENTER_SIZE; x < half; x++, from += 4, to += 2) {
      people[to] = sigmoid(values[from]!);
      people[to + 1] = sigmoid(values[from + 1]!);
      people[to + SEGMENTER_SIZE] = sigmoid(values[from + 2]!);
      people[to + SEGMENTER_SIZE + 1] = sigmoid(values[from + 3]!);
    }
  }
  return people;
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
