/**
 * How well the network reads voices that it has never heard: `npm run quality -- --only speech`. People come from Debian's packages
 * pocketsphinx-testdata and alsa-utils, synthetic voices from espeak-ng and festival; what is not installed is named and left out.
 */
import { join } from "node:path";
import { posteriorsOf } from "@smileloop/speech/net.ts";
import { measure, type SpeechFigures } from "./measure.ts";
import { type Clip, humanSet, syntheticSets } from "./sets.ts";
import { SPOILS } from "./spoil.ts";

/** The least, or for lags and vowels the most, that clips of people have to reach. */
const GOALS = { classes: 0.55, shut: 0.92, vowelsShut: 0.02, lagMs: 20 };
/** Of 15 classes, in noise and by telephone. */
const SPOILT_GOAL = 0.46;
const HARD = ["pink 10 dB", "telephone"];

/** The table, and how many goals are missed. */
export function speechReport(): { markdown: string; failures: number } {
  const lines = [
    "| set | s | 15 classes | 7 groups | jaw r | lag ms (worst) | m/b/p shut | vowels shut | f/v | CPU / s |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  const missing: string[] = [];
  let failures = 0;
  const sets = [humanSet("people", join(import.meta.dirname, "human.json")), ...syntheticSets()];
  for (const set of sets) {
    if ("missing" in set) {
      missing.push(`Left out: ${set.name}: ${set.missing}`);
      continue;
    }
    const { figures, cpu } = run(set.clips);
    if (set.name === "people") failures += misses(figures);
    lines.push(row(set.name, figures, cpu));
    if (set.name !== "people") continue;
    for (const [name, spoil] of Object.entries(SPOILS)) {
      const clips = set.clips.map((clip, i) => ({ ...clip, samples: spoil(clip.samples, i + 1) }));
      const spoilt = run(clips);
      if (HARD.includes(name) && spoilt.figures.classes < SPOILT_GOAL) failures++;
      lines.push(row(`people, ${name}`, spoilt.figures, spoilt.cpu));
    }
  }
  const goals = `Goals on people: 15 classes ≥ ${GOALS.classes} (${HARD.join(", ")}: ≥ ${SPOILT_GOAL}), m/b/p shut ≥ ${GOALS.shut}, vowels shut ≤ ${GOALS.vowelsShut}, lag ≤ ${GOALS.lagMs} ms; ${failures} missed.`;
  return { markdown: ["# Speech", "", ...lines, "", goals, ...missing, ""].join("\n"), failures };
}

function run(clips: Clip[]): { figures: SpeechFigures; cpu: number } {
  const before = process.cpuUsage();
  const posteriors = clips.map(({ samples }) => posteriorsOf(samples));
  const { user, system } = process.cpuUsage(before);
  const figures = measure(clips, posteriors);
  return { figures, cpu: (user + system) / 1e6 / figures.seconds };
}

function misses({ classes, shut, vowelsShut, lagMs }: SpeechFigures): number {
  const missed = [
    classes < GOALS.classes,
    shut < GOALS.shut,
    vowelsShut > GOALS.vowelsShut,
    Math.abs(lagMs) > GOALS.lagMs,
  ];
  return missed.filter(Boolean).length;
}

function row(name: string, f: SpeechFigures, cpu: number): string {
  const cells = [
    f.seconds.toFixed(0),
    f.classes.toFixed(3),
    f.groups.toFixed(3),
    f.jawR.toFixed(2),
    `${f.lagMs} (${f.worstLagMs})`,
    `${f.shut.toFixed(2)} of ${f.closures}`,
    f.vowelsShut.toFixed(3),
    f.lipOnTeeth.toFixed(2),
    cpu.toFixed(3),
  ];
  return `| ${name} | ${cells.join(" | ")} |`;
}
