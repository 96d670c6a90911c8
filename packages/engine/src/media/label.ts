/** The label that people see: "AI" on a dark plate in the upper right corner, drawn from polygons, so that no font can be missing. */

/** Of the plate, as a part of the picture's shorter side. */
const HEIGHT = 0.08;
const MARGIN = 0.035;
/** Of the plate's height: the letters, the corners' radius. */
const LETTERS = 0.6;
const CORNER = 0.2;
/** How much of the picture the plate hides. */
const PLATE_ALPHA = 0.8;
/** Of 0–1. */
const [PLATE, LETTER] = [0.06, 1];

/** In a box of 14 units in height: what is inside of an odd number of them is covered. */
const A = [
  [0, 14, 3.9, 0, 6.5, 0, 10.4, 14, 7.6, 14, 6.7, 10.8, 3.7, 10.8, 2.8, 14],
  [5.2, 3, 6.25, 8.6, 4.15, 8.6],
];
const I = [[13.2, 0, 15.9, 0, 15.9, 14, 13.2, 14]];
const UNITS = { width: 15.9, height: 14 };
/** Samples on a side of a pixel. */
const FINE = 4;

/** `alpha` and `level`, 0–1, of each of its pixels. Even in place and size. */
export type Label = {
  x: number;
  y: number;
  width: number;
  height: number;
  alpha: Float32Array;
  level: Float32Array;
};

export function drawLabel(picture: { width: number; height: number }): Label {
  const side = Math.min(picture.width, picture.height);
  const height = Math.max(2, 2 * Math.round((side * HEIGHT) / 2));
  const unit = (height * LETTERS) / UNITS.height;
  const padding = (height - height * LETTERS) / 2;
  const width = 2 * Math.round((UNITS.width * unit) / 2 + padding);
  const margin = Math.round(side * MARGIN);
  const x = even(Math.max(0, picture.width - margin - width));
  const y = even(Math.min(margin, picture.height - height));
  const left = (width - UNITS.width * unit) / 2;
  const alpha = new Float32Array(width * height);
  const level = new Float32Array(width * height);
  for (let i = 0; i < alpha.length; i++) {
    const pixel = { x: i % width, y: Math.floor(i / width) };
    const plate = PLATE_ALPHA * covered(pixel, (px, py) => inPlate(px, py, width, height));
    const letter = covered(pixel, (px, py) => inLetters((px - left) / unit, (py - padding) / unit));
    alpha[i] = letter + (1 - letter) * plate;
    level[i] = alpha[i]! === 0 ? 0 : (letter * LETTER + (1 - letter) * plate * PLATE) / alpha[i]!;
  }
  return { x, y, width, height, alpha, level };
}

/** On a frame: planar 4:2:0, limited range. */
export function stampFrame(label: Label, yuv: Uint8Array, { width, height }: { width: number; height: number }): void {
  for (let row = 0; row < label.height; row++) {
    for (let column = 0; column < label.width; column++) {
      const at = (label.y + row) * width + label.x + column;
      const i = row * label.width + column;
      yuv[at] = mixed(yuv[at]!, 16 + 219 * label.level[i]!, label.alpha[i]!);
    }
  }
  const [across, planes] = [width / 2, [width * height, (width * height * 5) / 4]];
  for (let row = 0; row < label.height / 2; row++) {
    for (let column = 0; column < label.width / 2; column++) {
      const alpha = label.alpha[row * 2 * label.width + column * 2]!;
      const at = (label.y / 2 + row) * across + label.x / 2 + column;
      for (const plane of planes) yuv[plane + at] = mixed(yuv[plane + at]!, 128, alpha);
    }
  }
}

/** On a picture: RGB or RGBA. */
export function stampPicture(
  label: Label,
  { data, width, channels }: { data: Uint8Array; width: number; channels: 3 | 4 },
): void {
  for (const [i, alpha] of label.alpha.entries()) {
    const [row, column] = [Math.floor(i / label.width), i % label.width];
    const at = ((label.y + row) * width + label.x + column) * channels;
    for (let c = 0; c < 3; c++) data[at + c] = mixed(data[at + c]!, 255 * label.level[i]!, alpha);
    if (channels === 4) data[at + 3] = mixed(data[at + 3]!, 255, alpha);
  }
}

function mixed(value: number, over: number, alpha: number): number {
  return Math.round(value + (over - value) * alpha);
}

function even(value: number): number {
  return value - (value % 2);
}

/** Which part of a pixel is inside of something. */
function covered({ x, y }: { x: number; y: number }, isInside: (x: number, y: number) => boolean): number {
  let inside = 0;
  for (let i = 0; i < FINE * FINE; i++) {
    if (isInside(x + ((i % FINE) + 0.5) / FINE, y + (Math.floor(i / FINE) + 0.5) / FINE)) inside++;
  }
  return inside / (FINE * FINE);
}

function inPlate(x: number, y: number, width: number, height: number): boolean {
  const radius = CORNER * height;
  const dx = Math.max(0, radius - x, x - (width - radius));
  const dy = Math.max(0, radius - y, y - (height - radius));
  return Math.hypot(dx, dy) <= radius;
}

function inLetters(x: number, y: number): boolean {
  let crossings = 0;
  for (const points of [...A, ...I]) {
    for (let i = 0; i < points.length; i += 2) {
      const next = (i + 2) % points.length;
      const [x1, y1, x2, y2] = [points[i]!, points[i + 1]!, points[next]!, points[next + 1]!];
      if (y1 > y !== y2 > y && x < x1 + ((y - y1) * (x2 - x1)) / (y2 - y1)) crossings++;
    }
  }
  return crossings % 2 === 1;
}
