/** Which mouths of the video a frame of the result shows, and how they are changed. Pure. */
import type { AskedMouth } from "./asked.ts";
import { lipsDistance } from "./lips.ts";
import type { Look } from "./look.ts";
import type { Borrowed } from "./patch.ts";

/** Most that a borrowed mouth is changed, E. */
const MOST_MORE = 0.045;
/** Most that it is opened, as part of its own gap: what lies between its lips is stretched by it, and lips that meet have nothing there. */
const MOST_STRETCH = 1;
const MOST_WIDER = 0.05;
/** Part of the mouth before in the first frame after a jump, and the other way round. */
const LINGERS = 0.3;
/**
 * What two mouths that may be shown in one another differ by at most, E, and in their looks, levels: of others teeth are seen twice, or
 * through lips.
 */
const ALIKE = { gap: 0.02, width: 0.03, lips: 20 };

/** The mouth that was chosen; around a jump, the one before or after it as well, unless the lips have to meet. */
export function borrowedBy(
  n: number,
  way: readonly (number | null)[],
  looks: readonly (Look | null)[],
  asked: readonly AskedMouth[],
): Borrowed[] {
  const own = way[n]!;
  const [before, after] = [way[n - 1] ?? null, way[n + 1] ?? null];
  const fits = (source: number): boolean => looks[source] != null;
  const other: number[] = [];
  if (!asked[n]!.shut) {
    if (before !== null && before !== own && before + 1 !== own) other.push(fits(before + 1) ? before + 1 : before);
    if (after !== null && after !== own && own + 1 !== after) other.push(fits(after - 1) ? after - 1 : after);
  }
  const alike = other.filter((source) => areAlike(looks[source]!, looks[own]!));
  const shares = [
    { source: own, share: 1 - LINGERS * alike.length },
    ...alike.map((source) => ({ source, share: LINGERS })),
  ];
  return shares
    .filter(({ source }) => source >= 0)
    .map(({ source, share }) => {
      const { gap, width } = looks[source]!;
      return {
        ...{ source, drawn: false, share },
        more: Math.min(clamp(asked[n]!.gap - gap, MOST_MORE), MOST_STRETCH * gap),
        wider: clamp(asked[n]!.width - width, MOST_WIDER),
      };
    });
}

export function areAlike(a: Mouth, b: Mouth): boolean {
  const isShaped = Math.abs(a.gap - b.gap) < ALIKE.gap && Math.abs(a.width - b.width) < ALIKE.width;
  return isShaped && lipsDistance(a.lips, b.lips) < ALIKE.lips;
}

type Mouth = Pick<Look, "gap" | "width" | "lips">;

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(-most, value));
}
