import { unlink } from "node:fs/promises";
import type { AudioSpec, PosterOrder, PreviewOrder, Provenance } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { isDiskFull } from "@smileloop/core/storage/durable-files.ts";
import { AV_LOG_ERROR, AVERROR_ENOSPC } from "node-av/constants";
import { FFmpegError, type Frame, Log } from "node-av/lib";
import { openClipFile } from "./clip-file.ts";
import { toFrame } from "./encoders.ts";
import { openMarking } from "./marking.ts";
import { type Marks, marksOf } from "./marks.ts";
import type { ClipFile, ClipFileOptions } from "./muxed.ts";
import { writePoster } from "./poster.ts";
import { openPreviewFrames } from "./preview-frames.ts";
import type { SoundCopy } from "./sound-copy.ts";
import type { Sound } from "./sound-reader.ts";

type VideoWriterOptions = {
  /** Absolute; what is there is overwritten. Its ending says the format: one of `CLIP_FORMATS`. */
  path: string;
  /** Even, as 4:2:0 has it. */
  width: number;
  height: number;
  fps: number;
  /** When each frame is shown, s, and when the last one ends, where they are not evenly apart: only in MP4 and WebM. */
  times?: readonly number[] | undefined;
  provenance: Provenance;
  /** A JPEG of one of its frames, written beside it. */
  poster?: PosterOrder | undefined;
  /**
   * A second file of the same frames, small and with a visible mark, in one pass; then the poster is of it. `sound`: the same as `sound`, opened
   * once more.
   */
  preview?: (PreviewOrder & { sound?: Sound | undefined }) | undefined;
  /** What of it a machine has made, where that is not the motion. */
  part?: "face" | undefined;
  /** What the file says of itself, where that is something else. */
  marks?: Marks | undefined;
  /** What is heard. It starts with the first frame and is cut at the end of the last. It is read as frames are written, and not closed. */
  sound?: Sound | undefined;
  /** Instead of `sound`, only in MP4: a track that is put in as it is. It is read as frames are written, and not closed. */
  copy?: SoundCopy | undefined;
} & Pick<ClipFileOptions, "x264" | "soundBitRate">;

type VideoWriter = {
  /** The sound that the file gets. */
  audio?: AudioSpec;
  /**
   * Takes one frame: planar 4:2:0 (Y, then U, then V, without padding), BT.709, limited range. The bytes are copied before
   * it returns a promise, so the buffer may be used again at once. It waits only while too many frames are still to be encoded.
   */
  write(yuv: Uint8Array): Promise<void>;
  /** Encodes what is left and finishes the file. Throws `engine_failed`, `storage_full` or what `sound` throws, leaving no file. */
  close(): Promise<void>;
  /** Stops and leaves no file; harmless a second time or after `close`, when the file stays. */
  abort(): Promise<void>;
};

/** Frames handed over and not yet encoded, at most: enough to keep the encoder busy while the next one is rendered. */
const MAX_IN_FLIGHT = 3;

/**
 * The one place where frames and sound become a file, in any format of clips (clip-file.ts), at a constant rate or at times of their
 * own, marked as the order of the job says, and in the metadata that a machine made it. Encoders work on other threads while the caller renders the next frame.
 */
export async function openVideoWriter(options: VideoWriterOptions): Promise<VideoWriter> {
  return options.preview ? openBoth(options, options.preview) : openOne(options);
}

/** How a preview is encoded. */
export const PREVIEW_X264 = { crf: 28, preset: "veryfast" };

/** Both or neither: what fails in one leaves no file of the other. */
async function openBoth(
  { poster, preview: _, ...clean }: VideoWriterOptions,
  { path, seed, sound }: NonNullable<VideoWriterOptions["preview"]>,
): Promise<VideoWriter> {
  const { width, height, frame } = openPreviewFrames({ ...clean, seed });
  const { copy: __, x264: ___, ...shared } = clean;
  const shown = await openOne({ ...shared, path, width, height, poster, sound, x264: PREVIEW_X264 });
  const abort = async () => {
    await Promise.all([shown.abort(), sold?.abort()]);
  };
  const sold = await openOne(clean).catch(async (error: unknown) => {
    await shown.abort();
    throw error;
  });
  return {
    ...(sold.audio && { audio: sold.audio }),
    async write(yuv) {
      await Promise.all([sold.write(yuv), shown.write(frame(yuv))]);
    },
    async close() {
      const closed = await Promise.allSettled([shown.close(), sold.close()]);
      const failed = closed.find((each) => each.status === "rejected");
      if (!failed) return;
      await Promise.all([path, clean.path, poster?.path].map((each) => each && unlink(each).catch(() => {})));
      throw failed.reason;
    },
    abort,
  };
}

