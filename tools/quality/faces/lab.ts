/** CIELAB (D65) of a colour in sRGB, 0–255. */
export function labOf(rgb: readonly [number, number, number]): [number, number, number] {
  return labOfLight(rgb.map((value) => ((value / 255 + 0.055) / 1.055) ** 2.4) as [number, number, number]);
}

/** The same of linear light, 0–1. */
export function labOfLight([r, g, b]: readonly [number, number, number]): [number, number, number] {
  const f = (value: number): number => Math.cbrt(Math.max(0.008856, value));
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
