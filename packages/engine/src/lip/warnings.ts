/** What is said of mouths that were made to follow a sound, with the figures. Pure. */
import type { Warning } from "@smileloop/core/errors.ts";
import type { LipPlan } from "./plan.ts";

const DRAWN = {
  hardly_opens:
    "hardly part, so what is between them is drawn, not the person's own: use a video in which the person speaks",
  never_shuts: "never meet, so they are drawn where they have to: use a video in which the mouth is shut at times",
};

export function warnOfDrawn({ drawn, range }: LipPlan): Warning[] {
  if (drawn === null) return [];
  const figures = `${range.shut.toFixed(2)} to ${range.open.toFixed(2)} of the distance of the eyes`;
  return [{ code: "mouth_drawn", detail: `In the video the lips ${DRAWN[drawn]}. They are parted by ${figures}.` }];
}

/** Levels of brightness at which a seam may be seen. */
const SEEN_SEAM = 6;

export function warnOfSeams(seams: readonly number[]): Warning[] {
  const mean = seams.reduce((sum, seam) => sum + seam, 0) / Math.max(1, seams.length);
  if (mean <= SEEN_SEAM) return [];
  const detail = `Around the mouth the light or what is before the face changes: a seam of ${mean.toFixed(1)} levels may be seen.`;
  return [{ code: "seam_visible", detail }];
}
