/**
 * What the check refuses, and what it lets pass: `npm run refusals -- --portraits DIR [--seconds 480] [--seed 1]`.
 * Presets, drawn motions and takes on all portraits at 256² and 512², in an order that `--seed` draws, until the time is over: none
 * of these clips may be refused. Into each a fault is put, of each kind in turn: as many as can be should be.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { parseArgs } from "node:util";
import { type MotionFrames, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { drawnMotion, takenMotion } from "./motions.ts";
import { openStage, type Stage, type Verdict, verdict, weaker } from "./stages.ts";

const SHAPE = { fps: 12, frames: 36 };
const COUNTS = { drawn: 60, taken: 20 };
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
type Fault = (stage: Stage, wanted: Wanted) => Promise<Verdict & { name: string }>;
const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)]!;
const FAULTS: Record<string, Fault> = {
  "still clip": async (stage, { name, motion }) => {
    await stage.render(weaker(motion, 0), video);
    return { name, ...(await verdict(stage, motion, video)) };
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
    return { name: `${asked.name} ← ${shown.name}`, ...(await verdict(stage, asked.motion, video)) };
  },
  "half the motion": async (stage, { name, motion }) => {
    await stage.render(weaker(motion, 0.5), video);
    return { name, ...(await verdict(stage, motion, video)) };
  },
  "frozen half": async (stage, { name, motion }) => {
    const first = random() < 0.5;
    await stage.render(motion, video, (frame) => (first ? (frame < half ? 0 : frame) : Math.min(frame, half)));
    return { name: `${name}${first ? ", first" : ", second"}`, ...(await verdict(stage, motion, video)) };
  },
  "wrong length": async (stage, { name, motion }) => {
    await stage.render({ ...motion, frames: SHAPE.frames - 1 - Math.floor(8 * random()) }, video);
    return { name, ...(await verdict(stage, motion, video)) };
  },
};

const tally: Record<string, { clips: number; refused: string[]; warned: number; passed: string[] }> = {};
const count = (row: string, what: string, { code, warnings }: Pick<Verdict, "code" | "warnings">) => {
  tally[row] ??= { clips: 0, refused: [], warned: 0, passed: [] };
  tally[row].clips++;
  if (warnings.length > 0) tally[row].warned++;
  if (code === "passed") tally[row].passed.push(what);
  else tally[row].refused.push(`${what}: ${code}`);
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
  const found = await inject(stage, wanted);
  count(`fault: ${fault}`, `${found.name}, ${where}`, found);
}
rmSync(dir, { recursive: true });

console.log("| clips | number | refused | share | warned |\n| --- | --- | --- | --- | --- |");
for (const [row, { clips, refused, warned }] of Object.entries(tally).sort(([a], [b]) => a.localeCompare(b))) {
  console.log(
    `| ${row} | ${clips} | ${refused.length} | ${Math.round((100 * refused.length) / clips)} % | ${warned} |`,
  );
}
const asked = Object.entries(tally).filter(([row]) => row.startsWith("as asked"));
const refused = asked.flatMap(([, row]) => row.refused);
console.log(`\nRefused, though as asked (${refused.length}):`, ...refused.map((line) => `\n- ${line}`));
console.log(`\nWarned (${warned.length}):`, ...warned.map((line) => `\n- ${line}`));
const missed = Object.entries(tally).filter(([row]) => row.startsWith("fault"));
for (const [row, { passed }] of missed) if (passed.length > 0) console.log(`\n${row}, passed:`, passed.join("; "));
if (refused.length > 0) process.exitCode = 1;
