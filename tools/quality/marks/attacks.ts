/** What happens to clips on their way through the world, by which their mark has to be read still. */

import { openEncoder, PICTURE_ENCODERS, type PictureEncoder, toFrame } from "@smileloop/engine/media/encoders.ts";
import { openFilter, yuvSource } from "@smileloop/engine/media/filter.ts";
import { marksOf } from "@smileloop/engine/media/marks.ts";
import { openMuxed } from "@smileloop/engine/media/muxed.ts";
import { writePoster } from "@smileloop/engine/media/poster.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { openVideoWriter } from "@smileloop/engine/media/video-writer.ts";
import { Rational } from "node-av/lib";
import sharp from "sharp";

/** Planar 4:2:0, BT.709, limited range. */
export type Frames = { width: number; height: number; frames: Uint8Array[] };

type Encoding =
  | { to: "h264"; crf: number }
  | { to: "vp9" | "av1" | "gif" }
  | { to: "jpeg"; quality: number; scale?: number };

/** `promised`: the payload is always read after it. `filters`: of FFmpeg. `keep`: which frames are left of three. `next`: what happens after it. */
export type Attack = {
  name: string;
  promised: boolean;
  filters?: string;
  keep?: readonly number[];
  encoding: Encoding;
  next?: Omit<Attack, "name" | "promised">;
};

const x264 = (crf: number): Encoding => ({ to: "h264", crf });
const promised = (name: string, encoding: Encoding, more: Partial<Attack> = {}): Attack => ({
  ...{ name, promised: true, encoding },
  ...more,
});
const hoped = (name: string, encoding: Encoding, more: Partial<Attack> = {}): Attack => ({
  ...{ name, promised: false, encoding },
  ...more,
});

export const ATTACKS: readonly Attack[] = [
  ...[23, 28, 33].map((crf) => promised(`x264, crf ${crf}`, x264(crf))),
  ...[360, 720].map((side) => promised(`scaled to ${side}, crf 23`, x264(23), { filters: `scale=${side}:-2` })),
  promised("10 % cropped, crf 26", x264(26), { filters: "crop=trunc(iw*0.45)*2:trunc(ih*0.45)*2:iw*0.07:ih*0.02" }),
  promised("25 % cropped, crf 23", x264(23), { filters: "crop=trunc(iw*0.375)*2:trunc(ih*0.375)*2" }),
  promised("1.5 times as fast, crf 23", x264(23), { keep: [0, 2] }),
  promised("mirrored, crf 23", x264(23), { filters: "hflip" }),
  promised("lighter, contrast 1.25", x264(23), { filters: "eq=brightness=0.08:contrast=1.25" }),
  promised("darker, contrast 0.75, gamma 1.2", x264(23), { filters: "eq=brightness=-0.05:contrast=0.75:gamma=1.2" }),
  promised("VP9, crf 36", { to: "vp9" }),
  promised("AV1, crf 40", { to: "av1" }),
  promised("GIF of 320", { to: "gif" }, { filters: "scale=320:-2" }),
  promised("GIF of 256", { to: "gif" }, { filters: "scale=256:-2" }),
  ...[70, 50].map((quality) => promised(`one still, JPEG ${quality}`, { to: "jpeg", quality })),
  promised("one still of 80 %, JPEG 50", { to: "jpeg", quality: 50, scale: 0.8 }),
  promised("in bars of 9:16, crf 28", x264(28), {
    filters: "scale=720:720:force_original_aspect_ratio=decrease:force_divisible_by=2,pad=720:1280:-1:-1",
  }),
  promised("blurred by 1.2, crf 26", x264(26), { filters: "gblur=sigma=1.2" }),
  promised("noise of 12, crf 26", x264(26), { filters: "noise=alls=12:allf=t:all_seed=1" }),
  hoped("x264, crf 38", x264(38)),
  hoped("scaled to 256, crf 26", x264(26), { filters: "scale=256:-2" }),
  hoped("480, crf 30, then crf 28", x264(30), { filters: "scale=480:-2", next: { encoding: x264(28) } }),
];

