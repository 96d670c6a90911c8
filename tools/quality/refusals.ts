/**
 * What the check refuses, and what it lets pass: `npm run refusals -- --portraits DIR [--seconds 480] [--seed 1]`.
 * Presets, drawn motions and takes on all portraits at 256² and 512², in an order that `--seed` draws, until the time is over: none
 * of these clips may be refused. Into each a fault is put, of each kind in turn: all that show in the picture should be refused, of
 * half the motion at least warned of. What is let pass without a word is told by how much it shows.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { parseArgs } from "node:util";
import { type MotionFrames, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { drawnMotion, takenMotion } from "./motions.ts";
import { apart, openStage, retimed, type Stage, type Verdict, verdict, weaker } from "./stages.ts";

const SHAPE = { fps: 12, frames: 36 };
const COUNTS = { drawn: 60, taken: 20 };
/** Below it, nobody sees the fault: 0.33 is what encoding alone changes, 1.5 the weakest motion that is called one. */
const SHOWS = 4;
const SIZES = [256, 512] as const;

const { values } = parseArgs({
  options: {
    portraits: { type: "string" },
    seconds: { type: "string", default: "480" },
    seed: { type: "string", default: "1" },
  },
});
if (!values.portraits) {
  console.error("usage: npm run refusals -- --portraits DIR [--seconds 480] [--seed 1]");
  process.exit(2);
}

type Wanted = { group: string; name: string; motion: MotionFrames };
const presets: Wanted[] = [...loadPresets(join(import.meta.dirname, "../../presets"))].map(([name, preset]) => {
  const { fps, frames } = SHAPE;
  const options = { fps, durationSeconds: frames / fps, intensity: 1 };
  return { group: "preset", name, motion: sampleMotion(presetMotion(preset), options) };
});
const many = (group: "drawn" | "taken", make: typeof drawnMotion): Wanted[] =>
  Array.from({ length: COUNTS[group] }, (_, i) => ({ group, name: `${group} ${i}`, motion: make(i, SHAPE) }));
const motions = [...presets, ...many("drawn", drawnMotion), ...many("taken", takenMotion)];

const random = randomFrom(Number(values.seed));
const dir = mkdtempSync(join(tmpdir(), "refusals-"));
const video = join(dir, "clip.mp4");
const stages: Stage[] = [];
for (const file of readdirSync(values.portraits).filter((name) => /\.(jpe?g|png)$/i.test(name))) {
  for (const size of SIZES) stages.push(await openStage(join(values.portraits, file), size));
}
const end = Date.now() + 1000 * Number(values.seconds);
const half = SHAPE.frames / 2;
/** `shown`: the curves that are really shown, where the face is the right one. */
type Fault = (
  stage: Stage,
  wanted: Wanted,
) => Promise<Verdict & { name: string; asked?: MotionFrames; shown?: MotionFrames }>;
const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)]!;
const FAULTS: Record<string, Fault> = {
  "still clip": async (stage, { name, motion }) => {
    const shown = weaker(motion, 0);
    await stage.render(shown, video);
    return { name, asked: motion, shown, ...(await verdict(stage, motion, video)) };
  },
  "other face": async (stage, { name, motion }) => {
    const other = pick(stages.filter(({ picture, size }) => picture !== stage.picture && size === stage.size));
    await other.render(motion, video);
    return { name, ...(await verdict(stage, motion, video)) };
  },
  "other preset": async (stage) => {
    const [asked, shown] = [pick(presets), pick(presets)];
    if (asked === shown) return FAULTS["other preset"]!(stage, asked);
    await stage.render(shown.motion, video);
    const name = `${asked.name} ← ${shown.name}`;
    return { name, asked: asked.motion, shown: shown.motion, ...(await verdict(stage, asked.motion, video)) };
  },
  "half the motion": async (stage, { name, motion }) => {
    const shown = weaker(motion, 0.5);
    await stage.render(shown, video);
    return { name, asked: motion, shown, ...(await verdict(stage, motion, video)) };
  },
  "frozen half": async (stage, { name, motion }) => {
    const first = random() < 0.5;
    const at = (frame: number) => (first ? (frame < half ? 0 : frame) : Math.min(frame, half));
    await stage.render(motion, video, at);
    const found = await verdict(stage, motion, video);
    return { name: `${name}${first ? ", first" : ", second"}`, asked: motion, shown: retimed(motion, at), ...found };
  },
  "wrong length": async (stage, { name, motion }) => {
    await stage.render({ ...motion, frames: SHAPE.frames - 1 - Math.floor(8 * random()) }, video);
    return { name, ...(await verdict(stage, motion, video)) };
  },
};

