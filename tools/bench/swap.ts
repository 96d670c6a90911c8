/**
 * Faces that are swapped, frame by frame, with the tracking that each frame needs: a head that drifts, at the sizes of the project's
 * goals, E being the distance of the outer eye corners. Processor time of one thread, in a process of its own.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Face, findFaces, trackFace } from "@smileloop/engine/face/face.ts";
import type { Scene } from "@smileloop/engine/faces/processor.ts";
import { faceSwapper } from "@smileloop/engine/faces/swap/swapper.ts";
import { decodePicture, type Picture } from "@smileloop/engine/media/picture.ts";
import { toPlanes } from "@smileloop/engine/media/planes.ts";
import sharp from "sharp";
import { ASTRONAUT, GRACE_HOPPER } from "../../test/support/pictures.ts";
import { type Figure, median } from "./measure.ts";

const SIZES = [
  { side: 512, eyes: 180, targetMs: 120 },
  { side: 1280, eyes: 300, targetMs: 450 },
];
const FRAMES = 50;
/** Frames that are not counted: code is compiled in them. */
const WARM = 20;
const MOST_MB = 450;

type Spent = { ms: number[]; peakMb: number };

export async function swapFigures(): Promise<Figure[]> {
  return SIZES.flatMap(({ side, eyes, targetMs }): Figure[] => {
    const name = `a face swapped in a frame, ${side}², E ${eyes}`;
    const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), `${side}`, `${eyes}`]);
    const { ms, peakMb } = JSON.parse(output.toString()) as Spent;
    return [
      { name, unit: "ms", value: median(ms), target: targetMs, runs: ms, note: "processor time, with tracking" },
      { name: "  memory of its process at most", unit: "MB", value: peakMb, target: MOST_MB },
    ];
  });
}

/** A part of the sample portrait in which the eyes are so far apart, shifted a little. */
async function frameAt(side: number, eyes: number, shift: number): Promise<Picture> {
  const portrait = await decodePicture(GRACE_HOPPER);
  const face = (await findFaces(portrait))[0]!;
  const cut = (side * face.eyeDistance) / eyes;
  const left = Math.round(face.crop.x - cut / 2 + shift);
  const top = Math.round(face.crop.y - cut / 2);
  const raw = { width: portrait.width, height: portrait.height, channels: 3 } as const;
  const edge = Math.ceil(cut);
  const wide = await sharp(portrait.data, { raw })
    .extend({ top: edge, bottom: edge, left: edge, right: edge, extendWith: "copy" })
    .png()
    .toBuffer();
  const data = await sharp(wide)
    .extract({ left: left + edge, top: top + edge, width: Math.round(cut), height: Math.round(cut) })
    .resize(side, side, { fit: "fill" })
    .raw()
    .toBuffer();
  const size = { width: side, height: side };
  return { ...size, data, fullWidth: side, fullHeight: side, region: { x: 0, y: 0, ...size }, orientation: 1 };
}

async function measure(side: number, eyes: number): Promise<Spent> {
  const source = await decodePicture(ASTRONAUT);
  const pictures = await Promise.all([0, 1, 2, 3].map((shift) => frameAt(side, eyes, shift)));
  // faces of a video are followed in its own planes
  const planes = pictures.map((picture) => {
    const { y, u, v } = toPlanes(picture.data, side, side);
    return { width: side, height: side, yuv: Buffer.concat([y, u, v]) };
  });
  const found = (await findFaces(pictures[0]!))[0]!;
  const sceneAt = async (index: number): Promise<Scene> => {
    const { width, height, data } = pictures[index % pictures.length]!;
    const frame = { ...pictures[0]!, width, height, data: new Uint8Array(data) };
    const face: Face = { ...found, ...(await trackFace(planes[index % planes.length]!, found.crop)) };
    return { frame, faces: [{ ...face, track: 0, clear: true }], index, seconds: index / 25 };
  };
  const clip = { width: side, height: side, frames: FRAMES, fps: 25, scale: 100, sceneAt };
  const context = { signal: new AbortController().signal };
  const prepared = await faceSwapper.prepare(
    { name: "face_swapper" },
    clip,
    { pictures: [source], speech: null },
    context,
  );
  const ms: number[] = [];
  for (let index = 0; index < FRAMES; index++) {
    const before = process.cpuUsage();
    await prepared.apply(await sceneAt(index));
    const { user, system } = process.cpuUsage(before);
    if (index >= WARM) ms.push((user + system) / 1000);
  }
  return { ms, peakMb: process.resourceUsage().maxRSS / 1024 };
}

if (import.meta.main) {
  const [side, eyes] = process.argv.slice(2).map(Number) as [number, number];
  console.log(JSON.stringify(await measure(side, eyes)));
}
