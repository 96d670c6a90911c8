/**
 * A plane with a sample between any two of its own. The kernel's four taps alone would soften fine grain wherever skin moves by
 * half a pixel, so that it came and went with the movement; on twice as many samples they hardly do. `enlarge` of the kernel
 * (doubled.h) does the same for canvases.
 */

/** Taps to each side of a half-band filter: a sinc under Lanczos' window (Duchon 1979, J. Appl. Meteorol. 18(8)). */
export const TAPS = 6;
const SCALE = 1 << 14;
/** Of distances ½, 1½, …, × 2¹⁴. */
export const HALF_BAND = halfBand();

/**
 * 2 `width` × 2 `height`: sample (2x, 2y) is the plane's (x, y), bit by bit. The last column and row, beyond the plane's own last,
 * repeat it.
 */
export function doubled(plane: Uint8Array, width: number, height: number): Uint8Array {
  const result = new Uint8Array(4 * width * height);
  const line = new Uint8Array(Math.max(width, height) + 2 * TAPS);
  for (let row = 0; row < height; row++) {
    between(line, width, plane, row * width, 1, result, 4 * row * width, 1);
  }
  for (let column = 0; column < 2 * width; column++) {
    between(line, height, result, column, 4 * width, result, column, 2 * width);
  }
  return result;
}

/** Writes `count` samples of `from` and what lies between them, in turn, to `to`. `line` is room for them with their ends repeated. */
function between(
  line: Uint8Array,
  count: number,
  from: Uint8Array,
  fromStart: number,
  fromStep: number,
  to: Uint8Array,
  toStart: number,
  toStep: number,
): void {
  for (let i = 0; i < count; i++) line[TAPS + i] = from[fromStart + i * fromStep]!;
  line.fill(line[TAPS]!, 0, TAPS);
  line.fill(line[TAPS + count - 1]!, TAPS + count, count + 2 * TAPS);
  const [a, b, c, d, e, f] = HALF_BAND;
  let at = toStart;
  for (let i = TAPS; i < count + TAPS; i++) {
    to[at] = line[i]!;
    const sum =
      a * (line[i]! + line[i + 1]!) +
      b * (line[i - 1]! + line[i + 2]!) +
      c * (line[i - 2]! + line[i + 3]!) +
      d * (line[i - 3]! + line[i + 4]!) +
      e * (line[i - 4]! + line[i + 5]!) +
      f * (line[i - 5]! + line[i + 6]!);
    const value = (sum + SCALE / 2) >> 14;
    to[at + toStep] = i === count + TAPS - 1 ? line[i]! : value < 0 ? 0 : value > 255 ? 255 : value;
    at += 2 * toStep;
  }
}

/** For distances ½, 1½, …: fixed point, both sides together add up to one, so that flat areas stay flat. */
function halfBand(): [number, number, number, number, number, number] {
  const sinc = (x: number): number => Math.sin(Math.PI * x) / (Math.PI * x);
  const exact = Array.from({ length: TAPS }, (_, k) => sinc(k + 0.5) * sinc((k + 0.5) / TAPS));
  const sum = 2 * exact.reduce((total, weight) => total + weight, 0);
  const fixed = exact.map((weight) => Math.round((weight / sum) * SCALE));
  fixed[0]! += SCALE / 2 - fixed.reduce((total, weight) => total + weight, 0);
  return fixed as [number, number, number, number, number, number];
}
