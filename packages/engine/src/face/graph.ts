/** The graph of a model (TensorFlow's GraphDef as JSON) and the numbers it is given with, read without TensorFlow.js. */

/** As far as it is used here. */
export type GraphNode = {
  name: string;
  op: string;
  input?: string[];
  attr?: {
    strides?: { list?: { i?: string[] } };
    /** Names, in base64. */
    fused_ops?: { list?: { s?: string[] } };
  };
};
/** Values of a node that is given with the model. */
export type Constant = { shape: number[]; values: Float32Array };
/** As a model's `weightsManifest` lists them, in the order of its file. */
export type WeightSpec = { name: string; shape: number[]; dtype: string; quantization?: { dtype: string } };
export type Graph = ReturnType<typeof graphOf>;

export function graphOf(nodes: readonly GraphNode[]) {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const uses = new Map<string, number>();
  for (const { input = [] } of nodes) for (const name of input) uses.set(plain(name), (uses.get(plain(name)) ?? 0) + 1);
  return {
    /** What a node takes in place `nth`. */
    from: (node: GraphNode, nth: number): GraphNode => {
      const name = plain(node.input?.[nth] ?? "");
      const found = byName.get(name);
      if (!found) throw new Error(`node ${node.name} of the model takes ${name}, which is not there`);
      return found;
    },
    /** The first node of one of `ops` whose name has this part. */
    named(part: string, ops: readonly string[]): GraphNode {
      const found = nodes.find(({ op, name }) => ops.includes(op) && name.includes(part));
      if (!found) throw new Error(`the model has no output called ${part}`);
      return found;
    },
    /** Whether more than one node takes it. */
    isShared: ({ name }: GraphNode): boolean => (uses.get(name) ?? 0) > 1,
  };
}

/** Without the number of the output. */
function plain(name: string): string {
  return name.split(":")[0]!;
}

const BYTES: Record<string, number> = { float32: 4, int32: 4, float16: 2 };

/** The constants of a model by name, from the bytes of its weights. Whole numbers, which are shapes, are left out. */
export function constantsOf(specs: readonly WeightSpec[], weights: Uint8Array): Map<string, Constant> {
  const found = new Map<string, Constant>();
  let at = 0;
  for (const { name, shape, dtype, quantization } of specs) {
    const stored = quantization?.dtype ?? dtype;
    const bytes = BYTES[stored];
    if (bytes === undefined)
      throw new Error(`weights ${name} of the model are ${stored}, not float32, float16 or int32`);
    const count = shape.reduce((product, size) => product * size, 1);
    // a copy, which lies at a multiple of four bytes
    const own = weights.buffer.slice(weights.byteOffset + at, weights.byteOffset + at + count * bytes);
    if (stored === "float32") found.set(name, { shape, values: new Float32Array(own) });
    if (stored === "float16") found.set(name, { shape, values: fromHalves(new Uint16Array(own)) });
    at += count * bytes;
  }
  return found;
}

/** IEEE 754 binary16: an exponent of 15 is one of 127 there; without an exponent, it is a count of 2^-24. */
function fromHalves(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    if (half & 0x7c00) bits[i] = ((half & 0x8000) << 16) | (((half & 0x7fff) << 13) + (112 << 23));
    else values[i] = (half & 0x8000 ? -1 : 1) * (half & 1023) * 2 ** -24;
  }
  return values;
}
