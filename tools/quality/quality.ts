/**
 * What can be measured of the engine's clips, and sheets to judge the rest by eye:
 * `npm run quality -- --portraits DIR --out DIR [--preset NAME] [--portrait PART] [--size 512] [--fps 25] [--strict] [--baseline]`.
 * `npm run quality -- --only speech [--strict]` measures the network that reads speech instead, and needs neither portraits nor a folder;
 * `--only mouth --portraits DIR --out DIR` how well each portrait speaks a sentence (`mouth.md`);
 * `--only faces [--portraits DIR] [--out DIR] [--strict]` what steps do to the faces of the fixtures, and of more portraits and clips;
 * `--only marks --portraits DIR [--preset NAME] [--strict]` what the invisible mark costs, what it is read after, and how often chance looks like one;
 * `--only chance --portraits DIR [--trials 20000] [--from 0]` the last alone.
 * DIR gets `quality.md`, `quality.json`, a contact sheet per portrait and preset, and per portrait an unnamed sheet of all presets at
 * their apex with its key in a file beside it. `--baseline` writes what `quality.test.ts` compares with.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, parse } from "node:path";
import { parseArgs } from "node:util";
import type { CastParams } from "@smileloop/core/engine/services.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { distance, measuredCurves } from "./curves.ts";
import { facesReport } from "./faces/index.ts";
import { chanceReport } from "./marks/chance.ts";
import { FOREIGN_KEYS, marksReport } from "./marks/index.ts";
import { type MouthRow, mouthFigures, mouthReport } from "./mouth.ts";
import { type PresetFigures, portraitFigures, presetNames } from "./portrait.ts";
import { report, rounded } from "./report.ts";
import { keyInstants, rgbOf, writeBlindSheet, writeSheet } from "./sheet.ts";
import { curvesReport } from "./speech/curves.ts";
import { speechReport } from "./speech/speech.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    portraits: { type: "string" },
    out: { type: "string" },
    preset: { type: "string" },
    portrait: { type: "string", default: "" },
    size: { type: "string", default: "512" },
    trials: { type: "string", default: String(FOREIGN_KEYS) },
    from: { type: "string", default: "0" },
    fps: { type: "string", default: "25" },
    strict: { type: "boolean", default: false },
    baseline: { type: "boolean", default: false },
  },
});
if (values.only === "speech") {
  const { markdown, failures } = speechReport();
  console.log(markdown);
  console.log(curvesReport());
  process.exit(values.strict && failures > 0 ? 1 : 0);
}
if (values.only === "faces") {
  const { portraits: dir, out = null } = values;
  if (out) mkdirSync(out, { recursive: true });
  const { markdown, failures } = await facesReport({
    portraits: dir ? portraitsIn(dir) : [],
    clips: dir ? filesIn(dir, /\.(mp4|mov)$/i) : [],
    out,
  });
  console.log(markdown);
  process.exit(values.strict && failures > 0 ? 1 : 0);
}
if (values.only === "marks" && values.portraits) {
  const { markdown, failures } = await marksReport(portraitsIn(values.portraits), values.preset);
  console.log(markdown);
  process.exit(values.strict && failures > 0 ? 1 : 0);
}
if (values.only === "chance" && values.portraits) {
  const [trials, from] = [Number(values.trials), Number(values.from)];
  const { markdown, failures } = await chanceReport(portraitsIn(values.portraits), {
    trials,
    from,
    only: values.preset,
  });
  console.log(markdown);
  process.exit(values.strict && failures > 0 ? 1 : 0);
}
if (values.only !== undefined && !["mouth", "marks", "chance"].includes(values.only)) {
  console.error(`--only is "${values.only}"; it can be "speech", "mouth", "faces", "marks" or "chance"`);
  process.exit(2);
}
if (!values.portraits || !values.out) {
  console.error(
    "usage: npm run quality -- --portraits DIR --out DIR [--only mouth|marks|chance] [--preset NAME] [--portrait PART] [--size 512]",
  );
  process.exit(2);
}
const out = values.out;
const size = (values.size === "source" ? "source" : Number(values.size)) as CastParams["size"];
mkdirSync(out, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "quality-"));
const files = portraitsIn(values.portraits).map((path) => basename(path));
if (values.only === "mouth") {
  const misses = await writeMouths();
  rmSync(work, { recursive: true });
  process.exit(values.strict && misses > 0 ? 1 : 0);
}
const names = presetNames().filter((name) => !values.preset || name === values.preset);
const table: { portrait: string; presets: PresetFigures[]; closest: { pair: string; distance: number } | null }[] = [];
for (const file of files) {
  const portrait = parse(file).name;
  const presets = await portraitFigures(join(values.portraits, file), names, { size, fps: Number(values.fps) }, work);
  for (const { name, motion, clip } of presets) {
    const frames = keyInstants(motion).map((index) => rgbOf(clip.decoded[index]!, clip.width, clip.height));
    await writeSheet(frames, clip.face, join(out, `${portrait}-${name}.png`));
  }
  await blindSheet(portrait, presets);
  table.push({ portrait, presets, closest: closestPair(presets) });
  console.log(`${portrait}: ${presets.length} presets`);
}
rmSync(work, { recursive: true });
const { markdown, json, failures } = report(table);
writeFileSync(join(out, "quality.md"), markdown);
writeFileSync(join(out, "quality.json"), `${JSON.stringify(json, null, 2)}\n`);
if (values.baseline) {
  const baseline = Object.fromEntries(
    table.map(({ portrait, presets }) => [
      portrait,
      Object.fromEntries(presets.map(({ name, figures }) => [name, rounded(figures)])),
    ]),
  );
  writeFileSync(join(import.meta.dirname, "baseline.json"), `${JSON.stringify(baseline, null, 2)}\n`);
}
console.log(markdown);
if (values.strict && failures > 0) process.exitCode = 1;

async function writeMouths(): Promise<number> {
  const rows: MouthRow[] = [];
  for (const file of files) {
    const portrait = join(values.portraits!, file);
    const figures = await mouthFigures(portrait, { size, fps: Number(values.fps) }, join(work, "mouth.mp4"));
    rows.push({ portrait: parse(file).name, figures });
  }
  const { markdown, misses } = mouthReport(rows);
  writeFileSync(join(out, "mouth.md"), markdown);
  console.log(markdown);
  return misses;
}

/** In an order that says nothing; which is which stands in the key, row by row. */
async function blindSheet(portrait: string, presets: PresetFigures[]): Promise<void> {
  if (presets.length < 2) return;
  const random = randomFrom(portrait.length + presets.length);
  const shuffled = presets
    .map((preset) => ({ preset, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ preset }) => preset);
  const frames = shuffled.map(({ clip, apex }) => rgbOf(clip.decoded[apex]!, clip.width, clip.height));
  await writeBlindSheet(frames, shuffled[0]!.clip.face, join(out, `${portrait}-blind.png`));
  const key = shuffled.map(({ name }, i) => `row ${1 + Math.floor(i / 4)}, column ${1 + (i % 4)}: ${name}`).join("\n");
  writeFileSync(join(out, `${portrait}-blind.key.txt`), `${key}\n`);
}

function portraitsIn(dir: string): string[] {
  return filesIn(dir, /\.(jpe?g|png)$/i);
}

function filesIn(dir: string, named: RegExp): string[] {
  return readdirSync(dir)
    .filter((file) => named.test(file) && file.includes(values.portrait))
    .sort()
    .map((file) => join(dir, file));
}

/** Gentle and big smile are told apart by their amplitude. */
function closestPair(presets: PresetFigures[]): { pair: string; distance: number } | null {
  const curves = presets.map(({ clip }) => measuredCurves(clip));
  let closest: { pair: string; distance: number } | null = null;
  for (const [i, a] of presets.entries()) {
    for (const [j, b] of presets.entries()) {
      if (j <= i || [a.name, b.name].every((name) => name.endsWith("_smile") && !name.startsWith("sad"))) continue;
      const apart = distance(curves[i]!, curves[j]!);
      if (!closest || apart < closest.distance) closest = { pair: `${a.name} / ${b.name}`, distance: apart };
    }
  }
  return closest;
}
