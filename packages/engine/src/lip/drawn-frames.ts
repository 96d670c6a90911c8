/** On which frames of a video a mouth is drawn, where it shows too little to be borrowed, and which of them each frame takes. Pure. */
import { type Look, printDistance } from "./look.ts";
import type { Borrowed } from "./patch.ts";
import { inFrame, unitOf } from "./place.ts";

/** Frames that are drawn on at most: each is a rig in memory. */
const MOST_FRAMES = 5;
/** Differences at which another frame is wanted to draw on: degrees, E, levels of brightness. */
const APART = { yaw: 9, pitch: 9, width: 0.09, print: 14 };
/** What makes a frame a poor one to draw on costs 1: lips that are parted (E), a head that moves (E a frame), turns (degrees). */
const POOR = { gap: 0.01, speed: 0.012, turned: 18 };
/** Frames to both sides of those in which the mouth is covered, or the face not seen: what comes and goes there may be before it already. */
const COMING = 12;
/** What such a frame costs: more than others that show the same. */
const BESIDE_COVERED = 10;
/** Frames to both sides over which one drawn mouth goes over into that of another frame. */
const OVER = 3;

/**
 * Their numbers, ascending: still and shut ones, for each way the head is held, in each light, and not beside frames in which the mouth is
 * covered. `looks`: null where it is.
 */
export function drawnFramesOf(looks: readonly (Look | null)[], usable: (look: Look) => boolean): number[] {
  const good = looks.flatMap((look, n) => (look && usable(look) ? [n] : []));
  const least = Math.min(...good.map((n) => looks[n]!.gap));
  const cost = (n: number): number => {
    const { gap, yaw, pitch } = looks[n]!;
    const poor = (gap - least) / POOR.gap + speedAt(looks, n) / POOR.speed + Math.hypot(yaw, pitch) / POOR.turned;
    return poor + (besideCovered(looks, n) ? BESIDE_COVERED : 0);
  };
  const cheapest = (among: number[]) => among.reduce((best, n) => (cost(n) < cost(best) ? n : best));
  const chosen = good.length > 0 ? [cheapest(good)] : [];
  while (chosen.length < MOST_FRAMES && chosen.length > 0) {
    const away = (n: number) => Math.min(...chosen.map((base) => distance(looks[n]!, looks[base]!)));
    const farthest = good.reduce((best, n) => (away(n) > away(best) ? n : best));
    if (away(farthest) < 1) break;
    chosen.push(cheapest(good.filter((n) => distance(looks[n]!, looks[farthest]!) < 0.5)));
  }
  return chosen.sort((a, b) => a - b);
}

function besideCovered(looks: readonly (Look | null)[], n: number): boolean {
  return looks.slice(Math.max(0, n - COMING), n + COMING + 1).includes(null);
}

/** Mean movement of the mouth from the frame before and to the one after, E. */
function speedAt(looks: readonly (Look | null)[], n: number): number {
  const here = looks[n]!;
  const at = inFrame(here.place, here.mouth);
  const ways = [looks[n - 1], looks[n + 1]].flatMap((other) => {
    if (!other) return [];
    const there = inFrame(other.place, other.mouth);
    return [Math.hypot(there.x - at.x, there.y - at.y) / unitOf(here.place)];
  });
  return ways.reduce((sum, way) => sum + way, 0) / Math.max(1, ways.length);
}

function distance(a: Look, b: Look): number {
  return Math.hypot(
    (a.yaw - b.yaw) / APART.yaw,
    (a.pitch - b.pitch) / APART.pitch,
    (a.width - b.width) / APART.width,
    Math.max(0, printDistance(a.print, b.print) - 3) / APART.print,
  );
}

/** Mouths drawn on different frames say the same: they are shown in one another for some frames. */
export function drawnBy(n: number, way: readonly (number | null)[]): Borrowed[] {
  const near = way.slice(Math.max(0, n - OVER), n + OVER + 1).filter((source) => source !== null);
  return [...new Set(near)].map((source) => ({
    ...{ source, drawn: true, more: 0, wider: 0 },
    share: near.filter((other) => other === source).length / near.length,
  }));
}
