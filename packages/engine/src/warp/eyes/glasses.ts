/**
 * Glasses: whether a face wears them, where their rims are, and whether the lenses hide the eyes. Rims show as strong edges
 * across the bridge of the nose and below both eyes, where skin has none (after Jing & Mariani 2000, ICPR, and Jiang et al. 2000).
 */
import type { Face } from "../../face/face.ts";
import type { Planes } from "../../media/planes.ts";
import { smooth } from "../head/falloff.ts";
import { type Head, MESH, type Point, type Side } from "../head/head.ts";

export type Glasses = {
  /** How plainly there are glasses, 0–1. */
  score: number;
  /** How plainly a lens is so dark that the eye behind it cannot be seen, 0–1. */
  hidden: Record<Side, number>;
  /** How much of its own movement the skin has at a place: 0 where the glasses sit, which are stiff. */
  yields(x: number, y: number): number;
  /** Light that a lens reflects at a place, 0–1. */
  glint(x: number, y: number): number;
};

/** Edges by the light of the cheek: of skin at most the first, of rims at least the second. */
const EDGES: [number, number] = [0.4, 0.46];
/** Light of the brightest tenth around the pupil by that of the cheek: dark lenses have less than the first, eyes more than the second. */
const DARK_LENS: [number, number] = [0.28, 0.34];
/** A reflection is brighter than the cheek by this factor. */
const GLINT = 1.3;

type Luma = Pick<Planes, "width" | "height" | "y">;

/** Sizes in E. `face` in pixels of the still. */
export function findGlasses(head: Head, face: Face, still: Luma): Glasses {
  const plane = eyePlane(head, still);
  const light = Math.max(1, median(range(-0.3, 0.3, 0.03).map((x) => plane.luma(x, 0.3) - 16)));
  const bridge = range(-0.05, 0.05, 0.0125).map((x) => strongest(plane, x, -0.16, 0.2, 0.012).edge);
  const below = (["right", "left"] as const).flatMap((side) =>
    lidPlaces(face, side).map((p) => {
      const { x, y } = plane.from(p);
      const { edge, at } = strongest(plane, x, y + 0.12, y + 0.38, 0.01);
      return { edge, at };
    }),
  );
  const edges = Math.sqrt(median(bridge) * median(below.map(({ edge }) => edge))) / light;
  const score = smooth((edges - EDGES[0]) / (EDGES[1] - EDGES[0]));
  const dark = (side: Side): number => {
    const [x, y] = [face.iris[side][0]!, face.iris[side][1]!];
    const lumas = range(0.03, 0.12, 0.03).flatMap((r) =>
      range(0, 6.2, 0.2).map((turn) => {
        const p = plane.from({ x: x + r * head.unit * Math.cos(turn), y: y + r * head.unit * Math.sin(turn) });
        return plane.luma(p.x, p.y) - 16;
      }),
    );
    const brightest = lumas.toSorted((a, b) => a - b)[Math.floor(lumas.length * 0.9)]! / light;
    return score * (1 - smooth((brightest - DARK_LENS[0]) / (DARK_LENS[1] - DARK_LENS[0])));
  };
  const bottom = median(below.map(({ at }) => at)) + 0.05;
  return {
    score,
    hidden: { left: dark("left"), right: dark("right") },
    yields(px, py) {
      if (score === 0) return 1;
      const { x, y } = plane.from({ x: px, y: py });
      const above = smooth((-0.2 - y) / 0.12);
      const under = smooth((y - bottom) / 0.16);
      const beside = smooth((Math.abs(x) - 0.66) / 0.16);
      return 1 - score * (1 - Math.max(above, under, beside));
    },
    glint(px, py) {
      if (score < 0.5) return 0;
      const { x, y } = plane.from({ x: px, y: py });
      return score * smooth((plane.luma(x, y) - 16 - GLINT * light) / (0.2 * light));
    },
  };
}

/** Places in E from the middle between the inner corners of the eyes, along their line and down from it. */
type EyePlane = { luma(x: number, y: number): number; from(p: Point): Point };

function eyePlane(head: Head, { width, height, y: pixels }: Luma): EyePlane {
  const [right, left] = [head.point(MESH.eyeOuter.right), head.point(MESH.eyeOuter.left)];
  const [a, b] = [head.point(MESH.eyeInner.right), head.point(MESH.eyeInner.left)];
  const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  // A head that is turned has its eyes closer together, but not shorter.
  const across = { x: (left.x - right.x) / head.unit, y: (left.y - right.y) / head.unit };
  const shown = Math.hypot(across.x, across.y);
  const down = { x: -across.y / shown, y: across.x / shown };
  return {
    luma(x, y) {
      const px = middle.x + head.unit * (x * across.x + y * down.x);
      const py = middle.y + head.unit * (x * across.y + y * down.y);
      const column = Math.min(width - 1.001, Math.max(0, px));
      const row = Math.min(height - 1.001, Math.max(0, py));
      const at = Math.floor(row) * width + Math.floor(column);
      const fx = column % 1;
      const top = pixels[at]! + (pixels[at + 1]! - pixels[at]!) * fx;
      const next = at + width < pixels.length - 1 ? at + width : at;
      return top + (pixels[next]! + (pixels[next + 1]! - pixels[next]!) * fx - top) * (row % 1);
    },
    from(p) {
      const dx = (p.x - middle.x) / head.unit;
      const dy = (p.y - middle.y) / head.unit;
      return { x: (dx * across.x + dy * across.y) / (shown * shown), y: dx * down.x + dy * down.y };
    },
  };
}

function lidPlaces(face: Face, side: Side): Point[] {
  const { lower } = face.lids[side];
  return range(1, lower.length / 2 - 2, 1).map((i) => ({ x: lower[2 * i]!, y: lower[2 * i + 1]! }));
}

/** The strongest step of light on the way down. */
function strongest(plane: EyePlane, x: number, from: number, to: number, reach: number): { edge: number; at: number } {
  let found = { edge: 0, at: from };
  for (const at of range(from, to, 0.006)) {
    let step = 0;
    for (const dx of [-0.006, 0, 0.006]) step += (plane.luma(x + dx, at + reach) - plane.luma(x + dx, at - reach)) / 3;
    if (Math.abs(step) > found.edge) found = { edge: Math.abs(step), at };
  }
  return found;
}

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step + 1.001) }, (_, i) => from + i * step);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
