/** Whether an edit flickers: a portrait drifts by parts of a pixel under noise, and each frame is edited on the face as that frame shows it. */
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { faceAt } from "@smileloop/engine/face/face.ts";
import type { Parameter } from "@smileloop/engine/faces/edit/movements.ts";
import type { RgbFrame, SceneFace } from "@smileloop/engine/faces/processor.ts";
import { edited } from "./edit.ts";
import type { FaceFigure } from "./figures.ts";
import type { Still } from "./stills.ts";

const FRAMES = 10;
/** Pixels a frame. */
const DRIFT = { x: 0.63, y: 0.31 };
/** Standard deviation of a pixel's noise, levels, about. */
const NOISE = 1.5;
const EDITS: Partial<Record<Parameter, number>>[] = [
  { mouth_smile: 1 },
  { eye_open_ratio: -1 },
  { lip_open_ratio: 1 },
  { head_yaw: 1 },
];

/** Of each edit, by that of the frames as they came. */
export async function flickerFigures({ frame, face }: Still): Promise<FaceFigure[]> {
  const frames = Array.from({ length: FRAMES }, (_, t) => drifted(frame, t));
  const faces: SceneFace[] = [];
  for (const each of frames) {
    const region = { x: 0, y: 0, width: each.width, height: each.height };
    const picture = { ...each, fullWidth: each.width, fullHeight: each.height, region, orientation: 1 };
    faces.push({ ...(await faceAt(picture, face.crop, face.score)), track: 0, clear: true });
  }
  const own = flickerOf(frames, faces[0]!);
  const figures: FaceFigure[] = [];
  for (const edit of EDITS) {
    const results: RgbFrame[] = [];
    for (const [t, each] of frames.entries())
      results.push((await edited({ frame: each, face: faces[t]! }, edit)).frame);
    const name = `flicker of ${Object.keys(edit)[0]} ${Object.values(edit)[0]}, by that of the frames`;
    figures.push({ name, value: flickerOf(results, faces[0]!) / own, unit: "×", to: 1.15 });
  }
  return figures;
}

/** The frame moved to the left and up, bilinear, smaller by what leaves it. */
function drifted({ width, height, data }: RgbFrame, t: number): RgbFrame {
  const random = randomFrom(t + 1);
  const [columns, rows] = [width - 2 * Math.ceil(DRIFT.x * FRAMES), height - 2 * Math.ceil(DRIFT.y * FRAMES)];
  const [x0, y0] = [Math.floor(DRIFT.x * t), Math.floor(DRIFT.y * t)];
  const [fx, fy] = [DRIFT.x * t - x0, DRIFT.y * t - y0];
  const out = new Uint8ClampedArray(columns * rows * 3);
  for (let i = 0; i < columns * rows; i++) {
    const at = ((Math.floor(i / columns) + y0) * width + (i % columns) + x0) * 3;
    const noise = (random() + random() + random() - 1.5) * 2 * NOISE;
    for (let c = 0; c < 3; c++) {
      const top = data[at + c]! * (1 - fx) + data[at + 3 + c]! * fx;
      const bottom = data[at + 3 * width + c]! * (1 - fx) + data[at + 3 * width + 3 + c]! * fx;
      out[3 * i + c] = top * (1 - fy) + bottom * fy + noise;
    }
  }
  return { width: columns, height: rows, data: new Uint8Array(out.buffer) };
}

/** Mean second difference over time of the brightness of patches that drift along, levels. */
function flickerOf(frames: RgbFrame[], { box, eyeDistance }: SceneFace): number {
  const reach = Math.max(2, Math.round(eyeDistance / 12));
  let [sum, count] = [0, 0];
  for (let row = 0; row < 14; row++) {
    for (let column = 0; column < 12; column++) {
      const means = frames.map((frame, t) => {
        const x = box.x + ((column + 0.5) * box.width) / 12 - DRIFT.x * t;
        const y = box.y + ((row + 0.5) * box.height) / 14 - DRIFT.y * t;
        return patchMean(frame, Math.round(x), Math.round(y), reach);
      });
      for (let t = 1; t < means.length - 1; t++, count++)
        sum += Math.abs(means[t + 1]! - 2 * means[t]! + means[t - 1]!);
    }
  }
  return sum / count;
}

function patchMean({ width, height, data }: RgbFrame, x: number, y: number, reach: number): number {
  let [sum, count] = [0, 0];
  for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row++) {
    for (let column = Math.max(0, x - reach); column <= Math.min(width - 1, x + reach); column++, count++) {
      sum += data[(row * width + column) * 3 + 1]!;
    }
  }
  return sum / Math.max(1, count);
}
