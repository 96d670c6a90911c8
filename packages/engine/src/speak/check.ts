/** Judges a finished sound by itself: that all of it decodes, is not silent, and has its words within it. */
import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import type { AudioSpec } from "@smileloop/core/engine/protocol.ts";
import type { SpeakCheck, SpeakCheckResult } from "@smileloop/core/engine/tasks/speak.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { soundFormatOfPath } from "@smileloop/core/media/sound-formats.ts";
import { spokenSchema } from "@smileloop/core/speech/spoken.ts";
import { avGetCodecName, FormatContext } from "node-av/lib";
import { z } from "zod";
import { must } from "../media/ffmpeg.ts";
import { SOUND_RATE } from "../media/resample.ts";
import { openSound } from "../media/sound-reader.ts";
import type { TaskContext } from "../task.ts";

const MAX_SPOKEN_BYTES = 16 * 1024 * 1024;
/** A voice that whispers is ten times as loud. */
const LEAST_PEAK = 0.01;
/** Words may end later than the sound by what rounding and encoders leave, seconds. */
const SLACK = 0.1;

const fileSchema = spokenSchema.extend({
  voices: z.array(z.strictObject({ name: z.string(), language: z.string() })).min(1),
});

/** Throws `check_unreadable`. */
export async function checkSpoken({ files }: SpeakCheck, { signal }: TaskContext): Promise<SpeakCheckResult> {
  const started = performance.now();
  const [sound, spoken] = await Promise.all([stat(files.sound), stat(files.spoken)]);
  const { words } = await readSpoken(files.spoken, spoken.size);
  const { duration, peak } = await hear(files.sound, signal);
  if (peak < LEAST_PEAK) throw unreadable("is silent");
  const last = words.at(-1)?.end ?? 0;
  if (last > duration + SLACK) {
    throw unreadable(`ends at ${duration.toFixed(2)} s, before its last word, which ends at ${last.toFixed(2)} s`);
  }
  return {
    audio: { ...(await specOf(files.sound)), duration, bytes: sound.size },
    spoken: { bytes: spoken.size, words: words.length },
    warnings: [],
    timings: { decode: Math.round(performance.now() - started) },
  };
}

async function readSpoken(path: string, size: number): Promise<z.infer<typeof fileSchema>> {
  if (size > MAX_SPOKEN_BYTES) throw unreadable("has more times than there can be");
  try {
    return fileSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    throw new AppError("check_unreadable", "The times of the words cannot be read.", { cause: error });
  }
}

async function hear(path: string, signal: AbortSignal): Promise<{ duration: number; peak: number }> {
  const format = soundFormatOfPath(path);
  if (format === null) throw unreadable(`has the unknown ending ${extname(path)}`);
  try {
    const sound = await openSound({ path, type: format.contentType });
    const chunk = Array.from({ length: sound.channels }, () => new Float32Array(SOUND_RATE));
    let [samples, peak] = [0, 0];
    try {
      for (let read = SOUND_RATE; read === SOUND_RATE; samples += read) {
        signal.throwIfAborted();
        read = sound.read(chunk);
        for (let n = 0; n < read; n++) peak = Math.max(peak, Math.abs(chunk[0]![n]!));
      }
    } finally {
      await sound.close();
    }
    return { duration: samples / SOUND_RATE, peak };
  } catch (error) {
    signal.throwIfAborted();
    throw new AppError("check_unreadable", "The sound cannot be decoded.", { cause: error });
  }
}

async function specOf(path: string): Promise<AudioSpec> {
  const file = new FormatContext();
  try {
    must(await file.openInput(`file:${path}`), "open");
    must(await file.findStreamInfo(null), "probe");
    const { codecId, sampleRate, channels } = file.streams[0]!.codecpar;
    return { codec: avGetCodecName(codecId) ?? "unknown", channels, sample_rate: sampleRate };
  } finally {
    await file.closeInput();
  }
}

function unreadable(what: string): AppError {
  return new AppError("check_unreadable", `The sound ${what}.`);
}
