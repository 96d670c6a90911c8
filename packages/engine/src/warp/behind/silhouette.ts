/** The outline of a head with its hair or hat, as far as the matte shows it, seen from the middle of the face. */
import { smooth } from "../head/falloff.ts";
import { type Head, MESH } from "../head/head.ts";
import type { Matte } from "./matte.ts";

/** In face ovals from its centre. How far hair and hats reach where the matte does not say it: above the face, and beside it. */
const CROWN = 1.5;
const HAIR = 1.3;
/** Hair, hats and turbans reach out no farther than this; what the matte has beyond belongs to somebody else. */
const MOST = 2.1;
/** Towards the shoulders the outline is not the head's. */
const NECK = 1.15;
const DIRECTIONS = 96;

/** In face ovals (`head.reach`), for a direction from the centre of the face, radians from the picture's right, clockwise. */
export type Silhouette = (angle: number) => number;

export function silhouetteOf(head: Head, matte: Matte): Silhouette {
  const found = Array.from({ length: DIRECTIONS }, (_, i) => {
    const angle = (i / DIRECTIONS) * 2 * Math.PI;
    return between(expected(angle), outermost(head, matte, angle), upwards(angle));
  });
  // A stray lock or a gap in the matte must not bend the head.
  const even = found.map((_, i) => {
    const near = [-3, -2, -1, 0, 1, 2, 3].map((d) => found[(i + d + DIRECTIONS) % DIRECTIONS]!).sort((a, b) => a - b);
    return (near[2]! + near[3]! + near[4]!) / 3;
  });
  return (angle) => {
    const turn = (angle / (2 * Math.PI) + 1) * DIRECTIONS;
    const before = Math.floor(turn);
    const a = even[before % DIRECTIONS]!;
    return a + (even[(before + 1) % DIRECTIONS]! - a) * (turn - before);
  };
}

/** 1 above the middle of the face and beside it, 0 from half way down on. */
function upwards(angle: number): number {
  return 1 - smooth((Math.sin(angle) - 0.1) / 0.5);
}

function expected(angle: number): number {
  const down = Math.sin(angle);
  if (down < 0) return CROWN - (CROWN - HAIR) * Math.abs(Math.cos(angle));
  return HAIR - (HAIR - NECK) * down;
}

/** Where a ray from the face leaves the person for the first time. */
function outermost(head: Head, { width, height, alpha }: Matte, angle: number): number {
  const dx = Math.cos(angle);
  const dy = Math.sin(angle);
  const edge = 1 / head.reach(head.centre.x + dx, head.centre.y + dy);
  for (let reach = 0.9; reach < MOST; reach += 0.02) {
    const x = Math.round(head.centre.x + dx * edge * reach);
    const y = Math.round(head.centre.y + dy * edge * reach);
    if (x < 0 || y < 0 || x >= width || y >= height || alpha[y * width + x]! < 128) return Math.max(1, reach);
  }
  return MOST;
}

/** How far in front of the outline the face's own outline lies in a direction, pixels: hair bulges from there to the silhouette. */
export function ovalDepth(head: Head, back: number): (angle: number) => number {
  const points = MESH.oval
    .map((i) => {
      const p = head.point(i);
      return { angle: Math.atan2(p.y - head.centre.y, p.x - head.centre.x), depth: Math.max(0, back - p.z) };
    })
    .sort((a, b) => a.angle - b.angle);
  const ring = [
    { ...points.at(-1)!, angle: points.at(-1)!.angle - 2 * Math.PI },
    ...points,
    { ...points[0]!, angle: points[0]!.angle + 2 * Math.PI },
  ];
  return (angle) => {
    const after = Math.max(
      1,
      ring.findIndex((p) => p.angle > angle),
    );
    const [a, b] = [ring[after - 1]!, ring[after]!];
    return a.depth + ((b.depth - a.depth) * (angle - a.angle)) / Math.max(1e-6, b.angle - a.angle);
  };
}

function between(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}
