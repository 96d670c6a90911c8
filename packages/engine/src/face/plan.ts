/**
 * What has to be done for each picture, read from the graph of a model. A layer is taken together with what follows it alone: a bias, what
 * is added, and how the sum is bent. Gates (Hu et al. 2018, arXiv:1709.01507) are maps of a single pixel.
 */
import type { Constant, Graph, GraphNode } from "./graph.ts";
import * as steps from "./steps.ts";
import { type Map3, MOST, mapOf, PART, ROW, type Run, type Shared, type Window } from "./steps.ts";

export type Step = { reads: Map3[]; writes: Map3; run: Run };
/** `constants`: which values are where in memory; `end`: of them, in bytes. */
export type Plan = {
  input: Map3;
  steps: Step[];
  results: Map3[];
  constants: { at: number; values: Float32Array }[];
  end: number;
};
type Build = Plan & { graph: Graph; given: ReadonlyMap<string, Constant>; known: Map<string, Map3>; shared: Shared };
/** How sums are bent: `slope`, of what is negative; or `swish`, the factor of it. */
type Bend = { slope: number; swish: number };
/** What a layer ends with. */
type End = Bend & { bias: Constant[]; skip: Map3 | null };

export function planOf(
  graph: Graph,
  given: ReadonlyMap<string, Constant>,
  side: number,
  outputs: readonly string[],
): Plan {
  const plan: Plan = { input: mapOf(side, 3, 3), steps: [], results: [], constants: [], end: 16 };
  const scratch = keep(plan, new Float32Array(ROW));
  const ones = keep(plan, new Float32Array(MOST).fill(1));
  const threeQuarters = keep(plan, new Float32Array(MOST).fill(0.75));
  const shared = { scratch, ones, threeQuarters };
  const build: Build = Object.assign(plan, { graph, given, known: new Map(), shared });
  plan.results = outputs.map((part) => read(build, graph.named(part, ["Reshape", "Add"])));
  return plan;
}

/** Room for values that stay, in bytes from the start. */
function keep(plan: Plan, values: Float32Array): number {
  const at = plan.end;
  plan.constants.push({ at, values });
  plan.end = (at + values.byteLength + 15) & ~15;
  return at;
}

function add(build: Build, reads: Map3[], writes: Map3, run: Run): Map3 {
  build.steps.push({ reads, writes, run });
  return writes;
}

/** The results of a node. */
function read(build: Build, node: GraphNode): Map3 {
  const made = build.known.get(node.name) ?? madeOf(build, node);
  build.known.set(node.name, made);
  return made;
}

const LAYERS: Record<string, (build: Build, node: GraphNode, end: End) => Map3> = {
  Conv2D: convolved,
  _FusedConv2D: convolved,
  DepthwiseConv2dNative: depthwise,
  Conv2DBackpropInput: spread,
};
const SUMS = ["Add", "AddV2", "AddN"];
const OTHERS: Record<string, (build: Build, node: GraphNode) => Map3> = {
  Placeholder: (build) => build.input,
  Reshape: taken,
  // channels that are filled up with zeros are left out
  Pad: taken,
  MaxPool: (build, node) => {
    const from = taken(build, node);
    const out = mapOf(from.side / 2, from.channels);
    return add(build, [from], out, steps.largest(from, out));
  },
  AvgPool: (build, node) => {
    const from = taken(build, node);
    const out = mapOf(1, from.channels);
    return add(build, [from], out, steps.mean(from, out));
  },
  Sigmoid: (build, node) => {
    const from = taken(build, node);
    const out = mapOf(1, from.channels);
    return add(build, [from], out, steps.sigmoid(from, out));
  },
  Mul: (build, node) => mixed(build, node, null),
  ResizeBilinear: (build, node) => {
    const from = taken(build, node);
    const out = mapOf(2 * from.side, from.channels);
    return add(build, [from], out, steps.doubled(from, out, build.shared));
  },
};

function taken(build: Build, node: GraphNode): Map3 {
  return read(build, build.graph.from(node, 0));
}

function madeOf(build: Build, node: GraphNode): Map3 {
  const { node: inner, ...bend } = bendOf(build, node);
  const parts = addends(build, inner);
  const layer = parts.find((part) => part.op in LAYERS && (part === inner || !build.graph.isShared(part)));
  const bias = parts.flatMap(({ name }) => build.given.get(name) ?? []);
  const rest = parts.filter((part) => part !== layer && !build.given.has(part.name));
  if (layer && rest.length < 2) {
    const skip = rest[0] ? read(build, rest[0]) : null;
    return LAYERS[layer.op]!(build, layer, { ...bend, bias, skip });
  }
  if (inner === node && bias.length === 0 && rest.length === 2) {
    const [a, b] = rest[0]!.op === "Mul" ? [rest[0]!, rest[1]!] : [rest[1]!, rest[0]!];
    return mixed(build, a, read(build, b));
  }
  const other = OTHERS[node.op];
  if (!other) throw new Error(`node ${node.name} of the model is a ${node.op} that cannot be run`);
  return other(build, node);
}

function bendOf(build: Build, node: GraphNode): Bend & { node: GraphNode } {
  const { graph } = build;
  if (node.op === "Relu") return { node: graph.from(node, 0), slope: 0, swish: 0 };
  const inputs = node.op === "Mul" ? [graph.from(node, 0), graph.from(node, 1)] : [];
  const six = inputs.find(({ op }) => op === "Relu6");
  if (six) return { node: graph.from(graph.from(six, 0), 0), slope: 1, swish: factorOf(build, inputs) };
  const fused = node.attr?.fused_ops?.list?.s?.map((name) => Buffer.from(name, "base64").toString());
  return { node, slope: fused?.includes("Relu") ? 0 : 1, swish: 0 };
}

