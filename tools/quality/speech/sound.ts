/** Test recordings as the network takes them. They are 16-bit mono at 16 or 48 kHz, so nothing more is read here. */
import { SAMPLE_RATE } from "@smileloop/speech/features.ts";

/** Mono samples at 16 kHz, −1–1, of a WAV file or of a file of bare samples at 16 kHz (`.raw`). */
export function soundOf(name: string, file: Uint8Array): Float32Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (name.endsWith(".raw")) return pcm(view, 0, file.length);
  let rate = SAMPLE_RATE;
  for (let at = 12; at + 8 <= file.length; ) {
    const id = String.fromCharCode(...file.subarray(at, at + 4));
    const size = view.getUint32(at + 4, true);
    if (id === "fmt ") rate = view.getUint32(at + 12, true);
    if (id === "data") return slower(pcm(view, at + 8, Math.min(size, file.length - at - 8)), rate / SAMPLE_RATE);
    at += 8 + size + (size % 2);
  }
  throw new Error(`${name} has no sound`);
}

function pcm(view: DataView, start: number, bytes: number): Float32Array {
  return Float32Array.from({ length: bytes >> 1 }, (_, i) => view.getInt16(start + 2 * i, true) / 32768);
}

/** Every `factor`-th sample, after a low-pass without delay. */
function slower(samples: Float32Array, factor: number): Float32Array {
  if (factor === 1) return samples;
  const reach = 16 * factor;
  const taps = Array.from({ length: 2 * reach + 1 }, (_, k) => {
    const t = (k - reach) / factor;
    const window = 0.5 + 0.5 * Math.cos((Math.PI * (k - reach)) / reach);
    return ((t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t)) * window) / factor;
  });
  return Float32Array.from({ length: Math.floor(samples.length / factor) }, (_, i) =>
    taps.reduce((sum, tap, k) => sum + tap * (samples[i * factor + k - reach] ?? 0), 0),
  );
}
