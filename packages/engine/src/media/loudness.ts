/**
 * How loud a sound is: integrated loudness and true peak by ITU-R BS.1770-5, for sound at 48 kHz. Measured piece by piece, so that any
 * length takes little memory.
 */

/** Samples of a step of the gating blocks: 100 ms. A block is four steps. */
export const STEP = 4800;
const BLOCK_STEPS = 4;
const ABSOLUTE_GATE = -70;
const RELATIVE_GATE = -10;
/** K-weighting, BS.1770-5 annex 1, tables 1 and 2: b0 b1 b2 a1 a2. */
const SHELF = [1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585] as const;
const HIGH_PASS = [1, -2, 1, -1.99004745483398, 0.99007225036621] as const;
/** Interpolation by four, BS.1770-5 annex 2: two phases; the others are these backwards. */
const PHASES: readonly (readonly number[])[] = (() => {
  const [first, second] = [
    [0.001708984375, 0.010986328125, -0.0196533203125, 0.033203125, -0.0594482421875, 0.1373291015625].concat([
      0.97216796875, -0.102294921875, 0.047607421875, -0.026611328125, 0.014892578125, -0.00830078125,
    ]),
    [-0.0291748046875, 0.029296875, -0.0517578125, 0.089111328125, -0.16650390625, 0.465087890625].concat([
      0.77978515625, -0.2003173828125, 0.1015625, -0.0582275390625, 0.0330810546875, -0.0189208984375,
    ]),
  ];
  return [first, second, second.toReversed(), first.toReversed()];
})();
const TAPS = 12;
/** Between samples that are fainter there is no peak that matters, by any gain that is given. */
const FAINT = 0.05;
/** Samples that one peak is kept for: a millisecond. */
export const PEAK_SPAN = 48;

/** One channel of a sound. */
export type ChannelMeter = {
  add(samples: Float32Array): void;
  /** Weighted mean square of every 100 ms, and of all. */
  powers(): { steps: Float64Array; mean: number };
  /** True peak of every millisecond, 1 is full scale. */
  peaks(): Float32Array;
};

/** `peaks`: whether they are measured too, which takes longer than all else. */
export function createMeter({ peaks: finds }: { peaks: boolean } = { peaks: true }): ChannelMeter {
  const weigh = kWeighting();
  const peak = peakFinder();
  const steps = growing();
  const peaks = growing();
  let [sum, count, total, all, most, spanned] = [0, 0, 0, 0, 0, 0];
  return {
    add(samples) {
      for (const sample of samples) {
        const weighted = weigh(sample);
        sum += weighted * weighted;
        if (++count === STEP) {
          steps.push(sum / STEP);
          total += sum;
          all += count;
          [sum, count] = [0, 0];
        }
        if (!finds) continue;
        most = Math.max(most, peak(sample));
        if (++spanned === PEAK_SPAN) {
          peaks.push(most);
          [most, spanned] = [0, 0];
        }
      }
    },
    powers: () => ({ steps: Float64Array.from(steps.values()), mean: (total + sum) / Math.max(1, all + count) }),
    peaks: () => {
      const found = new Float32Array(peaks.values().length + 1);
      found.set(peaks.values());
      found[found.length - 1] = most;
      return found;
    },
  };
}

/**
 * LUFS of channels that sound together; null where all is silence. A sound that is shorter than a block is one. `factor`: what the sound is
 * multiplied with, by step of 100 ms.
 */
export function integratedLoudness(
  meters: readonly ChannelMeter[],
  factor: (step: number) => number = () => 1,
): number | null {
  const channels = meters.map((meter) => {
    const { steps, mean } = meter.powers();
    return { steps: steps.map((power, step) => power * factor(step) ** 2), mean: mean * factor(0) ** 2 };
  });
  const count = (channels[0]?.steps.length ?? 0) - BLOCK_STEPS + 1;
  const blocks =
    count < 1
      ? [channels.reduce((sum, { mean }) => sum + mean, 0)]
      : Array.from({ length: count }, (_, nth) => {
          let sum = 0;
          for (const { steps } of channels) for (let k = 0; k < BLOCK_STEPS; k++) sum += steps[nth + k]!;
          return sum / BLOCK_STEPS;
        });
  const heard = blocks.filter((power) => lufs(power) > ABSOLUTE_GATE);
  if (heard.length === 0) return null;
  const gate = lufs(mean(heard)) + RELATIVE_GATE;
  return lufs(mean(heard.filter((power) => lufs(power) > gate)));
}

const lufs = (power: number): number => -0.691 + 10 * Math.log10(power);
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function kWeighting(): (sample: number) => number {
  const [shelf, highPass] = [biquad(SHELF), biquad(HIGH_PASS)];
  return (sample) => highPass(shelf(sample));
}

function biquad([b0, b1, b2, a1, a2]: readonly [number, number, number, number, number]): (sample: number) => number {
  let [one, two] = [0, 0];
  return (sample) => {
    const out = b0 * sample + one;
    one = b1 * sample - a1 * out + two;
    two = b2 * sample - a2 * out;
    return out;
  };
}

/** The highest of a sample and of what lies between it and its neighbours, half a filter late. */
function peakFinder(): (sample: number) => number {
  const line = new Float64Array(2 * TAPS);
  let [at, loud] = [0, 0];
  return (sample) => {
    at = at === 0 ? TAPS - 1 : at - 1;
    line[at] = sample;
    line[at + TAPS] = sample;
    loud = Math.abs(sample) > FAINT ? TAPS : loud - 1;
    if (loud <= 0) return Math.abs(sample);
    let most = 0;
    for (const phase of PHASES) {
      let value = 0;
      for (let tap = 0; tap < TAPS; tap++) value += phase[tap]! * line[at + tap]!;
      most = Math.max(most, Math.abs(value));
    }
    return Math.max(most, Math.abs(line[at + TAPS / 2]!));
  };
}

/** A list of numbers that takes four bytes each. */
export function growing(): { push(value: number): void; append(values: Float32Array): void; values(): Float32Array } {
  let room = new Float32Array(1024);
  let length = 0;
  const make = (more: number): void => {
    if (length + more <= room.length) return;
    const larger = new Float32Array(Math.max(length + more, Math.ceil(room.length * 1.5)));
    larger.set(room.subarray(0, length));
    room = larger;
  };
  return {
    push(value) {
      make(1);
      room[length++] = value;
    },
    append(values) {
      make(values.length);
      room.set(values, length);
      length += values.length;
    },
    values: () => room.subarray(0, length),
  };
}
