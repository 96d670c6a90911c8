/** Which frames of a video show a face well enough for its mouth to be changed. Pure. */
import { AppError } from "@smileloop/core/errors.ts";
import type { Look } from "./look.ts";
import { unitOf } from "./place.ts";

type Limits = { /** Degrees. */ turned: number /** E in pixels. */; unit: number };

/** Beyond the first limits a face stays as it is, unless it is within them just before or after: then up to the second ones. */
const CLEAR: Limits = { turned: 35, unit: 40 };
const BEARABLE: Limits = { turned: 38, unit: 37 };

/**
 * The looks within the limits. A face that wavers about them is taken throughout: each time it is left and taken up again, one mouth would
 * take the place of another in the middle of a word. Throws `no_face`, `face_too_small` and `face_turned_away` where there is none.
 */
export function clearLooks(looks: readonly (Look | null)[]): Set<Look> {
  const clear = new Set<Look>();
  for (let from = 0; from < looks.length; ) {
    let to = from;
    while (isWithin(looks[to], BEARABLE)) to++;
    const run = looks.slice(from, to) as Look[];
    if (run.some((look) => isWithin(look, CLEAR))) for (const look of run) clear.add(look);
    from = Math.max(to, from + 1);
  }
  if (clear.size === 0) throw unclear(looks);
  return clear;
}

function isWithin(look: Look | null | undefined, { turned, unit }: Limits): boolean {
  return !!look && Math.abs(look.yaw) <= turned && unitOf(look.place) >= unit;
}

function unclear(looks: readonly (Look | null)[]): AppError {
  const seen = looks.filter((look): look is Look => look !== null);
  if (seen.length === 0) return new AppError("no_face", "No face was found in the video.");
  const largest = Math.max(...seen.map(({ place }) => unitOf(place)));
  if (largest < CLEAR.unit) {
    const size = `its eyes are at most ${Math.round(largest)} pixels apart, and ${CLEAR.unit} are needed`;
    return new AppError("face_too_small", `The face in the video is too small: ${size}.`);
  }
  return new AppError("face_turned_away", "The face in the video is turned away throughout.");
}
