/** Writes what an encoder makes into a file: one stream, in the order of the frames. */
import { AVERROR_EAGAIN, AVERROR_EOF } from "node-av/constants";
import { type CodecContext, FormatContext, type Frame, Packet } from "node-av/lib";
import { must as mustOf } from "../../packages/engine/src/media/ffmpeg.ts";

const must = (code: number): void => mustOf(code, "mux");

/** `container` is FFmpeg's name. `encoder` is open, and freed by `end`. */
export function openMuxer(path: string, container: string, encoder: CodecContext) {
  const file = new FormatContext();
  const packet = new Packet();
  packet.alloc();
  must(file.allocOutputContext2(null, container, `file:${path}`));
  const stream = file.newStream();
  must(stream.codecpar.fromContext(encoder));
  stream.timeBase = encoder.timeBase;
  must(file.openOutputSync());
  must(file.writeHeaderSync());
  const encode = async (frame: Frame | null): Promise<void> => {
    must(await encoder.sendFrame(frame));
    for (;;) {
      const code = encoder.receivePacketSync(packet);
      if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return;
      must(code);
      packet.streamIndex = 0;
      packet.rescaleTs(encoder.timeBase, stream.timeBase);
      must(file.interleavedWriteFrameSync(packet));
    }
  };
  return {
    /** Takes the frame, and frees it. */
    async add(frame: Frame): Promise<void> {
      await encode(frame);
      frame.free();
    },
    async end(): Promise<void> {
      await encode(null);
      must(file.writeTrailerSync());
      file.closeOutputSync();
      packet.free();
      encoder.freeContext();
    },
  };
}
