/**
 * The text is known, but not when what is said: another voice says the same text, and tells when. What the mouth does in both is then
 * laid over each other (`laidOver`), and the times of that voice's phones are carried over.
 */
import type { Spoken } from "@smileloop/core/speech/spoken.ts";
import { laidOver } from "./dtw.ts";
import { speechRuns } from "./pauses.ts";
import { type Segment, segmentsOf } from "./segments.ts";
import { clamp, RATE, type Run } from "./series.ts";
import { indexOf, SHAPES, type Shares } from "./shapes.ts";

export type AlignOptions = {
  /** Of the sound, and of the voice that says the same text. */
  sound: Shares;
  reference: Shares;
  /** Words and phones of the reference. */
  spoken: Spoken;
  /** Words of the sound itself, where its voice told their times only. */
  words?: Spoken["words"];
};

/**
 * `cost`: how unlike the two are, as a part of how unlike the sound is to the same voice played backwards: about 1 where the text is
 * another one, whatever the voice, the noise and the language. `segments`: null where the text is not what is said. `words`: of the
 * reference, when they are said in the sound.
 */
export type Aligned = { cost: number; segments: Segment[] | null; words: Spoken["words"] };

/** Above it, the text is another one: texts that are right have 0.2 to 0.6, of two words up to 0.8 (docs/speech.md). */
export const MOST_COST = 0.76;
/** How far the two may run apart, as a part of the whole. */
const BAND = 0.15;
/** The same where words are known, seconds. */
const WORD_BAND = 0.1;

export function alignText(options: AlignOptions): Aligned {
  const { sound, reference, spoken, words = [] } = options;
  const [here, there] = [speechRuns(sound), speechRuns(reference)];
  if (here.length === 0 || there.length === 0) return { cost: 1, segments: null, words: [] };
  const path = laidOver(reference, sound, bandOf(options, here, there));
  const backwards = backwardsOf(reference);
  const chance = laidOver(backwards, sound, bandOf({ ...options, words: [] }, here, speechRuns(backwards))).cost;
  const cost = path.cost / Math.max(1e-6, chance);
  // whose voice told the words has said this text
  if (cost > MOST_COST && !sameWords(spoken.words, words)) return { cost, segments: null, words: [] };
  const timeOf = (seconds: number): number => {
    const position = clamp(seconds * RATE - 0.5, 0, path.at.length - 1);
    const before = Math.floor(position);
    const after = Math.min(path.at.length - 1, before + 1);
    return (path.at[before]! + (path.at[after]! - path.at[before]!) * (position - before) + 0.5) / RATE;
  };
  const phones = spoken.phones.map(({ phone, start, end }) => ({ phone, start: timeOf(start), end: timeOf(end) }));
  const segments = segmentsOf({ phones }, sound.frames / RATE);
  const said = spoken.words.map(({ text, start, end }) => ({ text, start: timeOf(start), end: timeOf(end) }));
  return { cost, segments: rated(inSpeech(segments, here, sound.frames), sound), words: said };
}

function backwardsOf({ frames, classes }: Shares): Shares {
  const turned = new Float32Array(classes.length);
  for (let frame = 0; frame < frames; frame++) {
    const from = (frames - 1 - frame) * SHAPES;
    turned.set(classes.subarray(from, from + SHAPES), frame * SHAPES);
  }
  return { frames, classes: turned };
}

function bandOf({ sound, reference, spoken, words = [] }: AlignOptions, here: Run[], there: Run[]) {
  const ends = (runs: Run[]): [number, number] => [runs[0]!.from, runs.at(-1)!.to];
  const [from, to] = [ends(there), ends(here)];
  const points: [number, number][] = [
    [0, 0],
    [from[0], to[0]],
    [from[1], to[1]],
    [reference.frames, sound.frames],
  ];
  const same = sameWords(spoken.words, words);
  if (same) {
    const starts = words.map(({ start }, nth) => [spoken.words[nth]!.start * RATE, start * RATE] as [number, number]);
    points.splice(1, 2, ...starts, [spoken.words.at(-1)!.end * RATE, words.at(-1)!.end * RATE]);
  }
  const reach = same ? WORD_BAND * RATE : BAND * Math.max(sound.frames, reference.frames) + 20;
  return { centre: (frame: number) => between(points, frame), reach: () => reach };
}

function sameWords(a: Spoken["words"], b: Spoken["words"]): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]/gu, "");
  return a.length > 0 && a.length === b.length && a.every(({ text }, nth) => plain(text) === plain(b[nth]!.text));
}

function between(points: [number, number][], x: number): number {
  const after = points.findIndex(([at]) => at > x);
  if (after === -1) return points.at(-1)![1];
  if (after === 0) return points[0]![1];
  const [[x0, y0], [x1, y1]] = [points[after - 1]!, points[after]!];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

/** Where the sound pauses, nothing is said, wherever the other voice pauses. */
function inSpeech(segments: Segment[], speech: readonly Run[], frames: number): Segment[] {
  const kept: Segment[] = [];
  let at = 0;
  const pause = (until: number): void => {
    if (until > at) kept.push({ start: at, end: until, viseme: "sil", sure: 1 });
    at = until;
  };
  for (const run of speech) {
    const [from, to] = [run.from / RATE, run.to / RATE];
    for (const segment of segments) {
      const [start, end] = [Math.max(segment.start, from), Math.min(segment.end, to)];
      if (end <= start || segment.viseme === "sil") continue;
      pause(start);
      kept.push({ ...segment, start, end });
      at = end;
    }
  }
  pause(frames / RATE);
  return kept;
}

/** As sure as the sound itself speaks for the shape. */
function rated(segments: Segment[], { frames, classes }: Shares): Segment[] {
  return segments.map((segment) => {
    if (segment.viseme === "sil") return segment;
    const from = Math.floor(segment.start * RATE);
    const to = Math.min(frames, Math.max(from + 1, Math.ceil(segment.end * RATE)));
    let sum = 0;
    for (let frame = from; frame < to; frame++) sum += classes[frame * SHAPES + indexOf(segment.viseme)]!;
    return { ...segment, sure: Math.round((0.5 + (0.5 * sum) / Math.max(1, to - from)) * 1000) / 1000 };
  });
}
