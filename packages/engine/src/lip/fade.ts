/**
 * How a lent mouth takes the place of the frame's own, and gives it back: over some frames in which it comes to look like it, so that the
 * two may be shown in one another. Where it cannot, one follows the other from one frame to the next: of two mouths of different shapes
 * in one another, both are seen. Pure.
 */
import type { AskedMouth } from "./asked.ts";
import { areAlike } from "./borrow.ts";
import type { Wanted } from "./choose.ts";
import type { Look } from "./look.ts";

/** Frames in which the frame's own mouth goes over into a lent one. */
export const RAMP = 4;

/** A mouth as it is lent. */
export type Shown = Pick<Look, "gap" | "width" | "lips">;

/** A mouth that is needed comes and goes over some frames of rest; where it can't be had, the others do. */
export function strengthsOf(can: readonly boolean[], needs: readonly boolean[]): number[] {
  return can.map((able, n) => {
    if (!able) return 0;
    let [needed, near] = [0, 1];
    for (let d = -RAMP; d <= RAMP; d++) {
      const share = Math.abs(d) / RAMP;
      if (needs[n + d]) needed = Math.max(needed, 1 - share);
      if (can[n + d] === false) near = Math.min(near, share);
    }
    return smooth(Math.min(needed, near));
  });
}

/** What is asked becomes the frame's own mouth before both are shown in one another. */
export function goneOver(
  said: readonly AskedMouth[],
  own: readonly (Look | null)[],
  strengths: readonly number[],
): Wanted[] {
  return said.map((mouth, n) => {
    const look = own[n]!;
    const like = Math.min(1, 2 - 2 * strengths[n]!);
    if (!look || like === 0) return { asked: mouth, look, like: 0 };
    const between = (one: number, other: number) => one + like * (other - one);
    const [gap, width] = [between(mouth.gap, look.gap), between(mouth.width, look.width)];
    return { asked: { ...mouth, gap, width, shut: mouth.shut && like < 0.5 }, look, like };
  });
}

/**
 * How much a mouth that is drawn lets go of what is said, 0–1: it comes to look like the frame that it is drawn on, which helps only
 * where that looks like the frame it is put into. `bases`: the frames that it is drawn on.
 */
export function letGoOf({ look, like }: Wanted, bases: readonly Look[]): number {
  return look && bases.every((base) => areAlike(base, look)) ? like : 0;
}

/** Strengths with which no two mouths are seen in one another that are not alike. `lent`: by frame, all that it is lent. */
export function withoutDoubles(
  strengths: readonly number[],
  own: readonly (Look | null)[],
  lent: (n: number) => readonly Shown[],
): number[] {
  return strengths.map((strength, n) => {
    if (strength === 0 || strength === 1) return strength;
    const look = own[n];
    return look && lent(n).every((shown) => areAlike(shown, look)) ? strength : Math.round(strength);
  });
}

export function smooth(share: number): number {
  return share * share * (3 - 2 * share);
}
