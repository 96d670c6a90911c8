/** Whether there is hair over the lip, by how much darker it is there than on the cheeks. Pure. */
import type { Face } from "../../face/types.ts";
import type { RgbFrame } from "../processor.ts";

/** Points of the mesh of each half: beside the groove over the lip, and of the cheek. */
const HALVES = [
  { lip: [165, 167], cheek: [205, 50] },
  { lip: [391, 393], cheek: [425, 280] },
];
/** Half a side of the patch that is looked at around a point, E; and levels that are added, so that the dark does not count too much. */
const PATCH = 0.03;
const FLOOR = 8;

/** Natural logarithm of lip by cheek, of the half that is darker less: a nose's shadow falls on one half alone. Shaven lips of 18 portraits had −0.15 and more, a moustache −0.53. */
export function overLip(frame: RgbFrame, face: Pick<Face, "points" | "eyeDistance">): number {
  return Math.max(...HALVES.map(({ lip, cheek }) => lightAt(frame, face, lip) - lightAt(frame, face, cheek)));
}

function lightAt(
  { width, height, data }: RgbFrame,
  { points, eyeDistance }: Parameters<typeof overLip>[1],
  of: number[],
) {
  const reach = Math.max(1, Math.round(PATCH * eyeDistance));
  let sum = 0;
  for (const point of of) {
    let [light, count] = [0, 0];
    const [x, y] = [Math.round(points[point * 3]!), Math.round(points[point * 3 + 1]!)];
    for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row++) {
      for (let column = Math.max(0, x - reach); column <= Math.min(width - 1, x + reach); column++) {
        const at = (row * width + column) * 3;
        light += 0.2126 * data[at]! + 0.7152 * data[at + 1]! + 0.0722 * data[at + 2]!;
        count++;
      }
    }
    sum += Math.log(light / Math.max(1, count) + FLOOR) / of.length;
  }
  return sum;
}
