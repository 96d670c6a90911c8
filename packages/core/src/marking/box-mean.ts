/** Of squares of 2 × `half` + 1 samples, cut at the edges. */
export function boxMean(data: Float32Array, width: number, height: number, half: number): Float32Array {
  const across = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let sum = 0;
    for (let x = 0; x < Math.min(half, width); x++) sum += data[row + x]!;
    for (let x = 0; x < width; x++) {
      if (x + half < width) sum += data[row + x + half]!;
      if (x - half > 0) sum -= data[row + x - half - 1]!;
      across[row + x] = sum / (Math.min(width - 1, x + half) - Math.max(0, x - half) + 1);
    }
  }
  const out = new Float32Array(data.length);
  const sums = new Float64Array(width);
  for (let y = 0; y < Math.min(half, height); y++) for (let x = 0; x < width; x++) sums[x]! += across[y * width + x]!;
  for (let y = 0; y < height; y++) {
    const [next, last] = [(y + half) * width, (y - half - 1) * width];
    if (y + half < height) for (let x = 0; x < width; x++) sums[x]! += across[next + x]!;
    if (y - half > 0) for (let x = 0; x < width; x++) sums[x]! -= across[last + x]!;
    const count = Math.min(height - 1, y + half) - Math.max(0, y - half) + 1;
    for (let x = 0; x < width; x++) out[y * width + x] = sums[x]! / count;
  }
  return out;
}
