/** A longer video for nothing: the same packets again and again, none decoded. */
import { FormatContext, Packet } from "node-av/lib";
import { must } from "../../packages/engine/src/media/ffmpeg.ts";
import { openFilm } from "../../packages/engine/src/media/film-file.ts";

/** Repeats the pictures of a video `times` times in the MP4 `to`; `frames` of `fps` are in it. Sound is left out. */
export async function loopVideo(
  from: string,
  to: string,
  times: number,
  { frames, fps }: { frames: number; fps: number },
) {
  const out = new FormatContext();
  const packet = new Packet();
  packet.alloc();
  must(out.allocOutputContext2(null, "mp4", `file:${to}`), "loop");
  for (let nth = 0; nth < times; nth++) {
    const { file, stream, close } = await openFilm(from);
    if (nth === 0) {
      const made = out.newStream();
      must(stream.codecpar.copy(made.codecpar), "loop");
      made.codecpar.codecTag = 0;
      made.timeBase = stream.timeBase;
      must(out.openOutputSync(), "loop");
      must(out.writeHeaderSync(), "loop");
    }
    const made = out.streams![0]!;
    const later = BigInt(Math.round((nth * frames) / fps / stream.timeBase.toDouble()));
    while (file.readFrameSync(packet) >= 0) {
      if (packet.streamIndex === stream.index) {
        packet.pts += later;
        packet.dts += later;
        packet.streamIndex = 0;
        packet.rescaleTs(stream.timeBase, made.timeBase);
        must(out.interleavedWriteFrameSync(packet), "loop");
      }
      packet.unref();
    }
    await close();
  }
  must(out.writeTrailerSync(), "loop");
  out.closeOutputSync();
  packet.free();
}
