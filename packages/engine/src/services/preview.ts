/** The service `preview`: a finished file once more, small and with a visible mark. */
import type { PreviewRequest, PreviewResult } from "@smileloop/core/engine/preview-service.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { previewSize } from "@smileloop/core/media/preview-size.ts";
import { readFilm } from "../media/film-reader.ts";
import { marksOf } from "../media/marks.ts";
import { decodePicture } from "../media/picture.ts";
import { toPlanes } from "../media/planes.ts";
import { writePoster } from "../media/poster.ts";
import { openPreviewFrames } from "../media/preview-frames.ts";
import { openSound } from "../media/sound-reader.ts";
import { openVideoWriter, PREVIEW_X264 } from "../media/video-writer.ts";
import type { TaskContext } from "../task.ts";

type Context = Pick<TaskContext, "signal" | "progress">;
type Film = NonNullable<PreviewRequest["film"]>;

/** Throws what reading and writing throw, and the signal's reason; no file is left then. */
export async function preview(request: PreviewRequest, context: Context): Promise<PreviewResult> {
  const started = performance.now();
  const { film } = request;
  const made = film ? await ofFilm(request, film, context) : await ofPicture(request);
  return { preview: made, timings: { preview: Math.round(performance.now() - started) } };
}

async function ofPicture({ inputs, outputs, provenance }: PreviewRequest): Promise<PreviewResult["preview"]> {
  const picture = await decodePicture(inputs.file[0]!.path);
  const { width, height } = picture;
  // frames have even sides: of odd ones the last row or column is left out
  const clean = { width: evenPart(width), height: evenPart(height) };
  const { path, seed } = outputs.preview;
  const small = openPreviewFrames({ ...clean, seed });
  const { y, u, v } = toPlanes(cut(picture, clean), clean.width, clean.height);
  const frame = small.frame(Buffer.concat([y, u, v]));
  await writePoster(path, frame, small.width, small.height, marksOf(provenance, "picture", "face"));
  return { type: "image/jpeg", width: small.width, height: small.height };
}

const evenPart = (side: number) => Math.max(2, side - (side % 2));

type Rgb = { width: number; height: number; data: Uint8Array };

/** Of a side of one pixel the second is the same. */
function cut({ width, height, data }: Rgb, to: { width: number; height: number }): Uint8Array {
  if (width === to.width && height === to.height) return data;
  const out = new Uint8Array(to.width * to.height * 3);
  for (let y = 0, at = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++, at += 3) {
      const from = (Math.min(y, height - 1) * width + Math.min(x, width - 1)) * 3;
      out.set(data.subarray(from, from + 3), at);
    }
  }
  return out;
}

async function ofFilm(
  { inputs, outputs, provenance: given }: PreviewRequest,
  { sound: isHeard, times, ...spec }: Film,
  { signal, progress }: Context,
): Promise<PreviewResult["preview"]> {
  const file = inputs.file[0]!;
  const { path, seed } = outputs.preview;
  // frames that were copied have no mark yet; the label is in all that have one
  const provenance = { ...given, mark: given.mark && { ...given.mark, label: false } };
  const { width, height, frame } = openPreviewFrames({ ...spec, seed });
  const sound = isHeard ? await openSound(file) : undefined;
  try {
    const { poster } = outputs;
    const options = { path, width, height, fps: spec.fps, times, provenance, part: "face", poster, sound } as const;
    const writer = await openVideoWriter({ ...options, x264: PREVIEW_X264 });
    try {
      let written = 0;
      await readFilm(file.path, {
        ...{ signal, size: spec, maxSeconds: Number.POSITIVE_INFINITY },
        async onFrame({ yuv }) {
          if (written === spec.frames) return;
          await writer.write(frame(yuv()));
          progress("preview", ++written, spec.frames);
        },
      });
      if (written < spec.frames) {
        throw new AppError("engine_failed", `The video has ${written} of the ${spec.frames} frames of its preview.`);
      }
      await writer.close();
    } finally {
      await writer.abort();
    }
  } finally {
    await sound?.close();
  }
  return { type: "video/mp4", ...previewSize(spec) };
}
