/** How well borrowed mouths fit into their frames, before the video is encoded: seams, what is changed beside them, and whether skin trembles. */
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Sync } from "@smileloop/core/speech/sync.ts";
import type { Followed } from "@smileloop/engine/lip/follow.ts";
import { lentMouths, withMouth } from "@smileloop/engine/lip/lend.ts";
import type { Look } from "@smileloop/engine/lip/look.ts";
import { inFrame, onFace, type Place, unitOf } from "@smileloop/engine/lip/place.ts";
import { type LipPlan, planLips } from "@smileloop/engine/lip/plan.ts";
import { filmFrames } from "@smileloop/engine/media/film-reader.ts";
import type { Figure } from "./measure.ts";

/** Beyond it nothing may be changed, E from the middle of the mouth: an egg, as deep as the chin and this. */
const EGG = { side: 0.51, up: 0.22, below: 0.42 };
/** Skin beside the mouth that speech moves least, E from the middle of the mouth, and half the side of what is looked at. */
const SKIN = [
  { x: -0.36, y: -0.06 },
  { x: 0.36, y: -0.06 },
];
const PATCH = 0.09;
/** A mouth whose gap and width are asked to change by less is held, E. */
const HELD = 0.004;
const signal = new AbortController().signal;

/** `followed`: of `video`, as `followFace` gives it. */
export async function pictureFigures(
  video: string,
  followed: Followed,
  motion: MotionFrames,
  sync: Sync,
): Promise<Figure[]> {
  const plan = planLips(followed, motion, { sync });
  const mouths = await lentMouths(video, { followed, plan, motion }, { signal, progress() {} });
  const scene = { followed, plan, motion, mouths };
  const { width, stamps, looks } = followed;
  const [film, before] = [filmFrames(video, stamps, signal), filmFrames(video, stamps, signal)];
  const [seams, trembles]: number[][] = [[], []];
  let outside = 0;
  let was: number[] | null = null;
  for (const [n, frame] of plan.frames.entries()) {
    const { yuv, seam } = await withMouth(film, [n, frame], scene);
    const own = await before.at(frame.shown);
    const [place, look] = [plan.places[frame.shown], looks[frame.shown]];
    if (seam === null || !place || !look) {
      was = null;
      continue;
    }
    seams!.push(seam);
    outside += changedOutside(own, yuv, followed, place, { ...plan.mouth, chin: look.chin });
    const now = SKIN.flatMap((at) =>
      shiftOf(own, yuv, width, inFrame(place, { x: plan.mouth.x + at.x, y: plan.mouth.y + at.y }), place),
    );
    if (was && held(plan, n)) trembles!.push(...now.map((shift, i) => (shift - was![i]!) ** 2));
    was = now;
  }
  await film.close();
  await before.close();
  return [
    { name: "  seam, mean", unit: "levels", value: mean(seams!), target: 2 },
    { name: "  changed beside the mask", unit: "px", value: outside, target: 0 },
    { name: "  tremble while held, rms", unit: "px", value: Math.sqrt(mean(trembles!)), target: 0.3 },
  ];
}

/** Whether the mouth is asked to stay as it is, so that the skin beside it does. */
function held({ asked }: LipPlan, n: number): boolean {
  const [before, now] = [asked[n - 1]!, asked[n]!];
  return Math.abs(now.gap - before.gap) < HELD && Math.abs(now.width - before.width) < HELD;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function changedOutside(
  own: Uint8Array,
  made: Uint8Array,
  { width, height }: Followed,
  place: Place,
  mouth: { x: number; y: number; chin: Look["chin"] },
): number {
  const down = Math.max(0.63, mouth.chin - mouth.y + EGG.below);
  let changed = 0;
  for (let at = 0; at < width * height; at++) {
    if (own[at] === made[at]) continue;
    const { x, y } = onFace(place, { x: at % width, y: Math.floor(at / width) });
    const [u, v] = [x - mouth.x, y - mouth.y];
    if (Math.hypot(u / EGG.side, (v < 0 ? v / EGG.up : v / down) ** 2) > 1) changed++;
  }
  return changed;
}

/** How far a part of a frame is shifted in another one: pixels across and down, by the least squares (Lucas & Kanade 1981). */
function shiftOf(
  own: Uint8Array,
  made: Uint8Array,
  width: number,
  { x, y }: { x: number; y: number },
  place: Place,
): [number, number] {
  const reach = Math.round(PATCH * unitOf(place));
  let [xx, xy, yy, xd, yd] = [0, 0, 0, 0, 0];
  // a difference of light is no shift
  let [light, count] = [0, 0];
  const each = (visit: (at: number) => void) => {
    for (let row = Math.round(y) - reach; row <= Math.round(y) + reach; row++) {
      for (let column = Math.round(x) - reach; column <= Math.round(x) + reach; column++) visit(row * width + column);
    }
  };
  each((at) => {
    light += made[at]! - own[at]!;
    count++;
  });
  each((at) => {
    const dx = (own[at + 1]! - own[at - 1]!) / 2;
    const dy = (own[at + width]! - own[at - width]!) / 2;
    const difference = made[at]! - own[at]! - light / count;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
    xd -= dx * difference;
    yd -= dy * difference;
  });
  const det = xx * yy - xy * xy;
  return det > 1e-6 ? [(yy * xd - xy * yd) / det, (xx * yd - xy * xd) / det] : [0, 0];
}