/** Writes what becomes of a clip; the ending of `path` is put on by this. Answers the file and its type. */
export async function attacked(
  clip: Frames,
  { filters, keep, encoding, next }: Omit<Attack, "name" | "promised">,
  path: string,
): Promise<{ path: string; type: string }> {
  const kept = keep ? clip.frames.filter((_, n) => keep.includes(n % 3)) : clip.frames;
  const changed = filters ? filtered({ ...clip, frames: kept }, filters) : { ...clip, frames: kept };
  const file = await encode(changed, encoding, path);
  return next ? attacked(await framesOf(file.path), next, `${path}-next`) : file;
}

export async function framesOf(path: string): Promise<Frames> {
  const frames: Uint8Array[] = [];
  const { width, height } = await readVideo(path, { onFrame: ({ yuv }) => frames.push(yuv()) });
  return { width, height, frames };
}

function filtered({ width, height, frames }: Frames, filters: string): Frames {
  const run = openFilter(`${yuvSource("in", width, height, "1/25")},${filters},format=yuv420p,buffersink@out`);
  const out: Uint8Array[] = [];
  const size = { width, height };
  const take = () => {
    for (const frame of run.out()) {
      Object.assign(size, { width: frame.width, height: frame.height });
      out.push(frame.toBuffer());
    }
  };
  for (const [n, yuv] of [...frames, null].entries()) {
    const frame = yuv && toFrame(yuv, width, height, BigInt(n));
    run.add(frame);
    frame?.free();
    take();
  }
  run.free();
  return { ...size, frames: out };
}

const ENCODERS: Record<"vp9" | "av1", PictureEncoder & { container: string }> = {
  vp9: { ...PICTURE_ENCODERS.vp9, options: { ...PICTURE_ENCODERS.vp9.options, crf: 36 }, container: "webm" },
  av1: { ...PICTURE_ENCODERS.vp9, codec: "libsvtav1", options: { crf: 40, preset: 10 }, container: "mp4" },
};
const PROVENANCE = { job: "attack", engine: "none", version: "0", mark: null };

async function encode(clip: Frames, encoding: Encoding, path: string): Promise<{ path: string; type: string }> {
  const { width, height, frames } = clip;
  if (encoding.to === "jpeg") return still(clip, encoding, `${path}.jpg`);
  if (encoding.to === "vp9" || encoding.to === "av1") return encodeWith(clip, ENCODERS[encoding.to], path);
  const [ending, type] = encoding.to === "gif" ? ["gif", "image/gif"] : ["mp4", "video/mp4"];
  const to = `${path}.${ending}`;
  const quality = encoding.to === "h264" ? { x264: { crf: encoding.crf } } : {};
  const writer = await openVideoWriter({ path: to, width, height, fps: 25, provenance: PROVENANCE, ...quality });
  for (const frame of frames) await writer.write(frame);
  await writer.close();
  return { path: to, type };
}

async function encodeWith(
  { width, height, frames }: Frames,
  { container, ...with_ }: PictureEncoder & { container: string },
  path: string,
) {
  const to = `${path}.${container}`;
  const rate = new Rational(25, 1);
  const encoder = await openEncoder(with_, { width, height, rate });
  const file = await openMuxed({ path: to, container, encoder, rate, frameTicks: 1n });
  try {
    for (const [n, yuv] of frames.entries()) {
      const frame = toFrame(yuv, width, height, BigInt(n));
      await file.encode(frame);
      frame.free();
    }
    await file.finish();
  } finally {
    file.free();
  }
  return { path: to, type: `video/${container}` };
}

async function still(
  { width, height, frames }: Frames,
  { quality, scale = 1 }: { quality: number; scale?: number },
  path: string,
) {
  const marks = marksOf(PROVENANCE, "picture");
  await writePoster(`${path}.full.jpg`, frames[Math.floor(frames.length / 2)]!, width, height, marks);
  const image = sharp(`${path}.full.jpg`).resize(Math.round(width * scale));
  await image.jpeg({ quality }).toFile(path);
  return { path, type: "image/jpeg" };
}
