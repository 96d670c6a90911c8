/**
 * The networks that find faces (BlazeFace, Bazarevsky et al. 2019, arXiv:1907.05047) and people (MediaPipe Selfie Segmentation, after
 * Howard et al. 2019, arXiv:1905.02244) on a SIMD kernel (`layers.wat`): read from a model's own graph (`plan.ts`), with the same
 * answers as TensorFlow.js to about a ten-thousandth.
 */
import { readFileSync } from "node:fs";
import type { Constant, Graph } from "./graph.ts";
import { type Plan, planOf, type Step } from "./plan.ts";
import type { Kernel, Machine, Map3 } from "./steps.ts";

/** What the graph of a model is made for: the side of its input, and parts of the names of its outputs. */
type LayersOptions = { side: number; outputs: readonly string[] };
/** `input`: `side`² × RGB. Answers the outputs, pixel by pixel, before any sigmoid. */
export type Layers = (input: Float32Array) => Float32Array[];

const PAGE = 65536;

/** Null where the processor or this Node.js lacks the kernel's instructions. */
export function createLayers(
  graph: Graph,
  constants: ReadonlyMap<string, Constant>,
  { side, outputs }: LayersOptions,
): Layers | null {
  const bytes = readFileSync(new URL("./layers.wasm", import.meta.url));
  if (!WebAssembly.validate(bytes)) return null;
  const plan = planOf(graph, constants, side, outputs);
  const end = placed(plan);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / PAGE) });
  const kernel = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as Kernel;
  const machine: Machine = { kernel, floats: new Float32Array(memory.buffer) };
  for (const { at, values } of plan.constants) machine.floats.set(values, at / 4);
  return (rgb) => {
    fill(machine, plan.input, rgb);
    for (const { run } of plan.steps) run(machine);
    return plan.results.map((map) => valuesOf(machine, map));
  };
}

/**
 * Gives each map its place, and one of the same size that nobody reads any more to the next: their frames stay zeros. Answers where
 * memory ends, with room for what is read past the last map.
 */
function placed({ input, steps, results, end: start }: Plan): number {
  const lastRead = new Map<Map3, Step>();
  for (const step of steps) for (const map of step.reads) lastRead.set(map, step);
  for (const map of [input, ...results]) lastRead.delete(map);
  const free = new Map<string, number[]>();
  let end = start;
  const place = (map: Map3): void => {
    const { side, pixel, row } = map;
    const had = free.get(`${side} ${pixel}`)?.pop();
    map.at = had ?? end + 2 * row + 2 * pixel;
    if (had === undefined) end = (end + (side + 4) * row + 15) & ~15;
  };
  place(input);
  for (const step of steps) {
    place(step.writes);
    for (const map of new Set(step.reads)) {
      if (lastRead.get(map) !== step) continue;
      const size = `${map.side} ${map.pixel}`;
      free.set(size, [...(free.get(size) ?? []), map.at]);
    }
  }
  return end + PAGE;
}

function fill({ floats }: Machine, { at, side, row }: Map3, rgb: Float32Array): void {
  for (let y = 0; y < side; y++) floats.set(rgb.subarray(y * side * 3, (y + 1) * side * 3), (at + y * row) / 4);
}

/** Without the frame, and without channels that fill up eight. */
function valuesOf({ floats }: Machine, { at, side, channels, pixel, row }: Map3): Float32Array {
  const values = new Float32Array(side * side * channels);
  for (let y = 0, to = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const from = (at + y * row + x * pixel) / 4;
      for (let c = 0; c < channels; c++) values[to++] = floats[from + c]!;
    }
  }
  return values;
}
