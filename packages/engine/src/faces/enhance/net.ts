/**
 * Small networks that were trained to make pictures clearer: those of Anime4K (© bloc97, MIT), retrained or taken over by WebSR
 * (© Sam Bhattacharyya, MIT), as the npm package @websr/websr has them. Of the package only these files are read.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** `doubling`: ×2, for pictures that are clean; `doublingCoded`: ×2, for those with traces of compression; `restoring`: ×1, for soft ones. */
const FILES = { doubling: "cnn-2x-l-an", doublingCoded: "cnn-2x-l-rl", restoring: "cnn-restore-l-an" } as const;
export type NetName = keyof typeof FILES;

/** A convolution: `weights` in the order of conv.wat, `outputs` a multiple of 4. */
export type Layer = { reach: 0 | 1; channels: number; outputs: number; weights: Float32Array };

export type Net = {
  /** 3 × 3 each, the first from RGB (0–1), each other from the 8 outputs of the one before. */
  hidden: Layer[];
  /**
   * What is added to the picture. ×1: RGB and an output that is not used, 3 × 3 from the last hidden layer. ×2: for R, G and B the
   * four pixels that one becomes (x + 2y), to be added to a bilinear enlargement; 1 × 1 from all hidden layers.
   */
  last: Layer;
  grows: 1 | 2;
  /** How far a result depends on pixels around it. */
  radius: number;
};

/** Hidden layers have two parts of four outputs each. */
const PART = 4;
/** Of a 4 × 4 matrix, column by column: a column for each input. */
const MATRIX = PART * PART;

/** A part as the file has it: a matrix per tap (columns first, then rows), part of the inputs, and sign. */
type Part = { weights: number[]; bias: number[] };

const nets = new Map<NetName, Net>();

export function netOf(name: NetName): Net {
  const known = nets.get(name) ?? readNet(name);
  nets.set(name, known);
  return known;
}

function readNet(name: NetName): Net {
  const path = require.resolve(`@websr/websr/weights/anime4k/${FILES[name]}.json`);
  const { layers } = JSON.parse(readFileSync(path, "utf8")) as { layers: Record<string, Part> };
  const parts = (stem: string, count: number): Part[] =>
    Array.from({ length: count }, (_, i) => layers[i === 0 ? stem : `${stem}${i}`]!);
  const hidden = [firstLayer(parts("conv2d_tf", 2))];
  for (let i = 1; layers[`conv2d_${i}_tf`]; i++) hidden.push(hiddenLayer(parts(`conv2d_${i}_tf`, 2)));
  const doubles = layers.conv2d_last_tf !== undefined;
  const last = doubles ? lastLayer(parts("conv2d_last_tf", 3), hidden.length) : hiddenLayer(parts("conv2d_out_tf", 1));
  return { hidden, last, grows: doubles ? 2 : 1, radius: hidden.length + last.reach };
}

/** RGB is never below 0, so that its magnitude adds nothing. */
function firstLayer(parts: Part[]): Layer {
  const weights = packed(parts, 1, 3, (part, tap, input, output) => [
    part.weights[tap * MATRIX + input * PART + output]!,
    0,
  ]);
  return { reach: 1, channels: 3, outputs: parts.length * PART, weights };
}

function hiddenLayer(parts: Part[]): Layer {
  const channels = 2 * PART;
  const weights = packed(parts, 1, channels, ({ weights: all }, tap, input, output) => {
    const at = (tap + 9 * Math.floor(input / PART)) * MATRIX + (input % PART) * PART + output;
    return bothSigns(all[at]!, all[at + 18 * MATRIX]!);
  });
  return { reach: 1, channels, outputs: parts.length * PART, weights };
}

function lastLayer(parts: Part[], hidden: number): Layer {
  const channels = hidden * 2 * PART;
  const weights = packed(parts, 0, channels, ({ weights: all }, _, input, output) => {
    const part = Math.floor(input / PART);
    const at = (4 * Math.floor(part / 2) + (part % 2)) * MATRIX + (input % PART) * PART + output;
    return bothSigns(all[at]!, all[at + 2 * MATRIX]!);
  });
  return { reach: 0, channels, outputs: parts.length * PART, weights };
}

/** a · max(x, 0) + b · max(−x, 0) = x (a − b) / 2 + |x| (a + b) / 2. */
function bothSigns(above: number, below: number): [number, number] {
  return [(above - below) / 2, (above + below) / 2];
}

/** Of an output of a part: what an input and its magnitude count for. Taps are numbered as in the file. */
type Weight = (part: Part, tap: number, input: number, output: number) => [plain: number, magnitude: number];

function packed(parts: Part[], reach: 0 | 1, channels: number, weight: Weight): Float32Array {
  const values: number[] = [];
  for (const part of parts) {
    values.push(...part.bias);
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const tap = reach === 0 ? 0 : (dx + 1) * 3 + dy + 1;
        for (let input = 0; input < channels; input++) {
          for (let output = 0; output < PART; output++) values.push(...weight(part, tap, input, output));
        }
      }
    }
  }
  return Float32Array.from(values);
}
