/**
 * The face mesh network (Kartynnik et al. 2019, arXiv:1907.06724) on a SIMD kernel for its few kinds of layers (`mesh-net.wat`): what
 * TensorFlow.js says of a crop to a ten-thousandth of a pixel, in a third of the time. Contours of lips and eyes, which nothing here uses,
 * are left out. The layers are read from the model's own graph.
 */
import { readFileSync } from "node:fs";

/** As far as it is used here. */
export type GraphNode = {
  name: string;
  op: string;
  input?: string[];
  attr?: { strides?: { list?: { i?: string[] } } };
};
type Net = (input: Float32Array) => { points: Float32Array; score: number };

/** The part of the global that is used here; TypeScript has it only together with the types of a browser. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: unknown };
  Memory: new (options: { initial: number }) => { buffer: ArrayBuffer };
};
type Layer = (...args: number[]) => void;
type Kernel = { patches: Layer; depthwise: Layer; pool: Layer; pointwise: Layer };

const SIDE = 192;
const OUTPUTS = { points: "output_mesh", score: "output_faceflag" };
/** Bytes for all maps and weights. */
const ROOM = 9 * 1024 * 1024;
/** What of a pixel is worked on at once, bytes: 8 outputs. */
const PART = 32;

/** Values with a frame of zeros one pixel wide. `at`: of the first pixel; `pixel`, `row`: steps; all in bytes. */
type Map3 = { at: number; side: number; channels: number; pixel: number; row: number };

/** `constant`: the values of a node. Null where the processor or this Node.js lacks the kernel's instructions. */
export function createMeshNet(nodes: readonly GraphNode[], constant: (name: string) => Float32Array): Net | null {
  const bytes = readFileSync(new URL("./mesh-net.wasm", import.meta.url));
  if (!WebAssembly.validate(bytes)) return null;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(ROOM / 65536) });
  const kernel = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as Kernel;
  const builder = createBuilder(kernel, new Float32Array(memory.buffer), graphOf(nodes), constant);
  const input = builder.input;
  const [points, score] = [builder.output(OUTPUTS.points), builder.output(OUTPUTS.score)];
  return (rgb) => {
    for (let row = 0; row < SIDE; row++) {
      input.set(rgb.subarray(row * SIDE * 3, (row + 1) * SIDE * 3), ((row + 1) * (SIDE + 2) + 1) * 3);
    }
    for (const step of builder.steps) step();
    return { points: points.slice(0, 1404), score: 1 / (1 + Math.exp(-score[0]!)) };
  };
}

function graphOf(nodes: readonly GraphNode[]) {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  return {
    /** What a node takes in place `nth`. */
    from: (node: GraphNode, nth: number): GraphNode => {
      const name = node.input?.[nth]?.split(":")[0];
      const found = byName.get(name ?? "");
      if (!found) throw new Error(`node ${node.name} of the mesh model takes ${name}, which is not there`);
      return found;
    },
    named: (part: string, op: string): GraphNode => {
      const found = nodes.find((node) => node.op === op && node.name.includes(part));
      if (!found) throw new Error(`the mesh model has no ${op} called ${part}`);
      return found;
    },
  };
}

