/** The service `luma`: mean pictures of a file, in which the worker, which has the key, looks for a mark. */
import { writeFile } from "node:fs/promises";
import type { LumaPicture, LumaRequest, LumaResult } from "@smileloop/core/engine/luma-service.ts";
import { SPACE_SIDE } from "@smileloop/core/marking/mark.ts";
import { unreadable } from "../media/film-file.ts";
import { readFilm } from "../media/film-reader.ts";
import { decodePicture } from "../media/picture.ts";
import { smallLuma } from "../media/small-luma.ts";
import { readVideo } from "../media/video-reader.ts";
import type { TaskContext } from "../task.ts";

/** Maximum number of frames that are looked at, evenly over the video, and parts of it whose means are taken as well. */
const MOST_FRAMES = 16;
const PARTS = 3;
/** What lies beyond, s, is not decoded; after as many ms what there is by then is enough. */
const MAX_SECONDS = 300;
const TIME_LIMIT_MS = 10_000;
/** Pictures that may move, where they are read as clips are. */
const MAY_MOVE = ["image/gif", "image/webp"];

/** Throws what `decodePicture` and `readFilm` throw, and the signal's reason. */
export async function luma(
  { inputs, outputs }: LumaRequest,
  { signal }: Pick<TaskContext, "signal">,
): Promise<LumaResult> {
  const started = performance.now();
  const { path, type } = inputs.file[0]!;
  const pictures = meansOf(await framesOf(path, type, signal));
  const bytes = pictures.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  await writeFile(outputs.luma, Buffer.concat(bytes));
  return {
    pictures: pictures.map(({ width, height }) => ({ width, height })),
    timings: { luma: Math.round(performance.now() - started) },
  };
}

async function framesOf(path: string, type: string, signal: AbortSignal): Promise<LumaPicture[]> {
  const frames = spread();
  const enough = AbortSignal.timeout(TIME_LIMIT_MS);
  const either = AbortSignal.any([signal, enough]);
  try {
    if (type.startsWith("video/")) {
      const onFrame = ({ yuv }: { yuv: () => Uint8Array }, size: { width: number; height: number }) =>
        frames.add(() => smallLuma({ ...size, data: yuv() }, SPACE_SIDE));
      await readFilm(path, { signal: either, maxSeconds: MAX_SECONDS, onFrame });
    } else if (MAY_MOVE.includes(type)) {
      await readVideo(path, {
        signal: either,
        onFrame: ({ width, height, yuv }) => frames.add(() => smallLuma({ width, height, data: yuv() }, SPACE_SIDE)),
      });
    }
  } catch (error) {
    signal.throwIfAborted();
    const isEnough = enough.aborted || !type.startsWith("video/");
    if (!isEnough) throw error;
  }
  if (frames.taken().length > 0) return frames.taken();
  if (type.startsWith("video/")) throw unreadable("not a single frame of it can be decoded");
  return [await stillOf(path)];
}

/** Takes frames of a video whose length is not known: every one, then every other one, and so on. */
function spread() {
  let taken: LumaPicture[] = [];
  let [step, count] = [1, 0];
  return {
    add(picture: () => LumaPicture): void {
      if (count++ % step !== 0) return;
      taken.push(picture());
      if (taken.length <= MOST_FRAMES) return;
      taken = taken.filter((_, i) => i % 2 === 0);
      step *= 2;
    },
    taken: () => taken,
  };
}

async function stillOf(path: string): Promise<LumaPicture> {
  const { width, height, data } = await decodePicture(path, { maxSide: SPACE_SIDE });
  const luma = Float32Array.from({ length: width * height }, (_, i) => {
    return 16 + (0.2126 * data[3 * i]! + 0.7152 * data[3 * i + 1]! + 0.0722 * data[3 * i + 2]!) * (219 / 255);
  });
  return { width, height, data: luma };
}

/** Of all frames, and of parts: some videos are marked only here and there. */
function meansOf(frames: readonly LumaPicture[]): LumaPicture[] {
  if (frames.length < 2 * PARTS) return [meanOf(frames)];
  const edge = (part: number) => Math.round((part * frames.length) / PARTS);
  const parts = Array.from({ length: PARTS }, (_, part) => frames.slice(edge(part), edge(part + 1)));
  return [frames, ...parts].map(meanOf);
}

function meanOf(frames: readonly LumaPicture[]): LumaPicture {
  const { width, height } = frames[0]!;
  const data = new Float32Array(width * height);
  for (const frame of frames) for (let i = 0; i < data.length; i++) data[i]! += frame.data[i]! / frames.length;
  return { width, height, data };
}
