/** How a face has moved between two frames, read from what is seen of it in them, point by point (see `follow.ts`). */
import { poseOf } from "../face/pose.ts";
import type { FaceCrop } from "../face/types.ts";
import { follow, type Point, type Pyramid, pyramidOf, SIDE } from "./follow.ts";
import { type Head, headOf } from "./head-fit.ts";
import type { View } from "./likeness.ts";
import type { Moved } from "./measure.ts";
import { STABLE } from "./measure.ts";

/** Measures with the units and signs of `Moved`, and how much higher the inner and the outer ends of the brows are, in E. */
export type FollowedKind = Exclude<keyof Moved, "lips"> | "innerBrows" | "outerBrows";
/** Without what could not be followed. */
export type Followed = Partial<Record<FollowedKind, number>>;

/** Skin around the corners of the mouth: lips themselves look otherwise when they part. */
const CORNERS = { right: [61, 57, 186, 92], left: [291, 287, 410, 322] };
const CHIN = [152, 148, 377, 175, 199, 200];
const BROWS = { inner: [107, 336, 55, 285], outer: [70, 300, 63, 293, 46, 276] };
const EYE_OUTER = [33, 263] as const;
const POINTS = [...new Set([...STABLE, ...CORNERS.right, ...CORNERS.left, ...CHIN, ...BROWS.inner, ...BROWS.outer])];
/** Degrees from which on a nod is told too roughly: of the same one 0.64 to 0.9 was seen on three portraits. */
const MOST_TURNED = 20;
/** Of a group of points this part has to be found. */
const LEAST_FOUND = 0.5;

/** Starts from a neutral frame; the pictures of all later ones show the same part of the video. */
export function follower({ picture, crop, landmarks }: View): (now: View["picture"]) => Followed {
  const first = pyramidOf(picture, crop);
  const points = new Map(POINTS.map((i) => [i, placeOf(landmarks.points, i, crop)]));
  const [right, left] = EYE_OUTER.map((i) => points.get(i)!) as [Place, Place];
  const unit = Math.hypot(left.x - right.x, left.y - right.y);
  const turned = Math.abs(poseOf(landmarks.points).yaw);
  // a face that is turned already has more depth in its mesh than it shows when it turns further
  const facing = Math.cos((turned * Math.PI) / 180);
  return (now) => {
    const { yaw, pitch, ...rest } = measured(points, waysOf(first, pyramidOf(now, crop), points), unit, crop.angle);
    return {
      ...rest,
      ...(yaw !== undefined && { yaw: yaw / facing }),
      ...(pitch !== undefined && turned < MOST_TURNED && { pitch: pitch / facing }),
    };
  };
}

/** In pixels of the pyramid's first level; z away from the viewer, in the same unit. */
type Place = Point & { z: number };
type Places = Map<number, Place>;

function placeOf(points: Float32Array, i: number, { x, y, size, angle }: FaceCrop): Place {
  const [dx, dy] = [points[i * 3]! - x, points[i * 3 + 1]! - y];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const unit = SIDE / size;
  return {
    x: (cos * dx + sin * dy) * unit + SIDE / 2 - 0.5,
    y: (cos * dy - sin * dx) * unit + SIDE / 2 - 0.5,
    z: points[i * 3 + 2]! * unit,
  };
}

function waysOf(first: Pyramid, now: Pyramid, points: Places): Map<number, Point> {
  const found = new Map<number, Point>();
  for (const [i, point] of points) {
    const at = follow(first, now, point);
    if (at) found.set(i, at);
  }
  return found;
}

function measured(points: Places, found: Map<number, Point>, unit: number, angle: number): Followed {
  const stable = STABLE.filter((i) => found.has(i));
  if (stable.length < LEAST_FOUND * STABLE.length) return {};
  const head = headOf(stable.map((i) => [points.get(i)!, found.get(i)!]));
  const { x, y } = turned(head.shift, angle);
  const way = wayIn(points, found, head, unit);
  const [left, right] = [way(CORNERS.left), way(CORNERS.right)];
  const [inner, outer, chin] = [way(BROWS.inner), way(BROWS.outer), way(CHIN)];
  return {
    ...{ yaw: head.yaw, pitch: head.pitch, roll: head.roll, growth: head.growth, x: x / unit, y: y / unit },
    ...(left && right && { smile: left.x - right.x - (left.y + right.y) / 2, pucker: right.x - left.x }),
    ...(chin && { jaw: chin.y }),
    ...(inner && { innerBrows: -inner.y }),
    ...(outer && { outerBrows: -outer.y }),
  };
}

/** How far a group of points has gone beside its head, the median, in E. */
function wayIn(points: Places, found: Map<number, Point>, head: Head, unit: number) {
  return (group: number[]): Point | null => {
    const ways = group.flatMap((i) => {
      const at = found.get(i);
      return at ? [head.beside(points.get(i)!, at)] : [];
    });
    if (ways.length < LEAST_FOUND * group.length) return null;
    return { x: median(ways.map(({ x }) => x)) / unit, y: median(ways.map(({ y }) => y)) / unit };
  };
}

/** From the crop's axes to the picture's. */
function turned({ x, y }: Point, angle: number): Point {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return { x: cos * x - sin * y, y: sin * x + cos * y };
}

function median(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
