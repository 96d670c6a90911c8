/** Proposes faces: the detector (BlazeFace, Bazarevsky et al. 2019, arXiv:1907.05047) run over views of a picture. */
import type { Picture } from "../media/picture.ts";
import { DETECTOR_SIZE, type DetectorOutput, type Models } from "./models.ts";
import { cropTensor, fromCrop, SIGNED } from "./sample.ts";
import type { FaceCrop } from "./types.ts";

/** A face that the detector proposes, and the crop in which the mesh model is to look at it. */
export type Candidate = { score: number; crop: FaceCrop };

/** The mesh model wants the detector's box with this much room around it. */
const ROOM = 1.5;
/** Boxes that overlap more than this share (intersection over union) are one face. */
const SAME_FACE = 0.3;

/** Faces in one view of the picture, best first, each once. */
export function detectIn(models: Models, picture: Picture, view: FaceCrop, minScore: number): Candidate[] {
  const output = models.detect(cropTensor(picture, view, DETECTOR_SIZE, SIGNED));
  return merge(decode(output, minScore)).map((box) => toCandidate(box, view));
}

/** Centre, size and six key points of a box, in pixels of the detector's input. */
type Box = { score: number; values: Float32Array };

function decode({ scores, boxes }: DetectorOutput, minScore: number): Box[] {
  const found: Box[] = [];
  const logit = Math.log(minScore / (1 - minScore));
  for (let i = 0; i < scores.length; i++) {
    if (!(scores[i]! >= logit)) continue;
    const [anchorX, anchorY] = anchor(i);
    const values = boxes.slice(i * 16, (i + 1) * 16);
    // Everything but the size is relative to the anchor.
    for (let k = 0; k < 16; k += 2) {
      if (k === 2) continue;
      values[k]! += anchorX;
      values[k + 1]! += anchorY;
    }
    found.push({ score: 1 / (1 + Math.exp(-scores[i]!)), values });
  }
  return found.sort((a, b) => b.score - a.score);
}

/** Centre of an anchor's cell: 16×16 cells with 2 anchors each, then 8×8 with 6. */
function anchor(i: number): [number, number] {
  const [cells, cell] = i < 512 ? [16, i >> 1] : [8, Math.floor((i - 512) / 6)];
  const stride = DETECTOR_SIZE / cells;
  return [((cell % cells) + 0.5) * stride, (Math.floor(cell / cells) + 0.5) * stride];
}

/** Boxes of one face are averaged by their scores, which is steadier than taking the best one. */
function merge(boxes: Box[]): Box[] {
  const merged: Box[] = [];
  let rest = boxes;
  while (rest.length > 0) {
    const best = rest[0]!;
    const same = rest.filter((box) => box === best || overlap(best.values, box.values) > SAME_FACE);
    const values = new Float32Array(16);
    const total = same.reduce((sum, box) => sum + box.score, 0);
    for (const box of same) for (let k = 0; k < 16; k++) values[k]! += (box.values[k]! * box.score) / total;
    merged.push({ score: best.score, values });
    rest = rest.filter((box) => !same.includes(box));
  }
  return merged;
}

function overlap(a: Float32Array, b: Float32Array): number {
  const across = Math.min(a[0]! + a[2]! / 2, b[0]! + b[2]! / 2) - Math.max(a[0]! - a[2]! / 2, b[0]! - b[2]! / 2);
  const down = Math.min(a[1]! + a[3]! / 2, b[1]! + b[3]! / 2) - Math.max(a[1]! - a[3]! / 2, b[1]! - b[3]! / 2);
  if (across <= 0 || down <= 0) return 0;
  return (across * down) / (a[2]! * a[3]! + b[2]! * b[3]! - across * down);
}

function toCandidate({ score, values }: Box, view: FaceCrop): Candidate {
  const [x, y] = fromCrop(view, values[0]! / DETECTOR_SIZE, values[1]! / DETECTOR_SIZE);
  const size = (Math.max(values[2]!, values[3]!) / DETECTOR_SIZE) * view.size;
  // Key points 0 and 1 are the person's right and left eye.
  const turn = Math.atan2(values[7]! - values[5]!, values[6]! - values[4]!);
  return { score, crop: { x, y, size: size * ROOM, angle: view.angle + turn } };
}
