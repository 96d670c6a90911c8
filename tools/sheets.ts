/**
 * Contact sheets for looking at what the engine makes: `npm run sheets -- --portraits DIR --out DIR [--preset NAME] [--size 512]`.
 * One PNG per preset and portrait: whole frames at six telling instants (or `--instants N` even ones) side by side, below them the eyes and the mouth enlarged.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { parseArgs } from "node:util";
import type { CastParams } from "@smileloop/core/engine/services.ts";
import { type MotionFrames, sampleMotion } from "@smileloop/core/motion/motion.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { animate } from "@smileloop/engine/warp/animate.ts";
import { toldOf } from "../test/support/asked.ts";
import { provenance } from "../test/support/provenance.ts";
import { evenInstants, faceIn, keyInstants, type Rgb, rgbOf, writeSheet } from "./quality/sheet.ts";

const { values } = parseArgs({
  options: {
    portraits: { type: "string" },
    out: { type: "string" },
    preset: { type: "string" },
    portrait: { type: "string" },
    size: { type: "string", default: "512" },
    intensity: { type: "string", default: "1" },
    instants: { type: "string" },
  },
});
if (!values.portraits || !values.out) {
  console.error("usage: npm run sheets -- --portraits DIR --out DIR [--preset NAME] [--portrait PART] [--size 512]");
  process.exit(2);
}

const size = (values.size === "source" ? "source" : Number(values.size)) as CastParams["size"];
mkdirSync(values.out, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "sheets-"));
const presets = loadPresets(join(import.meta.dirname, "../presets"));
for (const portrait of readdirSync(values.portraits).sort()) {
  if (!/\.(jpe?g|png)$/i.test(portrait) || !portrait.includes(values.portrait ?? "")) continue;
  for (const preset of presets.values()) {
    if (values.preset && preset.name !== values.preset) continue;
    const motion = sampleMotion(presetMotion(preset), {
      fps: preset.fps,
      durationSeconds: preset.duration,
      intensity: Number(values.intensity),
    });
    const file = join(values.out, `${parse(portrait).name}-${preset.name}.png`);
    console.log(file, JSON.stringify(await sheetOf(join(values.portraits, portrait), motion, file)));
  }
}
rmSync(work, { recursive: true });

async function sheetOf(portrait: string, motion: MotionFrames, file: string): Promise<unknown> {
  const video = join(work, "video.mp4");
  const { run } = await toldOf({ image: portrait, motion, size, seed: 1 });
  const result = await animate(
    {
      type: "run",
      run: "sheet",
      ...run,
      outputs: { video },
      provenance,
    },
    { signal: new AbortController().signal, progress: () => {} },
  );
  const instants = values.instants ? evenInstants(motion, Number(values.instants)) : keyInstants(motion);
  const frames = new Map<number, Rgb>();
  await readVideo(video, {
    onFrame: ({ index, width, height, yuv }) => {
      if (instants.includes(index)) frames.set(index, rgbOf(yuv(), width, height));
    },
  });
  const shown = instants.map((index) => frames.get(index)!);
  await writeSheet(shown, await faceIn(shown[0]!), file);
  return { instants, timings: result.timings };
}
