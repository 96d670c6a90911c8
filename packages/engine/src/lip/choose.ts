/**
 * Which frame of the video lends its mouth to which frame of the result: the cheapest way through all frames (Viterbi 1967). What fits
 * the asked mouth and the head of the frame is cheap, and so is going on with the frame that came next when it was recorded. Pure.
 */
import type { AskedMouth, MouthRange } from "./asked.ts";
import { MOST_ODD, oddLips, otherLips, shutness } from "./lips.ts";
import { type Look, printDistance } from "./look.ts";

/** Differences that cost 1: E, degrees, levels of brightness. */
const SCALE = { gap: 0.025, width: 0.03, yaw: 4, pitch: 4, print: 7 };
/** Going on is free; staying and jumping cost, a jump more where the mouth changes by it in another way than is asked. */
const MOVE = { stay: 0.6, jump: 1.6, change: 0.03 };
/** Lips that have to meet may be parted by so much more than the person's shut ones, E. */
const SHUT_SLACK = 0.014;
/** What they are parted by beyond the asked gap costs 1, E: a tooth that is seen there is seen at once. */
const SHUT_GAP = 0.006;
/** Cost of lips that look shut where they are to be bitten, by how little odd they are. */
const BITTEN = 0.3;
const NEVER = 1e6;
/** Beyond it the face of another frame is another one, or in other light. */
export const OTHER_PRINT = 26;

const MOST_CANDIDATES = 300;
/** Neighbours that are kept together in a long video, so that there is a way to go on. */
const RUN = 8;

/** Numbers of the frames that may lend their mouths, ascending: all that can be used, or of a long video those that differ most. */
export function candidatesOf(looks: readonly (Look | null)[], usable: (look: Look) => boolean, most = MOST_CANDIDATES) {
  const good = looks.flatMap((look, n) => (look && usable(look) ? [n] : []));
  if (good.length <= most) return good;
  const runs: number[][] = [];
  for (let i = 0; i < good.length; i += RUN) runs.push(good.slice(i, i + RUN));
  const seen = new Map<string, number>();
  const chosen: number[] = [];
  const worth = (run: number[]) => run.reduce((sum, n) => sum + 1 / (1 + (seen.get(cellOf(looks[n]!)) ?? 0)) ** 2, 0);
  const left = new Set(runs);
  while (chosen.length + RUN <= most && left.size > 0) {
    let best: number[] = [];
    let highest = -1;
    for (const run of left) {
      const value = worth(run);
      if (value > highest) [best, highest] = [run, value];
    }
    left.delete(best);
    for (const n of best) seen.set(cellOf(looks[n]!), (seen.get(cellOf(looks[n]!)) ?? 0) + 1);
    chosen.push(...best);
  }
  return chosen.sort((a, b) => a - b);
}

function cellOf({ gap, width, yaw, pitch, print }: Look): string {
  const light = print.reduce((sum, value) => sum + value, 0) / print.length;
  return [gap / 0.015, width / 0.025, yaw / 6, pitch / 6, light / 15].map(Math.round).join();
}

/** `look`: of the frame; `like`: how much the mouth is to look like the frame's own, 0–1. */
export type Wanted = { asked: AskedMouth; look: Look | null; like: number };

/** For each frame the candidate that lends its mouth; null where there is no face, or none of its kind. */
export function chooseMouths(
  wanted: readonly Wanted[],
  looks: readonly (Look | null)[],
  candidates: readonly number[],
  range: MouthRange,
): (number | null)[] {
  const sources = candidates.map((n) => looks[n]!);
  const count = sources.length;
  if (count === 0) return wanted.map(() => null);
  const odd = oddLips(sources, range.shut);
  let costs = new Float64Array(count);
  const from = wanted.map(() => new Uint16Array(count));
  for (const [n, each] of wanted.entries()) {
    const next = new Float64Array(count);
    const before = wanted[n - 1]?.asked ?? each.asked;
    for (let c = 0; c < count; c++) {
      const [least, by] = n === 0 ? [0, c] : cheapestWay(costs, sources, candidates, c, [before, each.asked]);
      next[c] = least + fitOf(each, sources[c]!, range) + oddity(each, sources[c]!, odd[c]!, range);
      from[n]![c] = by;
    }
    costs = next;
  }
  let at = costs.indexOf(Math.min(...costs));
  const way = new Array<number | null>(wanted.length).fill(null);
  for (let n = wanted.length - 1; n >= 0; n--) {
    const { look } = wanted[n]!;
    const alike = look && printDistance(look.print, sources[at]!.print) < OTHER_PRINT;
    way[n] = alike ? candidates[at]! : null;
    at = from[n]![at]!;
  }
  return way;
}

function fitOf({ asked, look, like }: Wanted, source: Look, range: MouthRange): number {
  if (!look) return 0;
  const apart = printDistance(look.print, source.print);
  const light = (Math.max(0, apart - 3) / SCALE.print) ** 2;
  const parted = source.gap - asked.gap;
  const cost =
    (parted / (asked.shut && parted > 0 ? SHUT_GAP : SCALE.gap)) ** 2 +
    ((source.width - asked.width) / SCALE.width) ** 2 +
    ((source.yaw - look.yaw) / SCALE.yaw) ** 2 +
    ((source.pitch - look.pitch) / SCALE.pitch) ** 2 +
    light;
  const open = asked.shut && source.gap > range.shut + SHUT_SLACK ? NEVER / 1000 : 0;
  const other = like > 0 ? like * otherLips(source.lips, look.lips) : 0;
  return cost + other + open + (apart > OTHER_PRINT ? NEVER : 0);
}

/** Lips that are to be shut, or that landmarks call shut, have to look so; where teeth are to rest on them, they have not. */
function oddity({ asked, like }: Wanted, { gap }: Look, odd: number, { shut }: MouthRange): number {
  const cost = asked.bites ? BITTEN * (MOST_ODD - odd) : odd * shutness(Math.min(asked.gap, gap), shut);
  return (1 - like) * cost;
}

function cheapestWay(
  costs: Float64Array,
  sources: readonly Look[],
  candidates: readonly number[],
  to: number,
  [before, now]: [AskedMouth, AskedMouth],
): [cost: number, from: number] {
  const { gap, width } = sources[to]!;
  const [moreGap, moreWidth] = [now.gap - before.gap, now.width - before.width];
  let least = costs[to]! + MOVE.stay;
  let by = to;
  if (to > 0 && candidates[to - 1] === candidates[to]! - 1 && costs[to - 1]! <= least) {
    least = costs[to - 1]!;
    by = to - 1;
  }
  for (let c = 0; c < costs.length; c++) {
    const base = costs[c]! + MOVE.jump;
    if (base >= least) continue;
    const source = sources[c]!;
    const change = Math.abs(gap - source.gap - moreGap) + Math.abs(width - source.width - moreWidth);
    const cost = base + (change / MOVE.change) ** 2 / 4;
    if (cost < least) [least, by] = [cost, c];
  }
  return [least, by];
}
