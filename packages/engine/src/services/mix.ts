/** The service `mix`: what is heard in a video whose words are others now. */
import type { MixRequest, MixResult } from "@smileloop/core/engine/speech-services.ts";
import { blaming } from "@smileloop/core/errors.ts";
import { fadeAt, fadingOf, heardAlong, type Sync, syncMode } from "@smileloop/core/speech/sync.ts";
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
  const { sync, seconds, begins } = request.params;
  const { audio, video } = request.inputs;
  const again = syncMode(sync.mode).repeats === true;
  const voice = repeated(() => blaming("audio", openSound(audio[0]!)), { again });
  // sound that runs backwards, faster or slower is nothing to be heard under words
  const along = heardAlong(sync);
  const own = { again: along > sync.video, from: samplesIn(begins), period: samplesIn(sync.video) };
  const under = video[0] && along > 0 ? repeated(() => blaming("video", openSound(video[0]!)), own) : null;
  const total = samplesIn(seconds);
  const wav = await openWav(request.outputs.sound, 2, SOUND_RATE);
  try {
    for (let at = 0; at < total; at += PIECE) {
      signal.throwIfAborted();
      const out = [0, 1].map(() => new Float32Array(Math.min(PIECE, total - at)));
      await voice.addTo(out, 1);
      await under?.addTo(out, DUCKED);
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

function fade(out: Samples, at: number, sync: Sync): void {
  for (const side of out) for (let i = 0; i < side.length; i++) side[i]! *= fadeAt(sync, (at + i) / SOUND_RATE);
}

/** `from`: what is left out at its start, and `period`: after how much it begins again or ends, samples; by default at its end. */
type Playing = { again: boolean; from?: number; period?: number };

/** A sound as two channels, which begins again, or is silent then. */
function repeated(open: () => Promise<Sound>, { again, from = 0, period }: Playing) {
  let sound: Sound | null = null;
  let [ended, played] = [false, 0];
  const start = async (): Promise<Sound> => {
    const opened = await open();
    played = 0;
    for (let left = from; left > 0; left -= PIECE) {
      opened.read(Array.from({ length: opened.channels }, () => new Float32Array(Math.min(PIECE, left))));
    }
    return opened;
  };
  return {
    async addTo(out: Samples, gain: number): Promise<void> {
      let filled = 0;
      while (filled < out[0]!.length && !ended) {
        const fresh = sound === null;
        sound ??= await start();
        const wanted = Math.min(out[0]!.length - filled, (period ?? Number.POSITIVE_INFINITY) - played);
        const room = Array.from({ length: sound.channels }, () => new Float32Array(wanted));
        const count = sound.read(room);
        for (const [side, values] of out.entries()) {
          const samples = room[Math.min(side, room.length - 1)]!;
          for (let i = 0; i < count; i++) values[filled + i]! += gain * samples[i]!;
        }
        // a sound that ends before its period is silent until then
        const done = period === undefined ? count : wanted;
        filled += done;
        played += done;
        if (done === wanted && played !== period) continue;
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

function samplesIn(seconds: number): number {
  return Math.round(seconds * SOUND_RATE);
}
