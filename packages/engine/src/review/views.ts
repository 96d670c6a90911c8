/** A picture as the classifier takes it: the whole squeezed into a square, as the model was trained, and parts of it that are not squeezed. */
import sharp from "sharp";
import { GROUND, type Picture } from "../media/picture.ts";
import { CLASSIFIER_SIDE } from "./classifier.ts";

type Pixels = Pick<Picture, "width" | "height" | "data">;
/** Shares of the picture's sides. */
type Part = { left: number; top: number; width: number; height: number };

const WHOLE: Part = { left: 0, top: 0, width: 1, height: 1 };
/** All of it, its middle, and what is below the upper third, where bodies are in portraits. */
const PARTS: readonly Part[] = [
  WHOLE,
  { left: 0.2, top: 0.2, width: 0.6, height: 0.6 },
  { left: 0, top: 1 / 3, width: 1, height: 2 / 3 },
];

export function wholeView(picture: Pixels): Promise<Float32Array> {
  return view(picture, WHOLE, "fill");
}

export function partViews(picture: Pixels): Promise<Float32Array>[] {
  return PARTS.map((part) => view(picture, part, "contain"));
}

async function view({ width, height, data }: Pixels, part: Part, fit: "fill" | "contain"): Promise<Float32Array> {
  const left = Math.min(width - 1, Math.round(part.left * width));
  const top = Math.min(height - 1, Math.round(part.top * height));
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .extract({
      ...{ left, top },
      width: Math.min(width - left, Math.max(1, Math.round(part.width * width))),
      height: Math.min(height - top, Math.max(1, Math.round(part.height * height))),
    })
    .resize(CLASSIFIER_SIDE, CLASSIFIER_SIDE, { fit, background: GROUND })
    .raw()
    .toBuffer();
  return Float32Array.from(bytes, (value) => value / 255);
}
