/** How well posteriors fit what was said. Everything is counted over all clips of a set together, but for lags, which are by clip. */
import type { Posteriors } from "@smileloop/speech/net.ts";
import { VISEMES, type Viseme } from "@smileloop/speech/visemes.ts";
import { gapsOf, lipsOf, smooth } from "./envelope.ts";
import type { Clip, Part } from "./sets.ts";

/** How far the jaw is open in each shape; the truth's curve is made of these. */
const JAW: Record<Viseme, number> = {
  sil: 0,
  PP: 0,
  FF: 0.05,
  TH: 0.15,
  DD: 0.15,
  kk: 0.2,
  CH: 0.1,
  SS: 0.07,
  nn: 0.13,
  RR: 0.15,
  aa: 0.6,
  E: 0.34,
  I: 0.2,
  O: 0.38,
  U: 0.16,
};
const GROUPS: Record<Viseme, string> = {
  sil: "closed",
  PP: "PP",
  FF: "FF",
  TH: "other",
  DD: "other",
  kk: "other",
  CH: "other",
  SS: "other",
  nn: "other",
  RR: "other",
  aa: "aa",
  E: "wide",
  I: "wide",
  O: "round",
  U: "round",
};
const VOWELS = new Set<Viseme>(["aa", "E", "I", "O", "U"]);
const FPS = 25;
/** What the alignment of people's clips can be wrong by, seconds. */
const SLACK = 0.03;
const SHORTEST_CLOSURE = 0.04;
const JAW_SIGMA = 4;
const LONGEST_LAG = 25;

export type SpeechFigures = {
  seconds: number;
  classes: number;
  groups: number;
  jawR: number;
  lagMs: number;
  worstLagMs: number;
  /** Of the m, b, p of 40 ms and more: with a frame at 25 fps in which the mouth is shut. */
  shut: number;
  closures: number;
  vowelsShut: number;
  lipOnTeeth: number;
};

export function measure(clips: Clip[], posteriors: Posteriors[]): SpeechFigures {
  const counts = { frames: 0, classes: 0, groups: 0, closures: 0, shut: 0, vowels: 0, vowelsShut: 0, ff: 0, ffSeen: 0 };
  const jaws: { truth: number[]; found: number[] } = { truth: [], found: [] };
  const lags: number[] = [];
  for (const [i, { parts }] of clips.entries()) {
    const found = posteriors[i]!;
    const truth = framesOf(parts, found.frames);
    countClasses(truth, found, counts);
    const jaw = smooth(
      Float32Array.from(truth, (viseme) => JAW[viseme]),
      JAW_SIGMA,
    );
    jaws.truth.push(...jaw);
    jaws.found.push(...found.jaw);
    lags.push(lagOf(jaw, found.jaw));
    countLips(parts, found, counts);
  }
  lags.sort((a, b) => Math.abs(a) - Math.abs(b));
  return {
    seconds: counts.frames / 100,
    classes: counts.classes / counts.frames,
    groups: counts.groups / counts.frames,
    jawR: correlation(jaws.truth, jaws.found),
    lagMs: 10 * lags.toSorted((a, b) => a - b)[lags.length >> 1]!,
    worstLagMs: 10 * lags.at(-1)!,
    shut: counts.shut / counts.closures,
    closures: counts.closures,
    vowelsShut: counts.vowelsShut / counts.vowels,
    lipOnTeeth: counts.ffSeen / counts.ff,
  };
}

function framesOf(parts: Part[], count: number): Viseme[] {
  const frames = new Array<Viseme>(count).fill("sil");
  for (const [viseme, start, end] of parts) frames.fill(viseme, Math.round(start * 100), Math.round(end * 100));
  return frames.slice(0, count);
}

function countClasses(truth: Viseme[], found: Posteriors, counts: { frames: number; classes: number; groups: number }) {
  for (const [frame, viseme] of truth.entries()) {
    const row = found.classes.subarray(frame * VISEMES.length, (frame + 1) * VISEMES.length);
    const best = VISEMES[row.indexOf(Math.max(...row))]!;
    counts.frames++;
    if (best === viseme) counts.classes++;
    if (GROUPS[best] === GROUPS[viseme]) counts.groups++;
  }
}

type LipCounts = { closures: number; shut: number; vowels: number; vowelsShut: number; ff: number; ffSeen: number };

/** In frames of a film at 25 fps. A vowel counts where no closure or pause is near enough to be meant. */
function countLips(parts: Part[], found: Posteriors, counts: LipCounts): void {
  const gaps = gapsOf(found, FPS);
  const teeth = lipsOf(found, "FF");
  const shutParts = parts.filter(([viseme]) => viseme === "PP" || viseme === "sil");
  const isShut = (frame: number) => gaps.shut[frame] === 1;
  for (const [viseme, start, end] of parts) {
    const long = end - start >= SHORTEST_CLOSURE;
    const near = Array.from(gaps.shut.keys()).filter((k) => k / FPS >= start - SLACK && k / FPS <= end + SLACK);
    if (viseme === "PP" && long) {
      counts.closures++;
      if (near.some(isShut)) counts.shut++;
    }
    if (viseme === "FF" && long) {
      counts.ff++;
      const seen = teeth.subarray(Math.max(0, Math.round((start - SLACK) * 100)), Math.round((end + SLACK) * 100));
      if (seen.some((value) => value >= 0.5)) counts.ffSeen++;
    }
    if (!VOWELS.has(viseme)) continue;
    for (const k of near.filter((k) => k / FPS >= start && k / FPS < end)) {
      if (shutParts.some(([, from, to]) => k / FPS > from - SLACK && k / FPS < to + SLACK)) continue;
      counts.vowels++;
      if (isShut(k)) counts.vowelsShut++;
    }
  }
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>, shift = 0): number {
  const from = Math.max(0, -shift);
  const to = Math.min(a.length, b.length - shift);
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    const [x, y] = [a[i]!, b[i + shift]!];
    n++;
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  return (sab - (sa * sb) / n) / (Math.sqrt((saa - (sa * sa) / n) * (sbb - (sb * sb) / n)) + 1e-9);
}

/** By how many frames the found curve comes later than the truth. */
function lagOf(truth: Float32Array, found: Float32Array): number {
  let best = 0;
  for (let shift = -LONGEST_LAG; shift <= LONGEST_LAG; shift++) {
    if (correlation(truth, found, shift) > correlation(truth, found, best)) best = shift;
  }
  return best;
}
