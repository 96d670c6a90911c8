/** How well borrowed mouths fit into their frames, before the video is encoded: seams, what is changed beside them, and whether skin trembles. */
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Sync } from "@smileloop/core/speech/sync.ts";
import type { Followed } from "@smileloop/engine/lip/follow.ts";
import { lentMouths, withMouth } from "@smileloop/engine/lip/lend.ts";
import type { Look } from "@smileloop/engine/lip/look.ts";
import { onFace, type Place, type Point } from "@smileloop/engine/lip/place.ts";
import { type LipPlan, planLips } from "@smileloop/engine/lip/plan.ts";
import { filmFrames } from "@smileloop/engine/media/film-reader.ts";
import type { Figure } from "./measure.ts";
import { movedBy, rms, type Spot } from "./skin.ts";

/** Beyond it nothing may be changed, E from the middle of the mouth: an egg, as deep as the chin and this. */
const EGG = { side: 0.51, up: 0.22, below: 0.42 };
/** Skin beside the mouth that speech moves least, E from the middle of the mouth. */
const SKIN = [
  { x: -0.36, y: -0.06 },
  { x: 0.36, y: -0.06 },
];
const SKIN_SIZE = { across: 0.18, down: 0.18 };
/** What skin is held against, E from between the eyes: the bridge of the nose, which no speech moves. */
const BRIDGE: Spot = { x: 0, y: 0.2, across: 0.24, down: 0.3 };
/** A mouth whose gap and width change by less is held, E. */
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
  const { stamps, looks } = followed;
  const [film, before] = [filmFrames(video, stamps, signal), filmFrames(video, stamps, signal)];
  const seams: number[] = [];
  // of places against the face, of the video's own skin, and of the result's: pixels from frame to frame
  const trembles = { place: [] as number[], own: [] as number[], made: [] as number[] };
  let outside = 0;
  let was: Shown | null = null;
  for (const [n, frame] of plan.frames.entries()) {
    const { yuv, seam } = await withMouth(film, [n, frame], scene);
    const own = new Uint8Array(await before.at(frame.shown));
    const [place, look] = [plan.places[frame.shown], looks[frame.shown]];
    const now: Shown | null = seam === null || !place || !look ? null : { own, made: yuv, place, look };
    if (now) {
      seams.push(seam!);
      outside += changedOutside(own, yuv, followed, now.place, { ...plan.mouth, chin: now.look.chin });
    }
    if (was && now) {
      const { head, own: skin, made } = movesOf(was, now, followed.width, plan.mouth);
      trembles.place.push(...head);
      if (alike(was.look, now.look)) trembles.own.push(...skin);
      if (held(plan, n) && lentAlike(plan, looks, n)) trembles.made.push(...made);
    }
    was = now;
  }
  await film.close();
  await before.close();
  return [
    { name: "  seam, mean", unit: "levels", value: mean(seams), target: 2 },
    { name: "  changed beside the mask", unit: "px", value: outside, target: 0 },
    { name: "  tremble beside a held mouth, rms", unit: "px", value: rms(trembles.made), target: 0.3 },
    { name: "  that of the video itself, rms", unit: "px", value: rms(trembles.own), target: null },
    { name: "  place on the face, from frame to frame, rms", unit: "px", value: rms(trembles.place), target: 0.3 },
  ];
}

type Shown = { own: Uint8Array; made: Uint8Array; place: Place; look: Look };

/** How far the head moves against its place, and the skin beside the mouth against the head, pixels. */
function movesOf(was: Shown, now: Shown, width: number, mouth: Point) {
  const moved = (which: "own" | "made", spot: Spot) =>
    movedBy([was[which], was.place], [now[which], now.place], width, spot);
  const head = moved("own", BRIDGE);
  const beside = (which: "own" | "made") =>
    SKIN.flatMap(({ x, y }) => {
      const skin = moved(which, { x: mouth.x + x, y: mouth.y + y, ...SKIN_SIZE });
      return [skin[0] - head[0], skin[1] - head[1]];
    });
  return { head, own: beside("own"), made: beside("made") };
}

function alike(a: Pick<Look, "gap" | "width">, b: Pick<Look, "gap" | "width">): boolean {
  return Math.abs(a.gap - b.gap) < HELD && Math.abs(a.width - b.width) < HELD;
}

/** Whether the mouth is asked to stay as it is. */
function held({ asked }: LipPlan, n: number): boolean {
  return alike(asked[n - 1]!, asked[n]!);
}

/** Whether what is lent stays as it is, so that the skin beside the mouth does. */
function lentAlike({ frames }: LipPlan, looks: Followed["looks"], n: number): boolean {
  const [before, now] = [frames[n - 1]!, frames[n]!];
  const most = ({ borrowed }: typeof now) => borrowed.reduce((best, each) => (each.share > best.share ? each : best));
  return before.strength === now.strength && alike(looks[most(before).source]!, looks[most(now).source]!);
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
