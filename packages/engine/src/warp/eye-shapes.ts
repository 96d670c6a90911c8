/** Shapes (channels.ts) of brows and of the skin around the eyes. */
import { bell, bump } from "./falloff.ts";
import { type Head, MESH, type Point, type Side } from "./head.ts";
import { ofSide, type Shape, type Shapes } from "./shape.ts";

export function eyeShapes(head: Head): Shapes {
  return { ...sideShapes(head, "left"), ...sideShapes(head, "right"), browInnerUp: browInnerUp(head) };
}

function sideShapes(head: Head, side: Side): Shapes {
  const s = side === "left" ? 1 : -1;
  const lower = head.local(MESH.lowerLid[side]);
  const upper = head.local(MESH.upperLid[side]);
  const inner = head.local(MESH.browInner[side]);
  const middle = head.local(MESH.browMiddle[side]);
  const outer = head.local(MESH.browOuter[side]);
  /** Brows glide over the bone: they carry the forehead far up, the lid below only a little. */
  const brow = (x: number, y: number, at: Point, width: number): number =>
    bell(x - at.x, width) * bell(y - at.y, y < at.y ? 0.24 : Math.max(0.08, (upper.y - middle.y) * 0.5));
  const shapes: Record<string, Shape> = {
    eyeSquint: (x, y) => [0, -0.026 * bump(x, y, lower, 0.17, 0.075), 0],
    eyeWide: (x, y) => [0, -0.024 * bump(x, y, upper, 0.16, 0.06) - 0.012 * brow(x, y, middle, 0.25), 0],
    browDown: (x, y) => {
      const down = brow(x, y, { x: (inner.x + middle.x) / 2, y: inner.y }, 0.17);
      return [-s * 0.016 * down, 0.045 * down, 0];
    },
    browOuterUp: (x, y) => [0, -0.07 * brow(x, y, { x: (middle.x + outer.x) / 2, y: middle.y }, 0.19), 0],
  };
  return ofSide(shapes, side);
}

/** Both inner ends together: there is one channel for the two. */
function browInnerUp(head: Head): Shape {
  const right = head.local(MESH.browInner.right);
  const left = head.local(MESH.browInner.left);
  return (x, y) => {
    const up = bell(x - right.x, 0.14) + bell(x - left.x, 0.14);
    const v = y - (right.y + left.y) / 2;
    return [0, -0.06 * Math.min(1, up) * bell(v, v < 0 ? 0.24 : 0.12), 0];
  };
}
