/**
 * The clips that the project's figures are about: a 12-megapixel JPEG → 3 s, 25 frames a second; 512 × 512 gentle_smile first of
 * all. `growth` is a part of its own: 200 clips take minutes.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CastParams } from "@smileloop/core/engine/services.ts";
import type { AnimateRun } from "@smileloop/core/engine/tasks/animate.ts";
import { sampleMotion } from "@smileloop/core/motion/motion.ts";
import { loadPresets, presetMotion } from "@smileloop/core/motion/preset.ts";
import { decodePicture } from "@smileloop/engine/media/picture.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import { type Told, toldOf } from "../../test/support/asked.ts";
import { startEngine } from "../../test/support/engine.ts";
import { twelveMegapixels } from "../../test/support/pictures.ts";
import { type Figure, median, type Part, RUNS, seconds, timed } from "./measure.ts";
import { stageFigures } from "./stages.ts";

const PRESETS = fileURLToPath(new URL("../../presets", import.meta.url));
export const PROVENANCE = { job: "0".repeat(32), engine: "warp", version: "0", mark: null };
const WORK_ONLY = ["--kinds", "animate", "--checks", "", "--services", "inspect,finish"];

export const clip: Part = {
  name: "clip",
  figures: (options) => inFolder((dir) => (options.stages ? stageFigures(dir, options) : clipFigures(dir))),
};
export const growth: Part = { name: "growth", figures: () => inFolder(growthFigures), onRequest: true };

/** A folder that is there while figures are taken. */
export async function inFolder(figures: (dir: string) => Promise<Figure[]>): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-bench-"));
  try {
    return await figures(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

type Case = { name: string; preset: string; size: CastParams["size"]; target: number | null; memory?: number };

const CASES: Case[] = [
  { name: "512², gentle_smile", preset: "gentle_smile", size: 512, target: 1.0, memory: 350 },
  { name: "512², big_smile (3.4 s)", preset: "big_smile", size: 512, target: null },
  { name: "1024², gentle_smile", preset: "gentle_smile", size: 1024, target: 2.8, memory: 450 },
  { name: "source (1280 wide), gentle_smile", preset: "gentle_smile", size: "source", target: 3.5 },
];

async function clipFigures(dir: string): Promise<Figure[]> {
  const image = join(dir, "portrait.jpg");
  const video = join(dir, "clip.mp4");
  writeFileSync(image, await twelveMegapixels());
  const decode = median(await timed(RUNS, () => decodePicture(image))) / 1000;
  const figures: Figure[] = [];
  const perFrame = new Map<string, number>();
  for (const { name, preset, size, target, memory } of CASES) {
    const request = await requestFor(image, video, preset, size);
    const engine = await startEngine(WORK_ONLY);
    await engine.ask({ ...request, run: "warm-up" });
    const runs = seconds(await timed(RUNS, (run) => engine.ask({ ...request, run: `${run}` })));
    const peak = engine.peakBytes();
    await engine.close();
    const encode = (await encodeAlone(video, join(dir, "again.mp4"))) / 1000;
    const limit = { name: "full decode + x264 alone", value: decode + encode };
    figures.push({ name: `12 MP JPEG → ${name}, warm`, unit: "s", value: median(runs), target, limit, runs });
    if (memory) figures.push({ name: "  peak memory of the engine", unit: "MB", value: peak / 1e6, target: memory });
    perFrame.set(preset + size, median(runs) / request.motion.frames);
    if (size !== 512 || preset !== "gentle_smile") continue;
    const cold = seconds(await timed(RUNS, () => inNewProcess(request)));
    figures.push({
      name: `12 MP JPEG → ${name}, new process`,
      unit: "s",
      value: median(cold),
      target: 1.7,
      limit,
      runs: cold,
    });
    figures.push({ name: "  full decode of the 12 MP JPEG alone", unit: "s", value: decode, target: null });
    figures.push({ name: "  x264 alone on ready frames", unit: "s", value: encode, target: null });
  }
  const ratio = perFrame.get("big_smile512")! / perFrame.get("gentle_smile512")!;
  figures.push({ name: "big_smile against gentle_smile, per frame", unit: "×", value: ratio, target: 1.3 });
  return figures;
}

async function inNewProcess(request: AnimateRun): Promise<void> {
  const engine = await startEngine(WORK_ONLY);
  await engine.ask(request);
  await engine.close();
}

const CLIPS = 200;
const SETTLED = 50;

/** What one process grows by when it goes on and on, with another preset each time. */
async function growthFigures(dir: string): Promise<Figure[]> {
  const image = join(dir, "portrait.jpg");
  writeFileSync(image, await twelveMegapixels());
  const names = [...loadPresets(PRESETS).keys()];
  const engine = await startEngine(WORK_ONLY);
  let settled = 0;
  for (let nth = 0; nth < CLIPS; nth++) {
    const request = await requestFor(image, join(dir, "clip.mp4"), names[nth % names.length]!, 512);
    await engine.ask({ ...request, run: `${nth}` });
    if (nth + 1 === SETTLED) settled = engine.peakBytes();
  }
  const peak = engine.peakBytes();
  await engine.close();
  return [
    { name: `peak memory after ${SETTLED} clips`, unit: "MB", value: settled / 1e6, target: null },
    { name: `peak memory after ${CLIPS} clips`, unit: "MB", value: peak / 1e6, target: (1.15 * settled) / 1e6 },
  ];
}

async function requestFor(
  image: string,
  video: string,
  name: string,
  size: CastParams["size"],
): Promise<AnimateRun & Told["run"]> {
  const { run } = await tellClip(image, name, size);
  return { type: "run", run: "run", ...run, outputs: { video }, provenance: PROVENANCE };
}

/** What a run and a check of a preset are told; `seconds`: of the clip, where not the preset's own. */
export async function tellClip(image: string, name: string, size: CastParams["size"], seconds?: number): Promise<Told> {
  const preset = loadPresets(PRESETS).get(name)!;
  const durationSeconds = seconds ?? preset.duration;
  const motion = sampleMotion(presetMotion(preset), { fps: 25, durationSeconds, intensity: 1 });
  return toldOf({ image, motion, size });
}

/** Milliseconds that the encoder takes for the frames of a finished clip. */
export async function encodeAlone(from: string, to: string): Promise<number> {
  return median(await timed(RUNS, await encoderAlone(from, to)));
}

/** Encodes the frames of a finished clip, which are read once, at each call. */
export async function encoderAlone(from: string, to: string): Promise<() => Promise<void>> {
  const frames: Uint8Array[] = [];
  const { width, height, fps } = await readVideo(from, { onFrame: (frame) => frames.push(frame.yuv()) });
  return async () => {
    const writer = await openVideoWriter({ path: to, width, height, fps, provenance: PROVENANCE });
    for (const frame of frames) await writer.write(frame);
    await writer.close();
  };
}
