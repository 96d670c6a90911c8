import { unlink } from "node:fs/promises";
import type { AudioSpec, Provenance } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { AV_LOG_ERROR, AVERROR_EAGAIN, AVERROR_ENOSPC, AVERROR_EOF } from "node-av/constants";
import {
  type CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  type Frame,
  Log,
  Packet,
  type Stream,
} from "node-av/lib";
import { must } from "./ffmpeg.ts";
import { frameRate, openPictureEncoder, toFrame } from "./h264.ts";
import type { Sound } from "./sound-reader.ts";
import { openSoundTrack } from "./sound-track.ts";

type VideoWriterOptions = {
  /** Absolute; what is there is overwritten. */
  path: string;
  /** Even, as 4:2:0 has it. */
  width: number;
  height: number;
  fps: number;
  provenance: Provenance;
  /** What is heard. It starts with the first frame and is cut at the end of the last. It is read as frames are written, and not closed. */
  sound?: Sound | undefined;
};

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
 * The one place where frames and sound become a file: H.264 (h264.ts) at a constant rate, AAC (sound-track.ts) beside it, `moov`
 * first, and in the metadata that a machine made it. x264 works on other threads while the caller renders the next frame.
 */
export async function openVideoWriter(options: VideoWriterOptions): Promise<VideoWriter> {
  const { width, height, path } = options;
  if (width % 2 !== 0 || height % 2 !== 0) throw new Error(`width and height have to be even: ${width}×${height}`);
  const frameBytes = (width * height * 3) / 2;
  const output = await openOutput(options);
  const inFlight: Promise<void>[] = [];
  let last = Promise.resolve();
  let frames = 0n;
  let state: "open" | "stopped" | "finished" = "open";

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
    output.free();
    await unlink(path).catch(() => {});
  }

  return {
    ...(output.audio && { audio: output.audio }),
    async write(yuv) {
      if (state !== "open") throw new Error("the writer is closed");
      if (yuv.length !== frameBytes) throw new Error(`a frame has ${frameBytes} bytes, not ${yuv.length}`);
      const frame = toFrame(yuv, width, height, frames++);
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
        if (state !== "open") throw new Error("the writer was stopped");
        state = "finished";
        output.free();
      } catch (error) {
        await discard();
        throw unwritten(error);
      }
    },
    abort: discard,
  };
}

type Output = {
  audio: AudioSpec | undefined;
  encode(frame: Frame): Promise<void>;
  finish(): Promise<void>;
  free(): void;
};

async function openOutput({ path, width, height, fps, provenance, sound }: VideoWriterOptions): Promise<Output> {
  Log.setLevel(AV_LOG_ERROR);
  const rate = frameRate(fps);
  const encoder = await openPictureEncoder(width, height, rate);
  const track = sound && (await openSoundTrack(sound));
  const file = new FormatContext();
  const free = (): void => {
    file.closeOutputSync();
    file.freeContext();
    encoder.freeContext();
    track?.encoder.freeContext();
  };
  try {
    must(file.allocOutputContext2(null, "mp4", `file:${path}`), "output");
    const pictures = addStream(file, encoder);
    pictures.avgFrameRate = rate;
    const sounds = track && addStream(file, track.encoder);
    file.metadata = Dictionary.fromObject(marks(provenance));
    must(file.openOutputSync(), "open");
    must(file.writeHeaderSync(Dictionary.fromObject({ movflags: "+faststart" })), "header");

    let frames = 0;
    const drain = (last = false): void => {
      movePackets(encoder, file, pictures, 1n);
      if (!track || !sounds) return;
      track.encodeTo((frames * rate.den) / rate.num, last, () => movePackets(track.encoder, file, sounds));
    };
    return {
      audio: track?.audio,
      async encode(frame) {
        must(await encoder.sendFrame(frame), "encode");
        frames++;
        drain();
      },
      async finish() {
        must(await encoder.sendFrame(null), "encode");
        drain(true);
        must(await file.writeTrailer(), "trailer");
        await file.closeOutput();
      },
      free,
    };
  } catch (error) {
    free();
    await unlink(path).catch(() => {});
    throw unwritten(error);
  }
}

function addStream(file: FormatContext, encoder: CodecContext): Stream {
  const stream = file.newStream();
  must(stream.codecpar.fromContext(encoder), "stream");
  stream.timeBase = encoder.timeBase;
  return stream;
}

/** Moves what is finished into the file. Cheap, so done here: the work is in `sendFrame`, and the file is buffered. */
function movePackets(encoder: CodecContext, file: FormatContext, stream: Stream, duration?: bigint): void {
  const packet = new Packet();
  packet.alloc();
  try {
    for (;;) {
      const code = encoder.receivePacketSync(packet);
      if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return;
      must(code, "encode");
      packet.streamIndex = stream.index;
      if (duration !== undefined) packet.duration = duration;
      packet.rescaleTs(encoder.timeBase, stream.timeBase);
      must(file.interleavedWriteFrameSync(packet), "write");
    }
  } finally {
    packet.free();
  }
}

/** The keys are those that MP4 players and tag editors show (iTunes atoms `©cmt`, `desc`). */
function marks({ job, engine, version }: Provenance): Record<string, string> {
  return {
    comment: `AI-generated (synthetic media) by SmileLoop; job=${job}; engine=${engine} ${version}`,
    description: "Made by a machine: the motion in this video is synthetic.",
  };
}

function unwritten(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const full = error instanceof FFmpegError && error.code === AVERROR_ENOSPC;
  return full
    ? new AppError("storage_full", "There is no room on the disk for the video.", { cause: error })
    : new AppError("engine_failed", "The video could not be written.", { cause: error });
}
