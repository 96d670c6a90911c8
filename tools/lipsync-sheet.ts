/**
 * Videos before and after lip sync, to look at: `npm run mouths -- --portraits DIR --out DIR [--portrait PART] [--zoom 1]`. Each
 * portrait says a sentence (`talk`), and that video another one (`lipsync`). `lipsync.png` has two rows of mouths for each: the video that was
 * given and what became of it, in the middles of b, o, m, a, f and u of the new sentence. The strip in `docs/` is made with `--zoom 0.6`.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, parse, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Spoken } from "@smileloop/core/speech/spoken.ts";
import { readFilm } from "@smileloop/engine/media/film-reader.ts";
import { faceIn, type Rgb, rgbOf, writeMouthRows } from "./quality/sheet.ts";

const { values } = parseArgs({
  options: {
    portraits: { type: "string" },
    out: { type: "string" },
    portrait: { type: "string", default: "" },
    zoom: { type: "string", default: "1" },
  },
});
if (!values.portraits || !values.out) {
  console.error("usage: npm run mouths -- --portraits DIR --out DIR [--portrait PART] [--zoom 1]");
  process.exit(2);
}
const { portraits, out } = values;
const GIVEN = "My mother bought some fish and a blue vase at the market, before we all came home.";
const NEW = "Bobby mapped my five blue vans.";
/** By the beginning of their phones. */
const SOUNDS = [/^b/, /^[ɒɑɔo]/, /^m/, /^[aæ]/, /^f/, /^u/];

mkdirSync(out, { recursive: true });
const cli = join(import.meta.dirname, "../packages/cli/bin/smileloop.mjs");
const smileloop = (...args: string[]) => execFileSync(process.execPath, [cli, ...args, "-f", "-q"], { cwd: out });
smileloop("speak", NEW, "-o", "new.wav", "--spoken", "new.json");
const { phones } = JSON.parse(readFileSync(join(out, "new.json"), "utf8")) as Spoken;
const instants = SOUNDS.map((sound) => {
  const { start, end } = phones.find(({ phone }) => sound.test(phone))!;
  return (start + end) / 2;
});

const rows: { frames: Rgb[]; face: Awaited<ReturnType<typeof faceIn>> }[] = [];
for (const file of readdirSync(portraits).sort()) {
  if (!/\.(jpe?g|png)$/i.test(file) || !file.includes(values.portrait)) continue;
  const { name } = parse(file);
  smileloop("talk", resolve(portraits, file), "--text", GIVEN, "--seed", "1", "-o", `${name}.mp4`);
  smileloop("lipsync", `${name}.mp4`, "new.wav", "--transcript", NEW, "-o", `${name}-new.mp4`);
  const given = await framesOf(join(out, `${name}.mp4`));
  const face = await faceIn(given[0]!);
  rows.push({ frames: given, face }, { frames: await framesOf(join(out, `${name}-new.mp4`)), face });
}
await writeMouthRows(rows, join(out, "lipsync.png"), Number(values.zoom));

/** What is shown at each of the instants. */
async function framesOf(path: string): Promise<Rgb[]> {
  const frames: Rgb[] = [];
  let shown: Rgb | null = null;
  await readFilm(path, {
    ...{ signal: new AbortController().signal, maxSeconds: 60 },
    onFrame: ({ seconds, yuv }, { width, height }) => {
      for (; shown && frames.length < instants.length && seconds > instants[frames.length]!; frames.push(shown));
      shown = rgbOf(yuv(), width, height);
    },
  });
  return frames;
}
