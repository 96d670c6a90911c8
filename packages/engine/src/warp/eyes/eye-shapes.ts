/** Shapes (channels.ts) of brows and of the skin around the eyes. */
import { createCurve } from "../head/curve.ts";
import { bell, bump, smooth } from "../head/falloff.ts";
import { type Head, MESH, type Side } from "../head/head.ts";
import { ofSide, type Shape, type Shapes } from "../head/shape.ts";

/** In E: how far brows go up and down, what of the skin around them moves as they do, and how far up the forehead follows. */
const RAISED = 0.062;
const LOWERED = 0.045;
const MARGIN = 0.012;
const FOREHEAD = 0.22;

export function eyeShapes(head: Head): Shapes {
  const right = browShapes(head, "right");
  const left = browShapes(head, "left");
  return {
    ...right.shapes,
    ...left.shapes,
    ...lidShapes(head, "right"),
    ...lidShapes(head, "left"),
    // There is one channel for both inner ends.
    browInnerUp: (x, y) => (x < 0 ? right : left).innerUp(x, y),
  };
}

function lidShapes(head: Head, side: Side): Shapes {
  const lower = head.local(MESH.lowerLid[side]);
  const upper = head.local(MESH.upperLid[side]);
  const lifted = (x: number, y: number): number => bump(x, y, upper, 0.16, 0.06);
  const shapes: Record<string, Shape> = {
    eyeSquint: (x, y) => [0, -0.026 * bump(x, y, lower, 0.17, 0.075), 0],
    eyeWide: (x, y) => [0, -0.024 * lifted(x, y) - 0.01 * bump(x, y, { x: upper.x, y: upper.y - 0.15 }, 0.25, 0.14), 0],
    // The upper lid goes with the eye.
    eyeLookUp: (x, y) => [0, -0.014 * lifted(x, y), 0],
  };
  return ofSide(shapes, side);
}

/** A brow moves as one, hair and all; the forehead above and the lid below give way. */
function browShapes(head: Head, side: Side): { shapes: Shapes; innerUp: Shape } {
  const s = side === "left" ? 1 : -1;
  const inner = head.local(MESH.browInner[side]);
  const outer = head.local(MESH.browOuter[side]);
  const lid = head.local(MESH.upperLid[side]);
  const width = Math.max(0.05, Math.abs(outer.x - inner.x));
  /** 0 at the inner end, 1 at the outer one. */
  const along = (x: number): number => (s * (x - inner.x)) / width;
  const line = (indices: readonly number[]) => {
    const points = indices.map((i) => head.local(i));
    return createCurve(
      points.map((p) => ({ t: 2 * along(p.x) - 1, v: p.y })),
      3,
    );
  };
  const top = line([MESH.browInner[side], MESH.browMiddle[side], MESH.browOuter[side]]);
  const under = line(MESH.browUnder[side]);
  const lidBelow = (t: number): number => Math.max(0.035, lid.y - under(t) - MARGIN);
  /** How much a place above, on or below the brow goes with it. */
  const follows = (x: number, y: number): number => {
    const t = 2 * along(x) - 1;
    const above = top(t) - MARGIN - y;
    if (above > 0) return bell(above, FOREHEAD);
    return 1 - smooth((y - under(t) - MARGIN) / lidBelow(t));
  };
  const outside = (x: number): number => bell(Math.max(0, along(x) - 1) * width, 0.1);
  const innerEnd = (x: number): number => (1 - smooth((along(x) - 0.1) / 0.8)) * (1 - 0.25 * smooth(-along(x) / 0.4));
  const outerEnd = (x: number): number => smooth((along(x) - 0.1) / 0.8) * outside(x);
  // Skin between brow and lid cannot be folded away.
  const lowered = Math.min(LOWERED, 0.5 * lidBelow(0));
  const shapes: Record<string, Shape> = {
    browDown: (x, y) => {
      const down =
        (1 - 0.75 * smooth((along(x) - 0.2) / 0.8)) * outside(x) * (along(x) < 0 ? bell(along(x) * width, 0.14) : 1);
      const moved = down * follows(x, y);
      return [-s * 0.014 * moved, lowered * moved, 0];
    },
    browOuterUp: (x, y) => [0, -RAISED * outerEnd(x) * follows(x, y), 0],
  };
  return { shapes: ofSide(shapes, side), innerUp: (x, y) => [0, -RAISED * innerEnd(x) * follows(x, y), 0] };
}
