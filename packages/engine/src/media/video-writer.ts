import { unlink } from "node:fs/promises";
import type { Provenance } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_ERROR,
  AV_PIX_FMT_YUV420P,
  AVCHROMA_LOC_LEFT,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  AVERROR_EAGAIN,
  AVERROR_ENOSPC,
  AVERROR_EOF,
  FF_ENCODER_LIBX264,
} from "node-av/constants";
import { Codec, CodecContext, Dictionary, FFmpegError, FormatContext, Frame, Log, Packet, Rational } from "node-av/lib";

export type VideoWriterOptions = {
  /** Absolute; what is there is overwritten. */
  path: string;
  /** Even, as 4:2:0 has it. */
  width: number;
  height: number;
  fps: number;
  provenance: Provenance;
};

export type VideoWriter = {
  /**
   * Takes one frame: planar 4:2:0 (Y, then U, then V, without padding), BT.709, limited range. The bytes are copied before
   * it returns a promise, so the buffer may be used again at once. It waits only while too many frames are still to be encoded.
   */
  write(yuv: Uint8Array): Promise<void>;
  /** Encodes what is left and finishes the file. Throws `engine_failed` or `storage_full`, leaving no file. */
  close(): Promise<void>;
  /** Stops and leaves no file; harmless a second time or after `close`, when the file stays. */
  abort(): Promise<void>;
};

/** Frames handed over and not yet encoded, at most: enough to keep the encoder busy while the next one is rendered. */
const MAX_IN_FLIGHT = 3;
/**
 * Fixed, because x264's output depends on it: the same frames give the same bytes, whatever the machine's cores. (Seen at
 * sides from 250 pixels; at 64 × 64 its macroblock tree reads what it never wrote, and one file in twenty differs.)
 */
const THREADS = 2;

/**
 * The one place where frames become a file: H.264 High (x264), yuv420p, BT.709 tags, constant rate, `moov` first, and in the
 * metadata that a machine made it. x264 works on other threads while the caller renders the next frame.
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
  encode(frame: Frame): Promise<void>;
  finish(): Promise<void>;
  free(): void;
};

async function openOutput({ path, width, height, fps, provenance }: VideoWriterOptions): Promise<Output> {
  Log.setLevel(AV_LOG_ERROR);
  const rate = frameRate(fps);
  const encoder = await openEncoder(width, height, rate);
  const file = new FormatContext();
  const packet = new Packet();
  const free = (): void => {
    packet.free();
    file.closeOutputSync();
    file.freeContext();
    encoder.freeContext();
  };
  try {
    must(file.allocOutputContext2(null, "mp4", `file:${path}`), "output");
    const stream = file.newStream();
    must(stream.codecpar.fromContext(encoder), "stream");
    stream.timeBase = encoder.timeBase;
    stream.avgFrameRate = rate;
    file.metadata = Dictionary.fromObject(marks(provenance));
    must(file.openOutputSync(), "open");
    must(file.writeHeaderSync(Dictionary.fromObject({ movflags: "+faststart" })), "header");
    packet.alloc();

    /** Moves what is finished into the file. Cheap, so done here: the work is in `sendFrame`, and the file is buffered. */
    const drain = (): void => {
      for (;;) {
        const code = encoder.receivePacketSync(packet);
        if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return;
        must(code, "encode");
        packet.streamIndex = 0;
        packet.duration = 1n;
        packet.rescaleTs(encoder.timeBase, stream.timeBase);
        must(file.interleavedWriteFrameSync(packet), "write");
      }
    };
    return {
      async encode(frame) {
        must(await encoder.sendFrame(frame), "encode");
        drain();
      },
      async finish() {
        must(await encoder.sendFrame(null), "encode");
        drain();
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

async function openEncoder(width: number, height: number, rate: Rational): Promise<CodecContext> {
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264);
  if (codec === null) throw new Error("FFmpeg was built without x264");
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  encoder.width = width;
  encoder.height = height;
  encoder.pixelFormat = AV_PIX_FMT_YUV420P;
  encoder.framerate = rate;
  encoder.timeBase = rate.inv();
  encoder.sampleAspectRatio = new Rational(1, 1);
  encoder.colorRange = AVCOL_RANGE_MPEG;
  encoder.colorPrimaries = AVCOL_PRI_BT709;
  encoder.colorTrc = AVCOL_TRC_BT709;
  encoder.colorSpace = AVCOL_SPC_BT709;
  encoder.chromaLocation = AVCHROMA_LOC_LEFT;
  encoder.threadCount = THREADS;
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  const options = Dictionary.fromObject({ preset: "veryfast", crf: 20, profile: "high" });
  must(await encoder.open2(codec, options), "encoder");
  return encoder;
}

/** Copies: `Frame.fromVideoBuffer` would leave the frame pointing into the caller's bytes. */
function toFrame(yuv: Uint8Array, width: number, height: number, pts: bigint): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = AV_PIX_FMT_YUV420P;
  frame.pts = pts;
  must(frame.getBuffer(), "frame");
  const planes = frame.data;
  const strides = frame.linesize;
  if (planes === null) throw new Error("the frame has no memory");
  let from = 0;
  for (const [plane, [columns, rows]] of [
    [width, height],
    [width / 2, height / 2],
    [width / 2, height / 2],
  ].entries()) {
    for (let row = 0; row < rows!; row++) {
      planes[plane]!.set(yuv.subarray(from, from + columns!), row * strides[plane]!);
      from += columns!;
    }
  }
  return frame;
}

/** The keys are those that MP4 players and tag editors show (iTunes atoms `©cmt`, `desc`). */
function marks({ job, engine, version }: Provenance): Record<string, string> {
  return {
    comment: `AI-generated (synthetic media) by SmileLoop; job=${job}; engine=${engine} ${version}`,
    description: "Made by a machine: the motion in this video is synthetic.",
  };
}

/** Frames a second as a fraction: the NTSC rates as they are meant (29.97 → 30000/1001), others to a thousandth. */
function frameRate(fps: number): Rational {
  const ntsc = Math.round(fps * 1.001);
  if (!Number.isInteger(fps) && Math.abs((ntsc * 1000) / 1001 - fps) < 0.005) return new Rational(ntsc * 1000, 1001);
  const thousandths = Math.round(fps * 1000);
  const divisor = gcd(thousandths, 1000);
  return new Rational(thousandths / divisor, 1000 / divisor);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function unwritten(error: unknown): AppError {
  const full = error instanceof FFmpegError && error.code === AVERROR_ENOSPC;
  return full
    ? new AppError("storage_full", "There is no room on the disk for the video.", { cause: error })
    : new AppError("engine_failed", "The video could not be written.", { cause: error });
}

function must(code: number, doing: string): void {
  FFmpegError.throwIfError(code, doing);
}
