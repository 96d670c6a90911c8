/** WAV files of voices, read whole: one channel or the mean of several, as samples of −1 … 1. */
import { AppError } from "@smileloop/core/errors.ts";

export type Wave = { samples: Float32Array; rate: number };

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;
const RATES = { least: 4000, most: 192_000 } as const;
const MOST_CHANNELS = 8;

type Format = { code: number; channels: number; rate: number; bits: number };

/** Throws `input_unreadable`. A size that is not known yet (streams say 0 or 2³²−1) is what there is. */
export function readWav(bytes: Uint8Array): Wave {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const nameAt = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || nameAt(0) !== "RIFF" || nameAt(8) !== "WAVE") throw unreadable("it does not begin as one");
  let format: Format | null = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = nameAt(at);
    const size = view.getUint32(at + 4, true);
    const end = Math.min(bytes.length, at + 8 + size);
    if (name === "fmt " && end - at >= 24) format = formatAt(view, at + 8, end);
    if (name === "data") {
      if (format === null) throw unreadable("it does not say how it is coded");
      const known = size > 0 && size < 0xffff_ff00;
      return { samples: samplesOf(bytes.subarray(at + 8, known ? end : bytes.length), format), rate: format.rate };
    }
    at = end + (size % 2);
  }
  throw unreadable("it has no samples");
}

/** Raw 16-bit little-endian samples of one channel. */
export function readPcm16(bytes: Uint8Array, rate: number): Wave {
  return { samples: samplesOf(bytes, { code: PCM, channels: 1, rate, bits: 16 }), rate };
}

function formatAt(view: DataView, at: number, end: number): Format {
  const code = view.getUint16(at, true);
  const format: Format = {
    code: code === EXTENSIBLE && end - at >= 26 ? view.getUint16(at + 24, true) : code,
    channels: view.getUint16(at + 2, true),
    rate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
  const coded =
    (format.code === PCM && [8, 16, 24, 32].includes(format.bits)) ||
    (format.code === FLOAT && [32, 64].includes(format.bits));
  if (!coded) throw unreadable(`its coding (${format.code}, ${format.bits} bits) is not PCM`);
  if (format.channels < 1 || format.channels > MOST_CHANNELS) throw unreadable(`it has ${format.channels} channels`);
  if (format.rate < RATES.least || format.rate > RATES.most) throw unreadable(`it has ${format.rate} samples a second`);
  return format;
}

function samplesOf(bytes: Uint8Array, { code, channels, bits }: Format): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const step = bits / 8;
  const read = READERS[`${code}/${bits}`]!;
  const samples = new Float32Array(Math.floor(bytes.length / (step * channels)));
  for (let n = 0; n < samples.length; n++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += read(view, (n * channels + channel) * step);
    const mean = sum / channels;
    samples[n] = Number.isFinite(mean) ? Math.max(-1, Math.min(1, mean)) : 0;
  }
  return samples;
}

const READERS: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  "1/8": (view, at) => (view.getUint8(at) - 128) / 128,
  "1/16": (view, at) => view.getInt16(at, true) / 2 ** 15,
  "1/24": (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23,
  "1/32": (view, at) => view.getInt32(at, true) / 2 ** 31,
  "3/32": (view, at) => view.getFloat32(at, true),
  "3/64": (view, at) => view.getFloat64(at, true),
};

function unreadable(why: string): AppError {
  return new AppError("input_unreadable", `This is not a WAV file that can be read: ${why}.`);
}