/** About a sixth, as the model has it: v times it, times v + 3 between 0 and 6. */
function factorOf(build: Build, inputs: GraphNode[]): number {
  const times = inputs.find(({ op }) => op === "Mul")!;
  const factor = [0, 1].flatMap((nth) => build.given.get(build.graph.from(times, nth).name) ?? [])[0];
  return factor?.values[0] ?? 1 / 6;
}

/** What is added up, with that of sums which nothing else takes. */
function addends(build: Build, node: GraphNode, isLast = true): GraphNode[] {
  if (!SUMS.includes(node.op) || !(isLast || !build.graph.isShared(node))) return [node];
  return node.input!.flatMap((_, nth) => addends(build, build.graph.from(node, nth), false));
}

/** A node's map, times its gate where it has one that nothing else takes, and `b` added. */
function mixed(build: Build, node: GraphNode, b: Map3 | null): Map3 {
  const isGated = node.op === "Mul" && bendOf(build, node).swish === 0 && !(b && build.graph.isShared(node));
  const a = isGated ? taken(build, node) : read(build, node);
  const gate = isGated ? read(build, build.graph.from(node, 1)) : null;
  const out = mapOf(a.side, a.channels);
  return add(
    build,
    [a, gate, b].filter((map) => map !== null),
    out,
    steps.mixed(a, gate, b, out, build.shared),
  );
}

function constant({ graph, given }: Build, node: GraphNode, nth: number): Constant {
  const { name } = graph.from(node, nth);
  const found = given.get(name);
  if (!found) throw new Error(`node ${node.name} of the model takes ${name}, which is not given`);
  return found;
}

function biasOf(bias: Constant[], count: number): Float32Array {
  const sum = new Float32Array(count);
  for (const { values } of bias) for (let i = 0; i < count; i++) sum[i]! += values[values.length === 1 ? 0 : i]!;
  return sum;
}

/** Padding is that of "SAME", the smaller half of it to the left and above. */
function windowOf(node: GraphNode, side: number, size: number): Window {
  const stride = Number(node.attr?.strides?.list?.i?.[1] ?? 1);
  const padding = Math.max(0, (side / stride - 1) * stride + size - side);
  return { size, stride, before: Math.floor(padding / 2) };
}

/** Weights as the kernel wants them, filled up to a multiple of `PART` outputs. `values`: `inputs` × as many as there are biases. */
function packed(build: Build, bias: Float32Array, slope: number, values: Float32Array): number {
  const [outputs, inputs] = [bias.length, values.length / bias.length];
  const all = new Float32Array(Math.ceil(outputs / PART) * PART * (inputs + 2));
  let to = 0;
  for (let first = 0; first < outputs; first += PART) {
    const count = Math.min(PART, outputs - first);
    all.set(bias.subarray(first, first + count), to);
    all.fill(slope, to + PART, to + 2 * PART);
    to += 2 * PART;
    for (let i = 0; i < inputs; i++, to += PART) {
      for (let k = 0; k < count; k++) all[to + k] = values[i * outputs + first + k]!;
    }
  }
  return keep(build, all);
}

function convolved(build: Build, node: GraphNode, { bias: biases, slope, swish, skip }: End): Map3 {
  const { shape, values } = constant(build, node, 1);
  const [size, outputs] = [shape[0]!, shape[3]!];
  const from = taken(build, node);
  const fused = node.op === "_FusedConv2D" ? [constant(build, node, 2)] : [];
  const bias = biasOf([...biases, ...fused], outputs);
  const window = windowOf(node, from.side, size);
  const out = mapOf(from.side / window.stride, outputs);
  if (from.side === 1) return add(build, [from], out, steps.weighed(from, out, values, bias, slope));
  const weights = { at: packed(build, bias, slope, values), inputs: values.length / outputs, swish };
  if (from === build.input) return add(build, [from], out, steps.patches(from, out, window, weights, build.shared));
  return add(build, skip ? [from, skip] : [from], out, steps.pointwise(from, out, weights, skip));
}

function depthwise(build: Build, node: GraphNode, { bias, slope, swish }: End): Map3 {
  const { shape, values } = constant(build, node, 1);
  const from = taken(build, node);
  const window = windowOf(node, from.side, shape[0]!);
  const out = mapOf(from.side / window.stride, from.channels);
  const all = [...biasOf(bias, from.channels), ...new Float32Array(from.channels).fill(slope), ...values];
  const weights = { at: keep(build, Float32Array.from(all)), inputs: from.channels, swish };
  return add(build, [from], out, steps.depthwise(from, out, window, weights));
}

/** Each pixel becomes 2 × 2 of one channel each: here, the four channels of one. */
function spread(build: Build, node: GraphNode, { bias, slope, swish }: End): Map3 {
  const { values } = constant(build, node, 1);
  const from = read(build, build.graph.from(node, 2));
  const [out, inputs] = [mapOf(from.side, 4), from.channels];
  const turned = values.map((_, nth) => values[(nth % 4) * inputs + Math.floor(nth / 4)]!);
  const weights = { at: packed(build, biasOf(bias, 4), slope, turned), inputs, swish };
  return add(build, [from], out, steps.pointwise(from, out, weights, null));
}
