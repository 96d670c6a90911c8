/** A clip that is for sale has a preview beside it, made in the same pass; its poster is one of the preview. */
import { randomInt } from "node:crypto";
import { join } from "node:path";
import type { PosterOrder, PreviewOrder } from "@smileloop/core/engine/protocol.ts";
import { OPEN, PREVIEW } from "@smileloop/core/job/may-read.ts";
import type { JobOutput, JobRecord } from "@smileloop/core/job/record.ts";
import { previewSize } from "@smileloop/core/media/preview-size.ts";
import type { JobIo } from "../job-io.ts";
import type { OutputFacts } from "../store-output.ts";

/** What the engine is to make besides, where the job is for sale. Where the mark is, nobody can tell before. */
export function previewOf(
  { charge }: Pick<JobRecord, "charge">,
  { dir }: Pick<JobIo, "dir">,
): { preview?: PreviewOrder } {
  return charge ? { preview: { path: join(dir, "preview.mp4"), seed: previewSeed() } } : {};
}

export function previewSeed(): number {
  return randomInt(2 ** 32);
}

type ClipOutputs = { video: string; poster?: PosterOrder | undefined; preview?: PreviewOrder | undefined };
type Shape = { width: number; height: number; frames: number; fps: number; duration: number };
type Checked = { video: Omit<OutputFacts, "type"> & Shape; poster?: Omit<OutputFacts, "type"> | undefined };

/** The files that the check gets to see: a poster of a preview shows another picture than the video. */
export function checkedFiles({ video, poster, preview }: ClipOutputs): { video: string; poster?: PosterOrder } {
  return preview || !poster ? { video } : { video, poster };
}

/** Stores what was made, the video first. */
export async function storeClip(
  io: JobIo,
  { video, poster, preview }: ClipOutputs & { poster: PosterOrder },
  checked: Checked,
  type: string,
): Promise<Record<string, JobOutput>> {
  const stored = { video: await io.store("video", video, { type, ...checked.video }) };
  const jpeg = "image/jpeg";
  if (!preview) return { ...stored, poster: await io.store("poster", poster.path, { type: jpeg, ...checked.poster }) };
  const size = previewSize(checked.video);
  const { frames, fps, duration, audio } = checked.video;
  const facts = { ...size, frames, fps, duration, ...(audio && { audio }), access: OPEN };
  return {
    ...stored,
    [PREVIEW]: await io.store(PREVIEW, preview.path, { type: "video/mp4", ...facts }),
    poster: await io.store("poster", poster.path, { type: jpeg, ...size, access: OPEN }),
  };
}
