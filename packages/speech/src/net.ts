/**
 * From sound to what the mouth does: a small convolutional network that looks 250 ms back and ahead, trained by `tools/visemes` on
 * synthetic voices whose phoneme times are exact. `MODEL_CARD.md` tells how well it does on whom.
 */
import { BANDS, featuresOf, LOWEST_FEATURE } from "./features.ts";
import { VISEMES, visemeNumber } from "./visemes.ts";
import { type Layer, layers } from "./weights.ts";

/** What the mouth does in each frame of 10 ms; frame k is centred at k × 10 + 5 ms. */
export type Posteriors = {
  frames: number;
  /** Frames × 15, in the order of `VISEMES`; each frame sums to 1. */
  classes: Float32Array;
  /** How far the jaw is open, 0–1, already smooth. */
  jaw: Float32Array;
  /** How sure it is that the voice sounds (vowels, nasals, voiced consonants), 0–1. */
  voiced?: Float32Array;
};

/** Added to the logits of closed lips and of lip on teeth, which are short and which viewers miss most; MODEL_CARD.md says why 1. */
const LIP_BIAS = 1;
/** Frames that pass through the layers at once; memory does not grow with the sound. */
const BLOCK = 512;
/** Rows of a block or of what it becomes in a layer: one row is one frame. */
type Rows = { count: number; width: number; values: Float32Array };

/** Mono sound at 16 kHz, −1–1, as posteriors. The same samples give the same result. */
export function posteriorsOf(samples: Float32Array): Posteriors {
  const features = featuresOf(samples);
  const frames = features.length / BANDS;
  const made = {
    frames,
    classes: new Float32Array(frames * VISEMES.length),
    jaw: new Float32Array(frames),
    voiced: new Float32Array(frames),
  };
  const all = layers();
  const reach = all.reduce((sum, { taps, dilation }) => sum + ((taps - 1) / 2) * dilation, 0);
  for (let start = 0; start < frames; start += BLOCK) {
    const count = Math.min(BLOCK, frames - start);
    let rows = cut(features, start - reach, count + 2 * reach);
    for (const layer of all) rows = through(layer, rows);
    write(rows, made, start);
  }
  return made;
}

/** `count` frames of features from frame `start` on, with silence where there is no sound. */
function cut(features: Float32Array, start: number, count: number): Rows {
  const values = new Float32Array(count * BANDS).fill(LOWEST_FEATURE);
  const first = Math.max(start, 0);
  values.set(features.subarray(first * BANDS, (start + count) * BANDS), (first - start) * BANDS);
  return { count, width: BANDS, values };
}

/** One convolution; a residual one adds what it makes to its input. Four outputs share each value that is read. */
function through(layer: Layer, input: Rows): Rows {
  const { outputs, taps, dilation, weights, biases, residual, rectified } = layer;
  const { width, values } = input;
  const count = input.count - (taps - 1) * dilation;
  const made = new Float32Array(count * outputs);
  const size = taps * width;
  const gathered = new Float32Array(size);
  const skip = ((taps - 1) / 2) * dilation * width;
  for (let row = 0; row < count; row++) {
    for (let tap = 0; tap < taps; tap++) {
      const from = (row + tap * dilation) * width;
      gathered.set(values.subarray(from, from + width), tap * width);
    }
    for (let output = 0; output < outputs; output += 4) {
      let [a, b, c, d] = [biases[output]!, biases[output + 1]!, biases[output + 2]!, biases[output + 3]!];
      const at = output * size;
      for (let i = 0; i < size; i++) {
        const value = gathered[i]!;
        a += value * weights[at + i]!;
        b += value * weights[at + size + i]!;
        c += value * weights[at + 2 * size + i]!;
        d += value * weights[at + 3 * size + i]!;
      }
      const to = row * outputs + output;
      made[to] = rectified && a < 0 ? 0 : a;
      made[to + 1] = rectified && b < 0 ? 0 : b;
      made[to + 2] = rectified && c < 0 ? 0 : c;
      made[to + 3] = rectified && d < 0 ? 0 : d;
    }
    if (residual) for (let i = 0; i < width; i++) made[row * outputs + i]! += values[row * width + skip + i]!;
  }
  return { count, width: outputs, values: made };
}

const BIASED = [visemeNumber("PP"), visemeNumber("FF")];
const JAW = VISEMES.length;
const VOICED = VISEMES.length + 1;

/** The last layer's rows as probabilities. */
function write(rows: Rows, made: Required<Posteriors>, start: number): void {
  const classes = VISEMES.length;
  for (let row = 0; row < rows.count; row++) {
    const logits = rows.values.subarray(row * rows.width, (row + 1) * rows.width);
    for (const number of BIASED) logits[number]! += LIP_BIAS;
    const largest = Math.max(...logits.subarray(0, classes));
    const frame = start + row;
    const out = made.classes.subarray(frame * classes, (frame + 1) * classes);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(logits[k]! - largest);
    for (let k = 0; k < classes; k++) out[k] = Math.exp(logits[k]! - largest) / sum;
    made.jaw[frame] = 1 / (1 + Math.exp(-logits[JAW]!));
    made.voiced[frame] = 1 / (1 + Math.exp(-logits[VOICED]!));
  }
}
