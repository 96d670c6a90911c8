/** A job of the kind `speak`: the text is said, and the sound is made into the file that its name asks for. */
import { rm, writeFile } from "node:fs/promises";
import { extname } from "node:path";
import type { SpeakRun, SpeakRunResult } from "@smileloop/core/engine/tasks/speak.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { MAX_SPEECH_SECONDS } from "@smileloop/core/speech/say-text.ts";
import { marksOf } from "../media/marks.ts";
import { encodeSound, SOUND_ENDINGS } from "../media/sound-file.ts";
import { openSound } from "../media/sound-reader.ts";
import { factsOf, sayInto } from "../services/say.ts";
import type { TaskContext } from "../task.ts";

/** How much of the work is speaking where the sound is compressed, too. */
const SAYING = 0.9;

/** Throws what `sayText` throws; no output is left then. */
export async function speak(request: SpeakRun, context: TaskContext): Promise<SpeakRunResult> {
  const { params, outputs, provenance } = request;
  const { sound, spoken } = outputs;
  const coded = SOUND_ENDINGS.includes(extname(sound));
  if (!coded && extname(sound) !== ".wav") {
    throw new AppError(
      "invalid_request",
      `Sounds are written as .wav, ${SOUND_ENDINGS.join(" or ")}, not ${extname(sound)}.`,
    );
  }
  const marks = marksOf(provenance, "sound");
  const { comment, description } = marks.tags;
  const wave = coded ? `${sound}.wav` : sound;
  const started = performance.now();
  try {
    const { spoken: times, ...said } = await sayInto(wave, params, context, {
      comment: `${comment}. ${description}`,
      share: coded ? SAYING : 1,
      maxSeconds: MAX_SPEECH_SECONDS,
    });
    const done = performance.now();
    if (coded) await encoded(wave, { to: sound, marks, seconds: said.seconds, signal: context.signal });
    const { words = [], phones = [] } = times ?? {};
    await writeFile(spoken, `${JSON.stringify({ voices: said.voices, words, phones })}\n`, { mode: 0o600 });
    context.progress("encode", 1, 1);
    const encode = coded ? { encode: Math.round(performance.now() - done) } : {};
    return { ...factsOf(said), timings: { say: Math.round(done - started), ...encode } };
  } catch (error) {
    await rm(sound, { force: true });
    throw error;
  } finally {
    if (coded) await rm(wave, { force: true });
  }
}

async function encoded(wave: string, options: Omit<Parameters<typeof encodeSound>[0], "sound">): Promise<void> {
  const sound = await openSound({ path: wave, type: "audio/wav" });
  await encodeSound({ sound, ...options }).finally(() => sound.close());
}