type Row = { clips: number; refused: string[]; warned: number; passed: { what: string; shows: number }[] };
const tally: Record<string, Row> = {};
const count = (row: string, what: string, found: Pick<Verdict, "code" | "warnings"> & { shows?: number }) => {
  tally[row] ??= { clips: 0, refused: [], warned: 0, passed: [] };
  tally[row].clips++;
  if (found.code !== "passed") tally[row].refused.push(`${what}: ${found.code}`);
  else if (found.warnings.length > 0) tally[row].warned++;
  else tally[row].passed.push({ what, shows: found.shows ?? Number.POSITIVE_INFINITY });
};
const cases = stages
  .flatMap((stage) => motions.map((wanted) => ({ stage, wanted, rank: random() })))
  .sort((a, b) => a.rank - b.rank);
const kinds = Object.entries(FAULTS);
const warned: string[] = [];
for (const [nth, { stage, wanted }] of cases.entries()) {
  if (Date.now() > end) break;
  const where = `${parse(stage.picture).name} ${stage.size}`;
  await stage.render(wanted.motion, video);
  const { code, detail, warnings } = await verdict(stage, wanted.motion, video);
  count(`as asked: ${wanted.group}`, `${wanted.name}, ${where} (${detail})`, { code, warnings });
  warned.push(...warnings.map((warning) => `${wanted.name}, ${where}: ${warning}`));
  const [fault, inject] = kinds[nth % kinds.length]!;
  const { name, asked, shown, ...found } = await inject(stage, wanted);
  const silent = found.code === "passed" && found.warnings.length === 0 && asked && shown;
  const shows = silent ? { shows: await apart(stage, asked, shown, video) } : {};
  count(`fault: ${fault}`, `${name}, ${where}`, { ...found, ...shows });
}
rmSync(dir, { recursive: true });

const faint = ({ passed }: Row) => passed.filter(({ shows }) => shows < SHOWS);
console.log(
  `A fault shows where its curves change the picture by ${SHOWS} of 255 (mean of the hundredth of the 8 × 8 blocks that changes most).`,
);
console.log(
  "\n| clips | number | refused | warned | passed | of these, faults that don't show |\n| --- | --- | --- | --- | --- | --- |",
);
for (const [name, row] of Object.entries(tally).sort(([a], [b]) => a.localeCompare(b))) {
  const { clips, refused, warned, passed } = row;
  console.log(`| ${name} | ${clips} | ${refused.length} | ${warned} | ${passed.length} | ${faint(row).length} |`);
}
const asked = Object.entries(tally).filter(([row]) => row.startsWith("as asked"));
const refused = asked.flatMap(([, row]) => row.refused);
console.log(`\nRefused, though as asked (${refused.length}):`, ...refused.map((line) => `\n- ${line}`));
console.log(`\nWarned, though as asked (${warned.length}):`, ...warned.map((line) => `\n- ${line}`));
for (const [row, { passed }] of Object.entries(tally).filter(([row]) => row.startsWith("fault"))) {
  const missed = passed.filter(({ shows }) => shows >= SHOWS).sort((a, b) => b.shows - a.shows);
  if (missed.length > 0)
    console.log(`\n${row}, passed:`, missed.map((one) => `${one.what} (${one.shows.toFixed(1)})`).join("; "));
}
if (refused.length > 0) process.exitCode = 1;
