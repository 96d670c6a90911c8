/**
 * The networks of the face mesh (Kartynnik et al. 2019, arXiv:1907.06724) and of the eyes (Ablavatski et al. 2020, arXiv:2006.11341) on a
 * SIMD kernel for their few kinds of layers (`net.wat`): what TensorFlow.js says of a crop to a thousandth of a pixel, in a third of the
 * time. Layers are read from a model's own graph; those that no output needs are left out.
 */
import { readFileSync } from "node:fs";
import { type Graph, type GraphNode, graphOf } from "./graph.ts";

/** What the graph of a model is made for: the side of its input, and parts of the names of its outputs. */
type NetOptions = { side: number; outputs: readonly string[] };
/** `input`: `side`² × RGB. Answers the outputs, before any sigmoid. */
export type Net = (input: Float32Array) => Float32Array[];

type Layer = (...args: number[]) => void;
type Kernel = { patches: Layer; depthwise: Layer; pool: Layer; pointwise: Layer };

/** Bytes for all maps and weights; what is not used of it takes no memory. */
const ROOM = 16 * 1024 * 1024;
/** Values of the longest row between two layers, and of pixels that are pooled. */
const ROW = 8192;
/** Outputs that are worked on at once. */
const PART = 16;

/** Values with a frame of zeros one pixel wide. `at`: of the first pixel; `pixel`, `row`: steps; all in bytes. */
type Map3 = { at: number; side: number; channels: number; pixel: number; row: number };

/** `constant`: the values of a node. Null where the processor or this Node.js lacks the kernel's instructions. */
export function createNet(
  nodes: readonly GraphNode[],
  constant: (name: string) => Float32Array,
  { side, outputs }: NetOptions,
): Net | null {
  const bytes = readFileSync(new URL("./net.wasm", import.meta.url));
  if (!WebAssembly.validate(bytes)) return null;
  const memory = new WebAssembly.Memory({ initial: ROOM / 65536 });
  const kernel = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as Kernel;
  const floats = new Float32Array(memory.buffer);
  const build = startBuild(kernel, floats, graphOf(nodes), constant, side);
  const results = outputs.map((name) => outputOf(build, name));
  const { at, row } = build.input;
  return (rgb) => {
    for (let y = 0; y < side; y++) floats.set(rgb.subarray(y * side * 3, (y + 1) * side * 3), (at + y * row) / 4);
    for (const step of build.steps) step();
    return results.map((values) => values.slice());
  };
}

const CONV = "_FusedConv2D";

/** The layer whose results an output is. */
function lastOf(graph: Graph, part: string): GraphNode {
  let found = graph.named(part, ["Reshape", CONV]);
  while (found.op !== CONV) found = graph.from(found, 0);
  return found;
}

/** A network while it is put together. */
type Build = {
  kernel: Kernel;
  floats: Float32Array;
  graph: Graph;
  constant: (name: string) => Float32Array;
  /** What is to be done for each input, in order. */
  steps: (() => void)[];
  /** By node, where its results are. */
  known: Map<string, Map3>;
  /** Room for so many values, in bytes from the start. */
  reserve(values: number): number;
  input: Map3;
  /** A row between two layers, and a row of what was pooled. */
  scratch: number;
  pooled: number;
};

function startBuild(
  kernel: Kernel,
  floats: Float32Array,
  graph: Build["graph"],
  constant: Build["constant"],
  side: number,
): Build {
  let end = 16;
  const reserve = (values: number): number => {
    const at = end;
    end = (end + values * 4 + 15) & ~15;
    if (end > floats.byteLength) throw new Error(`the model takes more than ${floats.byteLength} bytes`);
    return at;
  };
  const known = new Map<string, Map3>();
  const [input, scratch, pooled] = [mapOf(reserve, side, 3), reserve(ROW), reserve(ROW)];
  return { kernel, floats, graph, constant, steps: [], known, reserve, input, scratch, pooled };
}

function mapOf(reserve: Build["reserve"], side: number, channels: number): Map3 {
  const [pixel, row] = [channels * 4, (side + 2) * channels * 4];
  return { at: reserve((side + 2) ** 2 * channels) + row + pixel, side, channels, pixel, row };
}

/** The results of a node. */
function read(build: Build, node: GraphNode): Map3 {
  const had = build.known.get(node.name);
  if (had) return had;
  const isFirst = node.op === CONV && build.graph.from(node, 0).op === "Placeholder";
  const made = isFirst ? first(build, node) : node.op === CONV ? weighed(build, node) : block(build, node);
  build.known.set(node.name, made);
  return made;
}

/** Weights of a layer as the kernel wants them; outputs are filled up to a multiple of `PART`. `slopes`: of what is negative. */
function packed({ graph, constant, floats, reserve }: Build, conv: GraphNode, slopes: GraphNode | null) {
  const bias = constant(graph.from(conv, 2).name);
  const weights = constant(graph.from(conv, 1).name);
  const slope = slopes && constant(slopes.name);
  const [outputs, inputs] = [bias.length, weights.length / bias.length];
  const parts = Math.ceil(outputs / PART);
  const at = reserve(parts * (inputs + 2) * PART);
  let to = at / 4;
  for (let first = 0; first < outputs; first += PART) {
    for (let k = first; k < first + PART; k++) floats[to++] = bias[k] ?? 0;
    for (let k = first; k < first + PART; k++) floats[to++] = slope?.[k] ?? 1;
    for (let i = 0; i < inputs; i++) {
      for (let k = first; k < first + PART; k++) floats[to++] = k < outputs ? weights[i * outputs + k]! : 0;
    }
  }
  return { at, inputs, outputs, values: parts * PART };
}

