/** Three 8-bit planes of a picture, 4:2:0 (chroma sited left, as H.264 assumes), BT.709, limited range. */
export type Planes = { width: number; height: number; y: Uint8Array; u: Uint8Array; v: Uint8Array };

/** The luma plane of RGB (interleaved), by the matrix of ITU-R BT.709-6, section 3. */
export function toLuma(rgb: Uint8Array, width: number, height: number): Uint8Array {
  const y = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < y.length; i++, at += 3) {
    y[i] = 16.5 + (219 / 255) * (0.2126 * rgb[at]! + 0.7152 * rgb[at + 1]! + 0.0722 * rgb[at + 2]!);
  }
  return y;
}

/** RGB (interleaved, even sides) → planes, by the same matrix. */
export function toPlanes(rgb: Uint8Array, width: number, height: number): Planes {
  const y = toLuma(rgb, width, height);
  const half = width / 2;
  const u = new Uint8Array((half * height) / 2);
  const v = new Uint8Array(u.length);
  for (let row = 0; row < height; row += 2) {
    for (let column = 0; column < width; column += 2) {
      // Weights 1 2 1 across, because a chroma sample sits on the left one of its two pixels, and 1 1 down.
      const middle = (row * width + column) * 3;
      const left = column > 0 ? middle - 3 : middle;
      const down = width * 3;
      let r = 0;
      let g = 0;
      let b = 0;
      for (let line = 0; line <= down; line += down) {
        r += rgb[left + line]! + 2 * rgb[middle + line]! + rgb[middle + line + 3]!;
        g += rgb[left + line + 1]! + 2 * rgb[middle + line + 1]! + rgb[middle + line + 4]!;
        b += rgb[left + line + 2]! + 2 * rgb[middle + line + 2]! + rgb[middle + line + 5]!;
      }
      const luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      const at = (row / 2) * half + column / 2;
      u[at] = 128.5 + ((224 / 255) * (b - luma)) / 1.8556 / 8;
      v[at] = 128.5 + ((224 / 255) * (r - luma)) / 1.5748 / 8;
    }
  }
  return { width, height, y, u, v };
}

/** The inverse, for looking at frames: packed planes (Y, U, V) → RGB. Chroma is repeated, not interpolated. */
export function toRgb(frame: Uint8Array, width: number, height: number): Uint8Array {
  const rgb = new Uint8ClampedArray(width * height * 3);
  const half = width / 2;
  const u = width * height;
  const v = u + (half * height) / 2;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      const chroma = (row >> 1) * half + (column >> 1);
      const luma = (frame[at]! - 16) * (255 / 219);
      const cb = (frame[u + chroma]! - 128) * (255 / 224);
      const cr = (frame[v + chroma]! - 128) * (255 / 224);
      rgb[at * 3] = luma + 1.5748 * cr;
      rgb[at * 3 + 1] = luma - 0.1873 * cb - 0.4681 * cr;
      rgb[at * 3 + 2] = luma + 1.8556 * cb;
    }
  }
  return new Uint8Array(rgb.buffer);
}
