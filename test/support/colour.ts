/** How different two pictures look: CIE76 ΔE in CIELAB (D65); about 2.3 is just noticeable. */

/** `mean` and the 95th and 99th percentile over all pixels of two sRGB pictures, RGB interleaved, of one size. */
export function deltaE(a: Uint8Array, b: Uint8Array): { mean: number; p95: number; p99: number } {
  if (a.length !== b.length) throw new Error(`${a.length} and ${b.length} bytes`);
  const distances = new Float64Array(a.length / 3);
  for (let i = 0; i < distances.length; i++) {
    const [l, m] = [lab(a, i * 3), lab(b, i * 3)];
    distances[i] = Math.hypot(l[0] - m[0], l[1] - m[1], l[2] - m[2]);
  }
  distances.sort();
  const at = (share: number) => distances[Math.floor(share * (distances.length - 1))]!;
  return { mean: distances.reduce((sum, d) => sum + d, 0) / distances.length, p95: at(0.95), p99: at(0.99) };
}

function lab(rgb: Uint8Array, at: number): [number, number, number] {
  const [r, g, b] = [0, 1, 2].map((c) => {
    const v = rgb[at + c]! / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function f(t: number): number {
  return t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116;
}
