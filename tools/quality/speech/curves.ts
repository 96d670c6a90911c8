/** How well the curves close, open and rest: of people by the sound alone and with their text, and of a voice that tells its phones. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { segmentsOf } from "@smileloop/speech/segments.ts";
import { type SpeechOptions, speechMotion } from "@smileloop/speech/speech.ts";
import { VISEMES, type Viseme } from "@smileloop/speech/visemes.ts";
import { smooth } from "./envelope.ts";
import { flite, type Said } from "./flite.ts";
import { framesOf, JAW, lagOf } from "./measure.ts";
import { countSeen, type Seen, seenNothing } from "./motion.ts";
import type { Part } from "./sets.ts";
import { soundOf } from "./sound.ts";

const RATES = [25, 30];
/** What the phones of people are wrong by, as a recogniser placed them; voices tell theirs exactly. Seconds. */
const PEOPLE = 0.03;
const EXACT = 0;

type Speech = { samples: Float32Array; parts: Part[]; text: string };
type Asked = Pick<SpeechOptions, "spoken" | "reference">;
/** `lags`: ms by which the jaw comes later than that of the truth, by clip. */
type Figures = { seen: Seen; classes: [number, number]; lags: number[]; aligned: number; seconds: number; cpu: number };

/** The second table of `npm run quality -- --only speech`, and what of it is left out. */
export function curvesReport(): string {
  const lines = [
    "| curves | frames / s | 15 classes | m/b/p shut | vowels shut | invented / s | f/v | closed in silence | onset ms | jaw lag ms (worst) | aligned | CPU / s |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  const people = peopleSaid();
  if (people === null) return "Curves: left out, the recordings of people are not installed.";
  const said = people.map(({ text }) => flite(text));
  const voices = said.filter((one): one is Said => one !== null);
  for (const fps of RATES) {
    lines.push(
      row(
        "people, sound alone",
        fps,
        run(people, fps, PEOPLE, () => ({})),
      ),
    );
    if (voices.length < people.length) continue;
    lines.push(
      row(
        "people, text known",
        fps,
        run(people, fps, PEOPLE, (nth) => ({ reference: voices[nth]! })),
      ),
    );
    const own = voices.map(({ samples, spoken }, nth) => ({
      samples,
      parts: partsOf(spoken, samples),
      text: people[nth]!.text,
    }));
    lines.push(
      row(
        "own voice (flite)",
        fps,
        run(own, fps, EXACT, (nth) => ({ spoken: voices[nth]!.spoken })),
      ),
    );
  }
  if (voices.length < people.length)
    lines.push("", "Left out: text known, own voice: the program flite is not installed.");
  return ["", "# Curves", "", ...lines, ""].join("\n");
}

function peopleSaid(): Speech[] | null {
  type Listed = { clip: string; text: string; parts: Part[] };
  const listed = JSON.parse(readFileSync(join(import.meta.dirname, "human.json"), "utf8")) as Listed[];
  if (!listed.every(({ clip }) => existsSync(clip))) return null;
  return listed.map(({ clip, text, parts }) => ({ samples: soundOf(clip, readFileSync(clip)), parts, text }));
}

function partsOf({ phones }: Said["spoken"], samples: Float32Array): Part[] {
  return segmentsOf({ phones }, samples.length / 16_000).map(({ viseme, start, end }) => [viseme, start, end]);
}

function run(clips: Speech[], fps: number, slack: number, asked: (nth: number) => Asked): Figures {
  const figures: Figures = { seen: seenNothing(), classes: [0, 0], lags: [], aligned: 0, seconds: 0, cpu: 0 };
  for (const [nth, { samples, parts }] of clips.entries()) {
    const before = process.cpuUsage();
    const { motion, segments, aligned } = speechMotion({ samples, fps, intensity: 1, seed: 1, ...asked(nth) });
    const { user, system } = process.cpuUsage(before);
    figures.cpu += (user + system) / 1e6;
    figures.seconds += samples.length / 16_000;
    if (aligned) figures.aligned++;
    countSeen(figures.seen, motion, parts, slack);
    const fine = speechMotion({ samples, fps: 100, intensity: 1, seed: 1, ...asked(nth) }).motion;
    const truth = framesOf(parts, fine.frames).map((viseme) => JAW[viseme]);
    const jaw = fine.faces[0]!.channels.jawOpen ?? [];
    figures.lags.push(10 * lagOf(smooth(Float32Array.from(truth), 4), Float32Array.from(jaw)));
    countClasses(figures.classes, segments, parts, samples.length / 160);
  }
  return figures;
}

type Timed = { start: number; end: number; viseme: Viseme };

function countClasses(
  counts: [number, number],
  segments: readonly Timed[],
  parts: readonly Part[],
  frames: number,
): void {
  const found = classOf(segments, frames);
  const truth = classOf(
    parts.map(([viseme, start, end]) => ({ viseme, start, end })),
    frames,
  );
  for (const [frame, viseme] of truth.entries()) {
    counts[1]++;
    if (found[frame] === viseme) counts[0]++;
  }
}

function classOf(segments: readonly Timed[], frames: number): Viseme[] {
  const classes = new Array<Viseme>(Math.floor(frames)).fill(VISEMES[0]);
  for (const { viseme, start, end } of segments) classes.fill(viseme, Math.round(start * 100), Math.round(end * 100));
  return classes.slice(0, Math.floor(frames));
}

function row(name: string, fps: number, { seen, classes, lags, aligned, seconds, cpu }: Figures): string {
  const share = ([some, all]: [number, number], digits = 2): string => (all > 0 ? (some / all).toFixed(digits) : "–");
  const median = seen.onsets.toSorted((a, b) => a - b)[seen.onsets.length >> 1];
  const worst = lags.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0];
  const lag = `${lags.toSorted((a, b) => a - b)[lags.length >> 1]} (${worst})`;
  const cells = [
    ...[
      fps,
      share(classes, 3),
      `${share(seen.shut)} of ${seen.shut[1]}`,
      share(seen.vowelsShut, 3),
      share(seen.invented),
    ],
    ...[
      `${share(seen.teeth)} of ${seen.teeth[1]}`,
      share(seen.rests),
      median?.toFixed(0) ?? "–",
      lag,
      aligned,
      (cpu / seconds).toFixed(3),
    ],
  ];
  return `| ${name} | ${cells.join(" | ")} |`;
}
