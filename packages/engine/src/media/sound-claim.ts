/** How long a sound file says that it is. FFmpeg estimates where nothing says it, and takes a WAV for as long as there are bytes. */
import { open } from "node:fs/promises";
import type { FormatContext, Stream } from "node-av/lib";

/** `told`: by the container or by tags, and not estimated. */
type Claim = { claimedSeconds: number | null; told: boolean };

const NOTHING: Claim = { claimedSeconds: null, told: false };
/** WAV files that were written as a stream claim about as much as their 32 bits hold, or nothing. */
const LARGEST_WAV = 0x7ff0_0000;

/** `format`: FFmpeg's name of the demuxer. */
export async function claimOf(path: string, format: string, file: FormatContext, stream: Stream): Promise<Claim> {
  const whole = Number(file.duration) / 1e6;
  if (!Number.isFinite(whole) || whole <= 0) return NOTHING;
  const guess = { claimedSeconds: whole, told: false };
  if (format === "aac" || (format === "mp3" && !(await hasLengthTag(path)))) return guess;
  if (format === "wav") return { claimedSeconds: whole * (await missingInWav(path)), told: true };
  // beside other tracks the file's duration is that of the longest
  if (file.nbStreams === 1) return { claimedSeconds: whole, told: true };
  const own = Number(stream.duration) * stream.timeBase.toDouble();
  return own > 0 ? { claimedSeconds: own, told: true } : guess;
}

/** How many times as long as it is a WAV should be, by its header. */
async function missingInWav(path: string): Promise<number> {
  return withHead(path, 12, (head, bytes) => {
    const claimed = 8 + head.readUInt32LE(4);
    return head.toString("latin1", 0, 4) === "RIFF" && claimed < LARGEST_WAV ? Math.max(1, claimed / bytes) : 1;
  });
}

/** Whether an MP3 has the frame of Xing, LAME or Fraunhofer that tells how many frames follow; without it durations go by the bit rate. */
async function hasLengthTag(path: string): Promise<boolean> {
  const skipped = await withHead(path, 10, (head) => {
    const size = [6, 7, 8, 9].reduce((sum, at) => sum * 128 + (head[at]! & 127), 0);
    return head.toString("latin1", 0, 3) === "ID3" ? 10 + size : 0;
  });
  return withHead(path, 256, (frame) => /Xing|Info|VBRI/.test(frame.toString("latin1")), skipped);
}

async function withHead<T>(
  path: string,
  length: number,
  read: (head: Buffer, bytes: number) => T,
  position = 0,
): Promise<T> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(length);
    await file.read(head, 0, length, position);
    return read(head, (await file.stat()).size);
  } finally {
    await file.close();
  }
}
