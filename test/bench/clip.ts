/** The clip that the project's figures are about: a 12-megapixel JPEG → 3 s, 25 frames a second, 512 × 512, gentle_smile. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunRequest } from "@smileloop/core/engine-protocol.ts";
import { sampleMotion } from "@smileloop/core/motion.ts";
import { loadPresets, presetMotion } from "@smileloop/core/preset.ts";
import { decodePicture } from "@smileloop/engine/media/picture.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import { startEngine } from "../support/engine.ts";
import { twelveMegapixels } from "../support/pictures.ts";
import { type Figure, median, type Part, RUNS, seconds, timed } from "./measure.ts";

const PRESETS = fileURLToPath(new URL("../../presets", import.meta.url));
const WORK_ONLY = ["--kinds", "animate", "--services", "inspect,finish"];

export const clip: Part = {
  name: "clip",
  figures: async () => {
    const dir = mkdtempSync(join(tmpdir(), "smileloop-bench-"));
    try {
      return await figuresIn(dir);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

async function figuresIn(dir: string): Promise<Figure[]> {
  const image = join(dir, "portrait.jpg");
  const video = join(dir, "clip.mp4");
  writeFileSync(image, await twelveMegapixels());
  const request = requestFor(image, video);

  const warm = await startEngine(WORK_ONLY);
  await warm.ask({ ...request, run: "warm-up" });
  const warmRuns = seconds(await timed(RUNS, (run) => warm.ask({ ...request, run: `${run}` })));
  const peak = warm.peakBytes();
  await warm.close();

  const coldRuns: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const before = performance.now();
    const engine = await startEngine(WORK_ONLY);
    await engine.ask(request);
    coldRuns.push((performance.now() - before) / 1000);
    await engine.close();
  }

  const decode = median(await timed(RUNS, () => decodePicture(image))) / 1000;
  const encode = (await encodeAlone(video, join(dir, "again.mp4"))) / 1000;
  const limit = { name: "full decode + x264 alone", value: decode + encode };
  return [
    { name: "12 MP JPEG → 512² clip, warm", unit: "s", value: median(warmRuns), target: 1.4, limit, runs: warmRuns },
    {
      name: "12 MP JPEG → 512² clip, new process",
      unit: "s",
      value: median(coldRuns),
      target: 2,
      limit,
      runs: coldRuns,
    },
    { name: "  full decode of the 12 MP JPEG alone", unit: "s", value: decode, target: null },
    { name: "  x264 alone on ready frames", unit: "s", value: encode, target: null },
    { name: "peak memory of the engine", unit: "MB", value: peak / 1e6, target: 350 },
  ];
}

function requestFor(image: string, video: string): RunRequest {
  const preset = loadPresets(PRESETS).get("gentle_smile")!;
  return {
    type: "run",
    run: "run",
    kind: "animate",
    inputs: { image: { path: image, type: "image/jpeg" } },
    params: { size: 512, face: 0, intensity: 1, seed: 0 },
    motion: sampleMotion(presetMotion(preset), { fps: 25, durationSeconds: 3, intensity: 1 }),
    outputs: { video },
    provenance: { job: "0".repeat(32), engine: "warp", version: "0" },
  };
}

/** Milliseconds that the encoder takes for the frames of a finished clip. */
async function encodeAlone(from: string, to: string): Promise<number> {
  const frames: Uint8Array[] = [];
  const { width, height, fps } = await readVideo(from, { onFrame: (frame) => frames.push(frame.yuv()) });
  const times = await timed(RUNS, async () => {
    const provenance = { job: "0".repeat(32), engine: "bench", version: "0" };
    const writer = await openVideoWriter({ path: to, width, height, fps, provenance });
    for (const frame of frames) await writer.write(frame);
    await writer.close();
  });
  return median(times);
}
