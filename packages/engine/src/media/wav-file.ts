/** Writes a WAV file of 16 bits as its samples come. */
import { type FileHandle, open, rm } from "node:fs/promises";
import type { Samples } from "./resample.ts";

const HEAD = 44;

export type WavFile = {
  /** One array of the same length for each channel, −1 … 1. */
  write(samples: Samples): Promise<void>;
  /** Tells the length in the head, and closes the file. */
  finish(): Promise<void>;
  /** Closes and removes it, unless it is finished. */
  abort(): Promise<void>;
};

/** `comment`: what the file says of itself (a chunk `LIST`, `INFO`). */
export async function openWav(path: string, channels: number, rate: number, comment = ""): Promise<WavFile> {
  const file: FileHandle = await open(path, "w", 0o600);
  let [bytes, closed] = [0, false];
  await file.write(Buffer.alloc(HEAD));
  return {
    async write(samples) {
      const length = samples[0]!.length;
      const data = new Int16Array(length * channels);
      for (let i = 0; i < length; i++) {
        for (let channel = 0; channel < channels; channel++) {
          const value = Math.min(1, Math.max(-1, samples[channel]![i]!));
          data[i * channels + channel] = Math.round(value * 32_767);
        }
      }
      // little-endian, as every machine is that Node.js runs on here
      await file.write(data);
      bytes += data.byteLength;
    },
    async finish() {
      const info = infoOf(comment);
      await file.write(info);
      await file.write(headOf(bytes, info.length, { channels, rate }), 0, HEAD, 0);
      await file.close();
      closed = true;
    },
    async abort() {
      if (closed) return;
      await file.close();
      await rm(path, { force: true });
    },
  };
}

/** RIFF, WAVE_FORMAT_PCM. */
function headOf(bytes: number, more: number, { channels, rate }: { channels: number; rate: number }): Buffer {
  const head = Buffer.alloc(HEAD);
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(HEAD - 8 + bytes + more, 4);
  head.write("WAVEfmt ", 8, "latin1");
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * channels * 2, 28);
  head.writeUInt16LE(channels * 2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36, "latin1");
  head.writeUInt32LE(bytes, 40);
  return head;
}

/** A comment (`ICMT`) at the end of the file; chunks have even lengths, as 16-bit samples do. */
function infoOf(comment: string): Buffer {
  if (comment === "") return Buffer.alloc(0);
  const text = Buffer.from(`${comment}\0${comment.length % 2 === 0 ? "\0" : ""}`, "latin1");
  const info = Buffer.alloc(20 + text.length);
  info.write("LIST", 0, "latin1");
  info.writeUInt32LE(12 + text.length, 4);
  info.write("INFOICMT", 8, "latin1");
  info.writeUInt32LE(text.length, 16);
  text.copy(info, 20);
  return info;
}
