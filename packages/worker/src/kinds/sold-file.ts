/**
 * A finished file that is for sale gets a preview beside it, whatever engine has made it: the process that checks results makes it of the very
 * file that was checked. Its poster is one of the preview.
 */
import { join } from "node:path";
import { type PreviewRequest, previewResultSchema } from "@smileloop/core/engine/preview-service.ts";
import type { PosterOrder } from "@smileloop/core/engine/protocol.ts";
import { OPEN, PREVIEW } from "@smileloop/core/job/may-read.ts";
import type { JobOutput } from "@smileloop/core/job/record.ts";
import { fileOf, type JobIo } from "../job-io.ts";
import type { OutputFacts } from "../store-output.ts";
import type { ClaimedJob } from "./handler.ts";
import { previewSeed } from "./sold-clip.ts";

type Outputs = Record<string, JobOutput>;
/** `times`: when frames are shown, where they are not evenly apart. */
type FilmFiles = { video: string; poster: PosterOrder; type: string; times?: readonly number[] | undefined };
type Shape = { width: number; height: number; fps: number; frames: number; duration: number };
type Checked = {
  video: Omit<OutputFacts, "type"> & Shape;
  poster?: Omit<OutputFacts, "type"> | undefined;
};

/** What the engine is to write, and the check to look at: where the job is for sale, the poster is not one of the clean video. */
export function orderedFilm(
  { record: { charge } }: ClaimedJob,
  { video, poster }: Pick<FilmFiles, "video" | "poster">,
): { video: string; poster?: PosterOrder } {
  return charge ? { video } : { video, poster };
}

/** Stores a video, its poster, and its preview where the job is for sale. */
export async function storeFilm(job: ClaimedJob, io: JobIo, files: FilmFiles, checked: Checked): Promise<Outputs> {
  const { video, poster, type, times } = files;
  const stored = await io.timed("upload", () => io.store("video", video, { type, ...checked.video }));
  if (!job.record.charge) {
    const facts = { type: "image/jpeg", ...checked.poster };
    return { video: stored, poster: await io.timed("upload", () => io.store("poster", poster.path, facts)) };
  }
  const { width, height, fps, frames, duration, audio } = checked.video;
  const film = { width, height, fps, frames, sound: audio !== undefined, ...(times && { times: [...times] }) };
  const order = { preview: previewOrder(io, "mp4"), poster };
  const { type: made, ...size } = await preview(
    io,
    { file: [fileOf({ path: video, type })] },
    { film, outputs: order },
  );
  const facts = { ...size, fps, frames, duration, ...(audio && { audio }), access: OPEN };
  return io.timed("upload", async () => ({
    video: stored,
    [PREVIEW]: await io.store(PREVIEW, order.preview.path, { type: made, ...facts }),
    poster: await io.store("poster", poster.path, { type: "image/jpeg", ...size, access: OPEN }),
  }));
}

/** Stores a picture, and its preview where the job is for sale. */
export async function storePicture(job: ClaimedJob, io: JobIo, path: string, checked: OutputFacts): Promise<Outputs> {
  const stored = await io.timed("upload", () => io.store("image", path, checked));
  if (!job.record.charge) return { image: stored };
  const order = previewOrder(io, "jpg");
  const { type } = checked;
  const made = await preview(io, { file: [fileOf({ path, type })] }, { outputs: { preview: order } });
  return { image: stored, [PREVIEW]: await io.store(PREVIEW, order.path, { ...made, access: OPEN }) };
}

function previewOrder({ dir }: JobIo, ending: string) {
  return { path: join(dir, `preview.${ending}`), seed: previewSeed() };
}

async function preview(io: JobIo, inputs: PreviewRequest["inputs"], asked: Pick<PreviewRequest, "film" | "outputs">) {
  const request: Omit<PreviewRequest, "run"> = { type: "preview", inputs, ...asked, provenance: io.provenance };
  const options = { ...io.options("preview"), result: previewResultSchema };
  return (await io.timed("preview", () => io.checker.request(request, options))).preview;
}
