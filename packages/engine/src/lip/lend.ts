/** What frames of a video lend to others, and the frames of the result that it is put into. */
import { AppError } from "@smileloop/core/errors.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { type FilmFrames, filmFrames } from "../media/film-reader.ts";
import { closing, drawMouth, speaking } from "./drawn.ts";
import type { Followed } from "./follow.ts";
import { pasteMouth } from "./paste.ts";
import { type Borrowed, cutPatch, type Patch } from "./patch.ts";
import type { LipPlan, PlannedFrame } from "./plan.ts";

/** What a frame lends to the frame of that number of the result. */
type Mouth = (n: number) => Patch;

/** `mouths`: by `keyOf`. */
export type Scene = { followed: Followed; plan: LipPlan; motion: MotionFrames; mouths: Map<string, Mouth> };

const keyOf = ({ source, drawn }: Pick<Borrowed, "source" | "drawn">) => `${source}${drawn ? " drawn" : ""}`;

type LendOptions = { signal: AbortSignal; progress: (share: number) => void };

/** Reads the frames that lend their mouths. Throws what reading them throws, and `mouth_not_seen` where none can be drawn that has to be. */
export async function lentMouths(
  path: string,
  scene: Omit<Scene, "mouths">,
  { signal, progress }: LendOptions,
): Promise<Scene["mouths"]> {
  const film = filmFrames(path, scene.followed.stamps, signal);
  try {
    return await lentBy(film, scene, progress);
  } finally {
    await film.close();
  }
}

/** The same of frames that may have been changed; they are asked for in ascending order. */
export async function lentBy(
  film: Pick<FilmFrames, "at">,
  { followed, plan, motion }: Omit<Scene, "mouths">,
  progress: (share: number) => void,
): Promise<Scene["mouths"]> {
  const { width, height, looks } = followed;
  const all = plan.frames.flatMap(({ borrowed }) => borrowed);
  const used = [...new Map(all.map((each) => [keyOf(each), each])).values()].sort((a, b) => a.source - b.source);
  const mouths: Scene["mouths"] = new Map();
  for (const [nth, each] of used.entries()) {
    const { source } = each;
    const frame = { yuv: await film.at(source), width, height };
    const face = { place: plan.places[source]!, look: looks[source]!, mouth: plan.mouth };
    const doing = plan.drawn === "never_shuts" ? closing(plan.asked, face.look.gap) : speaking(motion, plan.letGo);
    const mouth = each.drawn ? await drawMouth(frame, face, doing) : cutMouth(cutPatch(frame, face));
    if (mouth) mouths.set(keyOf(each), mouth);
    progress(nth / used.length);
  }
  const drawn = used.filter((each) => each.drawn);
  if (drawn.length > 0 && !drawn.some((each) => mouths.has(keyOf(each)))) throw notSeen();
  return mouths;
}

function cutMouth(patch: Patch): Mouth {
  return () => patch;
}

function notSeen(): AppError {
  return new AppError(
    "mouth_not_seen",
    "Not enough of the mouth is seen: in the video the lips hardly part, or never meet, and the face is not clear enough for " +
      "a mouth to be drawn. Use a video in which the person speaks for some seconds.",
  );
}

/** A frame of the result, of that number, and its seam (`pasteMouth`); where nothing is lent it is the video's, which must not be changed. */
export async function withMouth(
  film: Pick<FilmFrames, "at">,
  [n, { shown, strength, borrowed }]: [n: number, frame: PlannedFrame],
  { followed, plan, mouths }: Scene,
): Promise<{ yuv: Uint8Array; seam: number | null }> {
  const own = await film.at(shown);
  const [place, look] = [plan.places[shown], followed.looks[shown]];
  const there = borrowed.filter((each) => mouths.has(keyOf(each)));
  if (strength === 0 || there.length === 0 || !place || !look) return { yuv: own, seam: null };
  // a Buffer’s own `slice` would share its memory, and with it the frame that is kept
  const yuv = new Uint8Array(own);
  const target = { place, mouth: plan.mouth, chin: look.chin - plan.mouth.y, strength };
  const whole = there.reduce((sum, { share }) => sum + share, 0);
  const lent = there.map((each) => ({ ...each, share: each.share / whole, patch: mouths.get(keyOf(each))!(n) }));
  const { width, height } = followed;
  return { yuv, seam: pasteMouth({ yuv, width, height }, target, lent).difference };
}