async function openOne(options: Omit<VideoWriterOptions, "preview">): Promise<VideoWriter> {
  const { width, height, path } = options;
  if (width % 2 !== 0 || height % 2 !== 0) throw new Error(`width and height have to be even: ${width}×${height}`);
  const frameBytes = (width * height * 3) / 2;
  const inFlight: Promise<void>[] = [];
  let last = Promise.resolve();
  let frames = 0;
  let state: "open" | "stopped" | "finished" = "open";
  const marks = options.marks ?? marksOf(options.provenance, "video", options.part);
  const output = await openOutput({ ...options, marks, stopped: () => state === "stopped" });
  const poster = openPoster(options);
  const marked = openMarking(options.provenance.mark, options);

  async function encode(frame: Frame): Promise<void> {
    try {
      if (state === "open") await output.encode(frame);
    } finally {
      frame.free();
    }
  }

  async function discard(): Promise<void> {
    if (state !== "open") return;
    state = "stopped";
    await last.catch(() => {});
    await output.free();
    await unlink(path).catch(() => {});
    await poster.discard();
  }

  return {
    ...(output.audio && { audio: output.audio }),
    async write(yuv) {
      if (state !== "open") throw new Error("the writer is closed");
      if (yuv.length !== frameBytes) throw new Error(`a frame has ${frameBytes} bytes, not ${yuv.length}`);
      const picture = marked(yuv);
      poster.see(picture, frames);
      const frame = toFrame(picture, width, height, output.pts(frames));
      frame.duration = output.pts(frames + 1) - frame.pts;
      frames++;
      last = last.then(
        () => encode(frame),
        (error) => {
          frame.free();
          throw error;
        },
      );
      last.catch(() => {});
      inFlight.push(last);
      if (inFlight.length > MAX_IN_FLIGHT) await inFlight.shift();
    },
    async close() {
      try {
        last = last.then(() => (state === "open" ? output.finish() : undefined));
        await last;
        await poster.written();
        if (state !== "open") throw new Error("the writer was stopped");
        state = "finished";
        await output.free();
      } catch (error) {
        await discard();
        throw unwritten(error);
      }
    },
    abort: discard,
  };
}

async function openOutput(options: ClipFileOptions): Promise<ClipFile> {
  Log.setLevel(AV_LOG_ERROR);
  try {
    return await openClipFile(options);
  } catch (error) {
    await unlink(options.path).catch(() => {});
    throw unwritten(error);
  }
}

/** The poster as frames go by. */
function openPoster({ poster, width, height, provenance, part, marks }: Omit<VideoWriterOptions, "preview">) {
  let writing: Promise<void> | undefined;
  return {
    see(yuv: Uint8Array, index: number): void {
      if (index !== poster?.frame) return;
      writing = writePoster(poster.path, yuv, width, height, marks ?? marksOf(provenance, "picture", part));
      writing.catch(() => {});
    },
    async written(): Promise<void> {
      if (poster && !writing) throw new Error(`frame ${poster.frame}, which the poster shows, did not come`);
      await writing;
    },
    async discard(): Promise<void> {
      await writing?.catch(() => {});
      if (poster) await unlink(poster.path).catch(() => {});
    },
  };
}

/** What a file that could not be written fails with: `storage_full` or `engine_failed`; errors of ours as they are. */
export function unwritten(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const full = isDiskFull(error) || (error instanceof FFmpegError && error.code === AVERROR_ENOSPC);
  return full
    ? new AppError("storage_full", "There is no room on the disk for the video.", { cause: error })
    : new AppError("engine_failed", "The video could not be written.", { cause: error });
}
