/**
 * Contact sheets for looking at what the engine makes: `npm run sheets -- --portraits DIR --out DIR [--preset NAME] [--size 512]`.
 * One PNG per preset and portrait: whole frames at six telling instants (or `--instants N` even ones) side by side, below them the eyes and the mouth enlarged.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { parseArgs } from "node:util";
import type { AnimateParams } from "@smileloop/core/engine-protocol.ts";
import { type MotionFrames, sampleMotion } from "@smileloop/core/motion.ts";
import { loadPresets, presetMotion } from "@smileloop/core/preset.ts";
import { type Face, findFaces } from "@smileloop/engine/face/face.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { animate } from "@smileloop/engine/warp/animate.ts";
import { toRgb } from "@smileloop/engine/warp/planes.ts";
import sharp from "sharp";

const TILE = 320;
const EYES = { width: 1.5, height: 0.62 };
const MOUTH = { width: 1.25, height: 0.75 };

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

type Rgb = { data: Uint8Array; width: number; height: number };
const size = (values.size === "source" ? "source" : Number(values.size)) as AnimateParams["size"];
mkdirSync(values.out, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "sheets-"));
const presets = loadPresets(join(import.meta.dirname, "../../presets"));
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
  const result = await animate(
    {
      type: "run",
      run: "sheet",
      kind: "animate",
      inputs: { image: { path: portrait, type: "image" } },
      params: { size, face: 0, intensity: 1, seed: 1 },
      motion,
      outputs: { video },
      provenance: { job: "sheet", engine: "warp", version: "0" },
    },
    { signal: new AbortController().signal, progress: () => {} },
  );
  const instants = values.instants ? evenInstants(motion, Number(values.instants)) : keyInstants(motion);
  const frames = new Map<number, Rgb>();
  await readVideo(video, {
    onFrame: ({ index, width, height, yuv }) => {
      if (instants.includes(index)) frames.set(index, { data: toRgb(yuv(), width, height), width, height });
    },
  });
  const shown = instants.map((index) => frames.get(index)!);
  await writeSheet(shown, await faceIn(shown[0]!), file);
  return { instants, timings: result.timings };
}

function evenInstants({ frames }: MotionFrames, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.round((i * frames) / count));
}

/** The start, on the way to the strongest frame (35 % and 70 %), that frame, half way down, and late in the clip. */
function keyInstants(motion: MotionFrames): number[] {
  const tracks = Object.values(motion.faces[0]!.channels);
  const peaks = tracks.map((track) => Math.max(1e-6, ...track.map(Math.abs)));
  const strength = Array.from({ length: motion.frames }, (_, i) =>
    tracks.reduce((sum, track, k) => sum + Math.abs(track[i]!) / peaks[k]!, 0),
  );
  const most = Math.max(...strength);
  const apex = strength.indexOf(most);
  const rest = (share: number, from: number, step: 1 | -1): number => {
    let i = from;
    while (i > 0 && i < motion.frames - 1 && strength[i]! > share * most) i += step;
    return i;
  };
  return [0, rest(0.35, apex, -1), rest(0.7, apex, -1), apex, rest(0.5, apex, 1), Math.round(motion.frames * 0.85)];
}

async function faceIn({ data, width, height }: Rgb): Promise<Face> {
  const region = { x: 0, y: 0, width, height };
  const faces = await findFaces({ data, width, height, fullWidth: width, fullHeight: height, region, orientation: 1 });
  return faces[0]!;
}

async function writeSheet(frames: Rgb[], face: Face, file: string): Promise<void> {
  const at = (i: number): { x: number; y: number } => ({ x: face.points[i * 3]!, y: face.points[i * 3 + 1]! });
  const middle = (a: number, b: number) => ({ x: (at(a).x + at(b).x) / 2, y: (at(a).y + at(b).y) / 2 });
  const rows = [
    {
      centre: { x: frames[0]!.width / 2, y: frames[0]!.height / 2 },
      width: frames[0]!.width,
      height: frames[0]!.height,
    },
    { centre: middle(33, 263), width: EYES.width * face.eyeDistance, height: EYES.height * face.eyeDistance },
    { centre: middle(61, 291), width: MOUTH.width * face.eyeDistance, height: MOUTH.height * face.eyeDistance },
  ];
  const tiles: { input: Buffer; left: number; top: number }[] = [];
  let top = 0;
  for (const { centre, width, height } of rows) {
    const tileHeight = Math.round((TILE * height) / width);
    for (const [i, frame] of frames.entries()) {
      const region = cut(frame, centre, width, height);
      const raw = { width: frame.width, height: frame.height, channels: 3 as const };
      const image = sharp(frame.data, { raw })
        .extract(region)
        .resize(TILE, tileHeight, { fit: "fill", kernel: "cubic" });
      tiles.push({ input: await image.png().toBuffer(), left: i * (TILE + 4), top });
    }
    top += tileHeight + 4;
  }
  const width = frames.length * (TILE + 4) - 4;
  const canvas = sharp({ create: { width, height: top, channels: 3, background: "#202020" } });
  await canvas.composite(tiles).png().toFile(file);
}

function cut(frame: Rgb, centre: { x: number; y: number }, width: number, height: number) {
  const w = Math.min(frame.width, Math.round(width));
  const h = Math.min(frame.height, Math.round(height));
  const left = Math.max(0, Math.min(frame.width - w, Math.round(centre.x - w / 2)));
  const top = Math.max(0, Math.min(frame.height - h, Math.round(centre.y - h / 2)));
  return { left, top, width: w, height: h };
}
