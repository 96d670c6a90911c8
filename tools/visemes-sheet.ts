/**
 * Mouths that speak, to look at: `npm run visemes -- --portraits DIR --out DIR [--portrait PART] [--size 512] [--zoom 1] [--what visemes|bobby|PRESET]`.
 * One PNG with a row per portrait: all visemes held, the middle of each sound of "Bobby mapped my five blue vans" (or of `--sounds o,m,f`,
 * the first of each), or even instants of a preset. The strip in `docs/` is made by `--what bobby --sounds b,o,m,a,f,u --zoom 0.6` of `test/fixtures`.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { CastParams } from "@smileloop/core/engine/services.ts";
import { type MotionFrames, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { motionOfCast } from "@smileloop/core/motion/phases.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import { openStage } from "@smileloop/engine/warp/stage.ts";
import { evenInstants, type Rgb, rgbOf, writeMouthRows } from "./quality/sheet.ts";
import { bobby, heldVisemes, speechMotion } from "./quality/visemes.ts";

const { values } = parseArgs({
  options: {
    portraits: { type: "string" },
    out: { type: "string" },
    portrait: { type: "string", default: "" },
    size: { type: "string", default: "512" },
    what: { type: "string", default: "visemes" },
    zoom: { type: "string", default: "1" },
    instants: { type: "string", default: "16" },
    sounds: { type: "string" },
  },
});
if (!values.portraits || !values.out) {
  console.error("usage: npm run visemes -- --portraits DIR --out DIR [--portrait PART] [--what visemes|bobby|PRESET]");
  process.exit(2);
}
mkdirSync(values.out, { recursive: true });
const size = (values.size === "source" ? "source" : Number(values.size)) as CastParams["size"];
const { motion, instants } = shownOf(values.what);
const rows: { frames: Rgb[]; face: Parameters<typeof writeMouthRows>[0][number]["face"] }[] = [];
for (const file of readdirSync(values.portraits).sort()) {
  if (!/\.(jpe?g|png)$/i.test(file) || !file.includes(values.portrait)) continue;
  const path = join(values.portraits, file);
  const { cast } = await castPicture(path, { size, face: 0 });
  const told = motionOfCast(motion, cast.movers, 0);
  const stage = await openStage(path, cast, new AbortController().signal);
  const frameAt = stage.play(told, 0);
  const { width, height } = stage.scene.still;
  const frames = instants.map((index) => rgbOf(frameAt(index), width, height));
  rows.push({ frames, face: stage.scene.movers[0]!.face });
}
await writeMouthRows(rows, join(values.out, `${values.what}.png`), Number(values.zoom));

function shownOf(what: string): { motion: MotionFrames; instants: number[] } {
  if (what === "visemes" || what === "bobby") {
    const sounds = what === "bobby" ? bobby() : heldVisemes();
    const shown = values.sounds?.split(",").map((name) => sounds.find(({ sound }) => sound === name)!) ?? sounds;
    const middles = shown.map(({ start, end }) => Math.round(((start + end) / 2) * 25));
    return { motion: speechMotion(sounds, 25), instants: [0, ...middles] };
  }
  const preset = loadPresets(join(import.meta.dirname, "../presets")).get(what)!;
  const options = { fps: preset.fps, durationSeconds: preset.duration, intensity: 1 };
  const sampled = sampleMotion(presetMotion(preset), options);
  return { motion: sampled, instants: evenInstants(sampled, Number(values.instants)) };
}
