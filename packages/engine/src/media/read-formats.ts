/** How each format of clips is read: by one demuxer and one decoder, whatever else a file claims to be. */
import { open } from "node:fs/promises";
import { AV_CODEC_ID_GIF, AV_CODEC_ID_H264, AV_CODEC_ID_VP9, AV_CODEC_ID_WEBP_ANIM } from "node-av/constants";
import { Dictionary, type FormatContext, InputFormat } from "node-av/lib";
import { must } from "./ffmpeg.ts";

export type ReadFormat = {
  /** As FFmpeg calls it, and all the names that it goes by. */
  demuxer: string;
  names: string;
  codec: string;
  codecId: number;
  /** Whether size and frames are known from the header alone, without a look at the frames. */
  told: boolean;
  /** Whether a frame may stand for several that look the same. */
  merges: boolean;
};

const MP4: ReadFormat = {
  ...{ demuxer: "mov", names: "mov,mp4,m4a,3gp,3g2,mj2", codec: "h264", codecId: AV_CODEC_ID_H264 },
  ...{ told: true, merges: false },
};
const WEBM: ReadFormat = {
  ...{ demuxer: "matroska", names: "matroska,webm", codec: "vp9", codecId: AV_CODEC_ID_VP9 },
  ...{ told: false, merges: false },
};
const GIF: ReadFormat = {
  ...{ demuxer: "gif", names: "gif", codec: "gif", codecId: AV_CODEC_ID_GIF },
  ...{ told: false, merges: true },
};
const WEBP: ReadFormat = {
  ...{ demuxer: "webp_anim", names: "webp_anim", codec: "webp", codecId: AV_CODEC_ID_WEBP_ANIM },
  ...{ told: false, merges: true },
};

/** Opens a clip by its first bytes; what none of the others begins with is taken for an MP4. Throws where it can't be read. */
export async function openRead(file: FormatContext, path: string): Promise<ReadFormat> {
  const format = await formatOf(path);
  const options = Dictionary.fromObject({ protocol_whitelist: "file", format_whitelist: format.names });
  must(await file.openInput(`file:${path}`, InputFormat.findInputFormat(format.demuxer), options), "open");
  if (!format.told) must(await file.findStreamInfo(null), "probe");
  return format;
}

async function formatOf(path: string): Promise<ReadFormat> {
  const file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(12), 0, 12, 0).finally(() => file.close());
  const head = buffer.toString("latin1");
  if (head.startsWith("\x1a\x45\xdf\xa3")) return WEBM;
  if (head.startsWith("GIF8")) return GIF;
  return head.startsWith("RIFF") && head.endsWith("WEBP") ? WEBP : MP4;
}
