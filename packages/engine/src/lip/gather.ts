/** What the frames of a video show of one face, as they come: some hundred bytes a frame, whatever its size. */
import { AppError } from "@smileloop/core/errors.ts";
import { coveredFrames, type Lower, lowerOf } from "./covered.ts";
import type { Frame, Look } from "./look.ts";
import { type Place, steadied } from "./place.ts";
import { slipOf, type Upper, upperOf } from "./slip.ts";

/** How often it is asked whether the mouth can be seen, s. */
const HIDDEN_EVERY_SECONDS = 0.5;

type Gathering = {
  looks: readonly (Look | null)[];
  /** `look`: null where the face is not seen. `isHidden`: whether its mouth is behind something, which is asked now and then. */
  add(frame: Frame, seconds: number, look: Look | null, isHidden: () => Promise<boolean>): Promise<void>;
  /** `looks` at their steady places, without those of covered mouths. Throws `mouth_not_seen` where it is covered throughout. */
  end(): { looks: (Look | null)[]; covered: boolean[] };
};

export function gatherLooks(): Gathering {
  const looks: (Look | null)[] = [];
  const lowers: (Lower | null)[] = [];
  const slips: (Place | null)[] = [];
  let upper: Upper | null = null;
  const hidden = new Map<number, boolean>();
  let asked = Number.NEGATIVE_INFINITY;
  return {
    looks,
    async add(frame, seconds, look, isHidden) {
      if (look && seconds >= asked + HIDDEN_EVERY_SECONDS) {
        hidden.set(looks.length, await isHidden());
        asked = seconds;
      }
      lowers.push(look && lowerOf(frame, look));
      const before = upper;
      upper = look && upperOf(frame, look.place);
      slips.push(before && upper && slipOf(before, upper));
      looks.push(look);
    },
    end() {
      const covered = coveredFrames(looks, lowers, hidden);
      if (looks.every((look, n) => look === null || covered[n])) {
        const help = "Use one in which neither a mask nor a hand or a microphone is before it.";
        throw new AppError("mouth_not_seen", `The mouth in the video is covered throughout. ${help}`);
      }
      const places = steadied(
        looks.map((look) => look?.place ?? null),
        slips,
      );
      return { looks: looks.map((look, n) => (look && !covered[n] ? { ...look, place: places[n]! } : null)), covered };
    },
  };
}
