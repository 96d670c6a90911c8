/** The service `mix`: what is heard in a video whose words are others now. */
import type { MixRequest, MixResult } from "@smileloop/core/engine/speech-services.ts";
import { blaming } from "@smileloop/core/errors.ts";
import { fadeAt, fadingOf, type Sync, shownAt, syncMode } from "@smileloop/core/speech/sync.ts";
import { type Samples, SOUND_RATE } from "../media/resample.ts";
import { openSound, type Sound } from "../media/sound-reader.ts";
import { openWav } from "../media/wav-file.ts";
import type { TaskContext } from "../task.ts";

/** Samples that are written at once. */
const PIECE = SOUND_RATE / 4;
/** The old sound under the new one: −15 dB, so that the new words are understood. */
const DUCKED = 10 ** (-15 / 20);

/** Throws what `openSound` throws (`input`), and the signal's reason; no file is left then. */
export async function mix(request: MixRequest, { signal, progress }: TaskContext): Promise<MixResult> {
  const started = performance.now();
  const { sync, seconds } = request.params;
  const { audio, video } = request.inputs;
  const voice = repeated(() => blaming("audio", openSound(audio[0]!)), syncMode(sync.mode).repeats === true);
  const under = video[0] ? repeated(() => blaming("video", openSound(video[0]!)), sync.mode === "loop") : null;
  const total = Math.round(seconds * SOUND_RATE);
  const wav = await openWav(request.outputs.sound, 2, SOUND_RATE);
  try {
    for (let at = 0; at < total; at += PIECE) {
      signal.throwIfAborted();
      const out = [0, 1].map(() => new Float32Array(Math.min(PIECE, total - at)));
      await voice.addTo(out, 1);
      // sound that runs backwards, faster or slower is nothing to be heard under words
      if (under && isHeardAlong(sync, at / SOUND_RATE)) await under.addTo(out, DUCKED);
      if (fadingOf(sync) === "sound") fade(out, at, sync);
      await wav.write(out);
      progress("mix", at, total);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await wav.finish();
    return { seconds: total / SOUND_RATE, timings: { mix: Math.round(performance.now() - started) } };
  } finally {
    await wav.abort();
    await voice.close();
    await under?.close();
  }
}

/** Whether the video runs as it was recorded at this time of the result. */
function isHeardAlong(sync: Sync, at: number): boolean {
  if (sync.mode === "remap") return false;
  return sync.mode === "loop" || (at < sync.video && Math.abs(shownAt(sync, at) - at) < 1e-3);
}

function fade(out: Samples, at: number, sync: Sync): void {
  for (const side of out) for (let i = 0; i < side.length; i++) side[i]! *= fadeAt(sync, (at + i) / SOUND_RATE);
}

/** A sound as two channels, which begins again at its end, or is silent then. */
function repeated(open: () => Promise<Sound>, again: boolean) {
  let sound: Sound | null = null;
  let ended = false;
  return {
    async addTo(out: Samples, gain: number): Promise<void> {
      let filled = 0;
      let fresh = false;
      while (filled < out[0]!.length && !ended) {
        fresh = sound === null;
        sound ??= await open();
        const room = Array.from({ length: sound.channels }, () => new Float32Array(out[0]!.length - filled));
        const count = sound.read(room);
        for (const [side, values] of out.entries()) {
          const from = room[Math.min(side, room.length - 1)]!;
          for (let i = 0; i < count; i++) values[filled + i]! += gain * from[i]!;
        }
        filled += count;
        if (count === room[0]!.length) continue;
        await sound.close();
        sound = null;
        ended = !again || (fresh && count === 0);
      }
    },
    close: async () => {
      await sound?.close();
    },
  };
}
