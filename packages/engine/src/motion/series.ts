/** Values over time that were read at uneven instants, some of them uncertain: made even and smooth, without any delay. */

export type Series = { seconds: number[]; values: number[] };

/** Kernels reach so many widths. */
const REACH = 3;

/**
 * The series at `t`: the mean of what lies around it, by a Gaussian of `sigma` seconds and how sure each value is (`weights`,
 * 0–1). The same to both sides, so nothing comes late. Where nothing sure is near, what lies farther away counts.
 */
export function smoothAt({ seconds, values }: Series, weights: number[], sigma: number, t: number): number {
  for (let width = sigma; ; width *= 2) {
    let [sum, total] = [0, 0];
    for (let i = lowerBound(seconds, t - REACH * width); i < seconds.length && seconds[i]! <= t + REACH * width; i++) {
      const weight = weights[i]! * Math.exp(-0.5 * ((seconds[i]! - t) / width) ** 2);
      sum += weight * values[i]!;
      total += weight;
    }
    if (total > 0.05) return sum / total;
    if (width > 1000) return total > 0 ? sum / total : 0;
  }
}

/** The whole series at `fps`, from its start on. */
export function evenly(series: Series, weights: number[], sigma: number, fps: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => smoothAt(series, weights, sigma, (series.seconds[0] ?? 0) + i / fps));
}

/** The highest (`sign` 1) or lowest (−1) value within `reach` seconds to both sides. */
export function extremes({ seconds, values }: Series, reach: number, sign: 1 | -1): Series {
  return {
    seconds,
    values: seconds.map((t) => {
      let best = -Infinity;
      for (let i = lowerBound(seconds, t - reach); i < seconds.length && seconds[i]! <= t + reach; i++) {
        best = Math.max(best, sign * values[i]!);
      }
      return sign * best;
    }),
  };
}

export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))] ?? 0;
}

export const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));

function lowerBound(sorted: number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
