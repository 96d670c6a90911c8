/** What turns of the head leave in the measures of the face, in spite of the fit, is taken out of a clip. */
import type { FaceMeasure, SideMeasure } from "./measure.ts";

const OF_SIDE = [
  ...(["cornerOut", "cornerUp", "cheekUp", "noseUp", "browInnerUp", "browOuterUp", "lipUp", "lipDown"] as const),
] satisfies (keyof SideMeasure)[];
const OF_FACE = ["gap", "chinDown"] as const satisfies (keyof FaceMeasure)[];

/**
 * How much a measure usually follows the head, E a degree, and what a measure's own movement comes to at the least, E. The more
 * a face itself moves and the less the head does, the less is taken for a leak.
 */
const USUAL_LEAK = 0.002;
const LEAST_OWN = 0.006;
/** Neighbouring frames say nearly the same: so many of them count as one. */
const ALIKE_FRAMES = 12;
const ROUNDS = 60;

/** A face looks narrower turned to either side: at this angle as much is expected of it as of the turn itself. Degrees. */
const EVEN = 10;

/** Ridge regression of every measure on yaw, pitch and roll, and on the squares of the first two. Changes `faces`. */
export function removeHeadLeak(faces: FaceMeasure[]): void {
  const turns = faces.map(({ head: { yaw, pitch, roll } }) => [yaw, pitch, roll, yaw ** 2 / EVEN, pitch ** 2 / EVEN]);
  for (const name of OF_FACE) {
    const leak = leakOf(
      faces.map((face) => face[name]),
      turns,
    );
    faces.forEach((face, i) => {
      face[name] -= leak[i]!;
    });
  }
  for (const side of ["left", "right"] as const) {
    for (const name of OF_SIDE) {
      const leak = leakOf(
        faces.map((face) => face[side][name]),
        turns,
      );
      faces.forEach((face, i) => {
        face[side][name] -= leak[i]!;
      });
    }
  }
}

/** The part of each value that follows the turns; 0 where there is none. */
function leakOf(values: number[], turns: number[][]): number[] {
  const kinds = (turns[0] ?? []).map((_, k) => k);
  const level = values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = kinds.map((k) => turns.reduce((sum, turn) => sum + turn[k]!, 0) / turns.length);
  const from = turns.map((turn) => turn.map((value, k) => value - middle[k]!));
  const own = Math.sqrt(values.reduce((sum, value) => sum + (value - level) ** 2, 0) / values.length);
  const ridge = ALIKE_FRAMES * (Math.max(LEAST_OWN, own) / USUAL_LEAK) ** 2;
  const gram = kinds.map((a) =>
    kinds.map((b) => from.reduce((sum, turn) => sum + turn[a]! * turn[b]!, a === b ? ridge : 0)),
  );
  const wanted = kinds.map((k) => from.reduce((sum, turn, i) => sum + turn[k]! * (values[i]! - level), 0));
  const slope = kinds.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    for (const k of kinds) {
      const others = kinds.reduce((sum, j) => sum + (j === k ? 0 : gram[k]![j]! * slope[j]!), 0);
      slope[k] = (wanted[k]! - others) / gram[k]![k]!;
    }
  }
  return turns.map((turn) => slope.reduce((sum, value, k) => sum + value * turn[k]!, 0));
}
