/** Where the irises of a swapped face look: where the target's do. */
import type { Face } from "../../face/types.ts";
import { smooth } from "../../warp/head/falloff.ts";
import { eyeOpening, eyeState, irisOf } from "./features.ts";
import { SIDES } from "./mesh.ts";
import type { Shape } from "./shape.ts";
import type { Source, Texture } from "./source.ts";

/** Iris radii: within the first the map follows the iris, beyond the second the mesh. */
const IRIS: [number, number] = [0.95, 1.9];
/** The way between is longer for an iris that is moved far: by so many times its move, or the map would fold and show parts of it twice. */
const LONGER = 1.6;

type Irises = { target: Face; shape: Shape; source: Source; texture: Texture };

/**
 * Changes maps so that the source's irises are where the target's are, as large as its own would be there, and round. `unit`: of the maps, in
 * pixels of the texture. `mirrored`: of maps to the other half of the source's face, whose eye looks at the other side.
 */
export function irisAligner(
  { target, shape, source, texture }: Irises,
  { unit, mirrored }: { unit: number; mirrored: boolean },
) {
  const growth = source.head.unit / shape.head.unit;
  const flip = mirrored ? -1 : 1;
  const turn = ((target.roll - flip * source.face.roll) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn) * growth, Math.sin(turn) * growth];
  const eyes = SIDES.map((side, nth) => {
    const other = mirrored ? SIDES[1 - nth]! : side;
    const from = irisOf(source.face, other);
    const radius = from.radius / growth;
    const opening = eyeOpening(shape.points, side, shape.head.unit);
    const turned = eyeState(target, side).gaze - flip * eyeState(source.face, other).gaze;
    const moved = (Math.abs(turned) * opening.frame.halfWidth) / radius;
    return { at: shape.iris[side], from, radius, outer: Math.max(IRIS[1], IRIS[0] + LONGER * moved), opening };
  });
  const toMap = (value: number, start: number): number => ((value - start) * texture.scale - 0.5) * unit;
  return (mapX: Int32Array, mapY: Int32Array, width: number, row: number, first: number, last: number): void => {
    const y = row + 0.5;
    for (const { at, from, radius, outer, opening } of eyes) {
      const reach = outer * radius;
      if (Math.abs(y - at.y) > reach) continue;
      const start = Math.max(first, Math.floor(at.x - reach));
      for (let column = start; column <= Math.min(last, Math.ceil(at.x + reach)); column++) {
        const x = column + 0.5;
        const away = Math.hypot(x - at.x, y - at.y) / radius;
        if (away >= outer) continue;
        const near = 1 - smooth((away - IRIS[0]) / (outer - IRIS[0]));
        const share = near * smooth(opening.inside(x, y) / (0.35 * radius) + 0.3);
        if (share === 0) continue;
        const [dx, dy] = [x - at.x, y - at.y];
        const i = row * width + column;
        // roll is counter-clockwise, and rows run downwards
        mapX[i]! += share * (toMap(from.x + flip * (cos * dx - sin * dy), texture.left) - mapX[i]!);
        mapY[i]! += share * (toMap(from.y + sin * dx + cos * dy, texture.top) - mapY[i]!);
      }
    }
  };
}
