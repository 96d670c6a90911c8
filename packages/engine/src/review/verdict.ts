/**
 * What scores of the model mean. A refusal is for what is clearly seen: on 41 portraits and 105 crops of them the worst score of
 * `porn` and `hentai` together was 0.38, of a bust in a silk dress.
 */
import type { REFUSED_CLASSES } from "@smileloop/core/engine/review-service.ts";
import type { Scores } from "./classifier.ts";

export type RefusedClass = (typeof REFUSED_CLASSES)[number];

/** Of `porn` and `hentai` together: from which on a picture is refused, and from which on parts of it are looked at as well. */
const EXPLICIT = { refused: 0.5, doubtful: 0.3 };
/** Of `sexy`, with at least so much of the other two. */
const SEXY = { refused: 0.7, explicit: 0.2 };
/** The part of the frames of a video, and how many of them one after another, from which on it is refused. */
const FRAMES = { part: 0.1, inARow: 2 };

/** `parts`: scores of parts of the picture, asked for where the whole leaves a doubt. Null: nothing is wrong. */
export async function verdictOf(whole: Scores, parts: () => Promise<Scores[]>): Promise<RefusedClass | null> {
  const explicit = explicitOf(whole);
  if (explicit >= EXPLICIT.refused) return explicitClass(whole);
  if (whole.sexy >= SEXY.refused && explicit >= SEXY.explicit) return "sexy";
  if (explicit < EXPLICIT.doubtful) return null;
  const worst = (await parts()).find((part) => explicitOf(part) >= EXPLICIT.refused);
  return worst ? explicitClass(worst) : null;
}

/** From the verdicts of the frames of a video that were looked at, in order. */
export function verdictOfFrames(verdicts: readonly (RefusedClass | null)[]): RefusedClass | null {
  const refused = verdicts.filter((each) => each !== null);
  const row = verdicts.findIndex(
    (each, nth) => each !== null && verdicts.slice(nth, nth + FRAMES.inARow).filter(Boolean).length === FRAMES.inARow,
  );
  const many = refused.length > FRAMES.part * verdicts.length;
  return many || row >= 0 ? (verdicts[row] ?? refused[0]!) : null;
}

function explicitOf({ porn, hentai }: Scores): number {
  return porn + hentai;
}

function explicitClass({ porn, hentai }: Scores): RefusedClass {
  return porn >= hentai ? "porn" : "hentai";
}