function createBuilder(
  kernel: Kernel,
  floats: Float32Array,
  graph: ReturnType<typeof graphOf>,
  constant: (name: string) => Float32Array,
) {
  const steps: (() => void)[] = [];
  const known = new Map<string, Map3>();
  let end = 16;
  const reserve = (values: number): number => {
    const at = end;
    end = (end + values * 4 + 15) & ~15;
    if (end > floats.byteLength) throw new Error(`the mesh model takes more than ${floats.byteLength} bytes`);
    return at;
  };
  const mapOf = (side: number, channels: number): Map3 => {
    const [pixel, row] = [channels * 4, (side + 2) * channels * 4];
    return { at: reserve((side + 2) ** 2 * channels) + row + pixel, side, channels, pixel, row };
  };
  const input = mapOf(SIDE, 3);
  // of a row at a time; the longest is the first layer's
  const [scratch, pooled] = [reserve((SIDE / 2) * 27), reserve((SIDE / 4) * 16)];

  /** Weights as the kernel wants them; outputs are filled up to a multiple of 8. */
  const packed = ({ conv, slopes }: { conv: GraphNode; slopes: Float32Array | null }) => {
    const bias = constant(graph.from(conv, 2).name);
    const weights = constant(graph.from(conv, 1).name);
    const [outputs, inputs] = [bias.length, weights.length / bias.length];
    const parts = Math.ceil(outputs / 8);
    const at = reserve(parts * (inputs + 2) * 8);
    for (let part = 0, to = at / 4; part < parts; part++) {
      for (let k = 0; k < 8; k++, to++) floats[to] = bias[part * 8 + k] ?? 0;
      for (let k = 0; k < 8; k++, to++) floats[to] = slopes ? (slopes[part * 8 + k] ?? 1) : 1;
      for (let i = 0; i < inputs; i++) {
        for (let k = 0; k < 8; k++, to++)
          floats[to] = part * 8 + k < outputs ? weights[i * outputs + part * 8 + k]! : 0;
      }
    }
    return { at, inputs, outputs, bytes: parts * PART };
  };
  const slopesOf = (node: GraphNode | undefined) => (node ? constant(node.name) : null);

  const first = (node: GraphNode): Map3 => {
    const weights = packed({ conv: node, slopes: slopesOf(graph.from(node, 3)) });
    const out = mapOf(SIDE / 2, weights.outputs);
    steps.push(() => {
      for (let y = 0; y < out.side; y++) {
        kernel.patches(input.at + 2 * y * input.row, input.row, out.side, scratch);
        const to = out.at + y * out.row;
        kernel.pointwise(scratch, weights.inputs, weights.at, 0, 0, 0, to, out.pixel, out.side);
      }
    });
    return out;
  };
  /** A layer that weighs channels alone, and bends what is negative. */
  const reduced = (node: GraphNode): Map3 => {
    const from = read(graph.from(node, 0));
    const weights = packed({ conv: node, slopes: slopesOf(graph.from(node, 3)) });
    const out = mapOf(from.side, weights.outputs);
    steps.push(() => {
      for (let y = 0; y < out.side; y++) {
        const [at, to] = [from.at + y * from.row, out.at + y * out.row];
        kernel.pointwise(at, weights.inputs, weights.at, 0, 0, 0, to, out.pixel, out.side);
      }
    });
    return out;
  };
  /** Each channel by itself, then all together, added to what came in, or to a half of its size. */
  const block = (prelu: GraphNode): Map3 => {
    const conv = graph.from(graph.from(prelu, 0), 1);
    const depthwise = graph.from(conv, 0);
    const from = read(graph.from(depthwise, 0));
    const stride = Number(depthwise.attr?.strides?.list?.i?.[1] ?? 1);
    const kernels = constant(graph.from(depthwise, 1).name);
    const weighed = reserve(kernels.length);
    floats.set(kernels, weighed / 4);
    const weights = packed({ conv, slopes: slopesOf(graph.from(prelu, 1)) });
    const out = mapOf(from.side / stride, weights.outputs);
    // of a halved map the padding lies to the right and below
    const start = stride === 1 ? from.at - from.row - from.pixel : from.at;
    steps.push(() => {
      for (let y = 0; y < out.side; y++) {
        const top = y * stride * from.row;
        const [size, to] = [out.side, out.at + y * out.row];
        kernel.depthwise(start + top, from.pixel, from.row, stride * from.pixel, weighed, size, scratch);
        if (stride === 2) kernel.pool(from.at + top, from.pixel, from.row, size, pooled);
        const skip = stride === 2 ? pooled : from.at + top;
        const { inputs, at } = weights;
        kernel.pointwise(scratch, inputs, at, skip, from.pixel, from.pixel, to, out.pixel, size);
      }
    });
    return out;
  };
  const read = (node: GraphNode): Map3 => {
    const had = known.get(node.name);
    if (had) return had;
    const isFirst = node.op === "_FusedConv2D" && graph.from(node, 0).op === "Placeholder";
    const made = isFirst ? first(node) : node.op === "_FusedConv2D" ? reduced(node) : block(node);
    known.set(node.name, made);
    return made;
  };
  return {
    steps,
    input: floats.subarray((input.at - input.row - input.pixel) / 4, (input.at + SIDE * input.row) / 4),
    /** All pixels of the last map weighed together. */
    output(name: string): Float32Array {
      const reshape = graph.named(name, "Reshape");
      const before = graph.from(reshape, 0);
      const conv = before.op === "Sigmoid" ? graph.from(before, 0) : before;
      const from = read(graph.from(conv, 0));
      const weights = packed({ conv, slopes: null });
      // three pixels are worked on at once, of which the first counts
      const out = reserve((3 * weights.bytes) / 4);
      const line = (from.side * from.pixel) / 4;
      steps.push(() => {
        for (let y = 0; y < from.side; y++) {
          const at = (from.at + y * from.row) / 4;
          floats.copyWithin(scratch / 4 + y * line, at, at + line);
        }
        kernel.pointwise(scratch, weights.inputs, weights.at, 0, 0, 0, out, weights.bytes, 3);
      });
      return floats.subarray(out / 4, out / 4 + weights.outputs);
    },
  };
}