/** 3 × 3 pixels of the input, at every second one. */
function first(build: Build, node: GraphNode): Map3 {
  const { kernel, graph, input, scratch, reserve } = build;
  const { at, inputs, outputs } = packed(build, node, graph.from(node, 3));
  const out = mapOf(reserve, input.side / 2, outputs);
  build.steps.push(() => {
    for (let y = 0; y < out.side; y++) {
      kernel.patches(input.at + 2 * y * input.row, input.row, out.side, scratch);
      kernel.pointwise(scratch, inputs, at, 0, 0, 0, out.at + y * out.row, out.pixel, out.side);
    }
  });
  return out;
}

/** A layer that weighs channels alone, or those of 2 × 2 pixels, and bends what is negative. */
function weighed(build: Build, node: GraphNode): Map3 {
  const { kernel, graph, floats, scratch, reserve } = build;
  const from = read(build, graph.from(node, 0));
  const { at, inputs, outputs } = packed(build, node, graph.from(node, 3));
  const by = inputs === from.channels ? 1 : 2;
  const out = mapOf(reserve, from.side / by, outputs);
  const two = 2 * from.channels;
  const gathered = (start: number): number => {
    for (let x = 0, to = scratch / 4, above = start / 4; x < out.side; x++, to += 2 * two, above += two) {
      floats.copyWithin(to, above, above + two);
      floats.copyWithin(to + two, above + from.row / 4, above + from.row / 4 + two);
    }
    return scratch;
  };
  build.steps.push(() => {
    for (let y = 0; y < out.side; y++) {
      const start = from.at + y * by * from.row;
      const src = by === 1 ? start : gathered(start);
      kernel.pointwise(src, inputs, at, 0, 0, 0, out.at + y * out.row, out.pixel, out.side);
    }
  });
  return out;
}

/** Each channel by itself, then all together, added to what came in, or to a half of its size. */
function block(build: Build, prelu: GraphNode): Map3 {
  const { kernel, graph, floats, scratch, reserve } = build;
  const add = graph.from(prelu, 0);
  const conv = graph.from(add, 1);
  const depthwise = graph.from(conv, 0);
  const from = read(build, graph.from(depthwise, 0));
  const skip = skipOf(build, graph.from(add, 0));
  const stride = Number(depthwise.attr?.strides?.list?.i?.[1] ?? 1);
  const kernels = build.constant(graph.from(depthwise, 1).name);
  const nine = reserve(kernels.length);
  floats.set(kernels, nine / 4);
  const { at, inputs, outputs } = packed(build, conv, graph.from(prelu, 1));
  const out = mapOf(reserve, from.side / stride, outputs);
  // of a halved map the padding lies to the right and below
  const start = stride === 1 ? from.at - from.row - from.pixel : from.at;
  build.steps.push(() => {
    for (let y = 0; y < out.side; y++) {
      const top = start + y * stride * from.row;
      kernel.depthwise(top, from.pixel, from.row, stride * from.pixel, nine, out.side, scratch);
      const [to, pixel] = [out.at + y * out.row, skip.pixel];
      kernel.pointwise(scratch, inputs, at, skip.row(y, out.side), pixel, pixel, to, out.pixel, out.side);
    }
  });
  return out;
}

/** What a layer is added to. `row`: where a row of it lies. Channels that are filled up with zeros are left out. */
function skipOf(build: Build, node: GraphNode): { pixel: number; row: (y: number, width: number) => number } {
  const { kernel, graph, pooled } = build;
  if (node.op === "Pad") return skipOf(build, graph.from(node, 0));
  const { at, pixel, row } = read(build, node.op === "MaxPool" ? graph.from(node, 0) : node);
  if (node.op !== "MaxPool") return { pixel, row: (y) => at + y * row };
  const pooledRow = (y: number, width: number): number => {
    kernel.pool(at + 2 * y * row, pixel, row, width, pooled);
    return pooled;
  };
  return { pixel, row: pooledRow };
}

/** All pixels of the last map weighed together. Its values are those of the last input. */
function outputOf(build: Build, name: string): Float32Array {
  const { kernel, graph, floats, scratch, reserve } = build;
  const conv = lastOf(graph, name);
  const from = read(build, graph.from(conv, 0));
  const { at, inputs, outputs, values } = packed(build, conv, null);
  // two pixels are worked on at once, of which the first counts
  const out = reserve(2 * values);
  const line = (from.side * from.pixel) / 4;
  build.steps.push(() => {
    for (let y = 0; y < from.side; y++) {
      const start = (from.at + y * from.row) / 4;
      floats.copyWithin(scratch / 4 + y * line, start, start + line);
    }
    kernel.pointwise(scratch, inputs, at, 0, 0, 0, out, 4 * values, 2);
  });
  return floats.subarray(out / 4, out / 4 + outputs);
}
