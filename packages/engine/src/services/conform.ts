/** The service `conform`: a video that was made elsewhere becomes one of ours. */
import type { ConformRequest, ConformResult } from "@smileloop/core/engine/conform-service.ts";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import { toThousandths } from "@smileloop/core/rounding.ts";
import { readFilm } from "../media/film-reader.ts";
import { openSound } from "../media/sound-reader.ts";
import { openVideoWriter } from "../media/video-writer.ts";
import { dimmed } from "../media/yuv.ts";
import type { TaskContext } from "../task.ts";

/** Part of a frame by which the next may come late and is still shown: containers count whole milliseconds. */
const LATE = 0.4;

/** Throws `check_unreadable` where the video cannot be read, what the writer throws, and the signal's reason; no file is left then. */
export async function conform(request: ConformRequest, context: TaskContext): Promise<ConformResult> {
  const started = performance.now();
  const { inputs, spec, outputs, provenance } = request;
  const sound = await openSound(inputs.audio[0]!);
  try {
    const { video: path, poster } = outputs;
    const writer = await openVideoWriter({ path, ...spec, provenance, poster, sound });
    try {
      const given = await copy(request, writer.write, context);
      await writer.close();
      return { video: spec, given, timings: { conform: Math.round(performance.now() - started) } };
    } finally {
      await writer.abort();
    }
  } finally {
    await sound.close();
  }
}

async function copy(
  { inputs, spec, fade }: ConformRequest,
  write: (yuv: Uint8Array) => Promise<void>,
  { signal, progress }: TaskContext,
): Promise<ConformResult["given"]> {
  const { width, height, fps, frames } = spec;
  const lasts = frames / fps;
  let shown: Uint8Array | null = null;
  let [written, seconds] = [0, 0];
  /** Shows what was read last up to a time of the result. */
  const showUntil = async (at: number): Promise<void> => {
    while (shown && written < frames && (written + LATE) / fps < at) {
      const left = fade > 0 ? Math.min(1, (lasts - written / fps) / fade) : 1;
      await write(left < 1 ? dimmed(shown, width * height, left) : shown);
      progress("conform", ++written, frames);
    }
  };
  try {
    const shape = await readFilm(inputs.video[0]!.path, {
      ...{ signal, size: { width, height }, maxSeconds: lasts + 60 },
      async onFrame(frame) {
        await showUntil(frame.seconds);
        seconds = frame.seconds + 1 / fps;
        if (written < frames) shown = frame.yuv();
      },
    });
    if (!shown) throw new AppError("check_unreadable", "The video of the service has no frames.");
    await showUntil(Number.POSITIVE_INFINITY);
    return { width: shape.width, height: shape.height, seconds: toThousandths(seconds) };
  } catch (error) {
    if (!hasCode(error, "input_unreadable", "unsupported_type", "input_too_large")) throw error;
    const why = (error as AppError).message;
    throw new AppError("check_unreadable", `The video of the service cannot be used. ${why}`, { cause: error });
  }
}
