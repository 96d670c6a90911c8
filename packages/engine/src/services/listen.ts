/** The service `listen`: from a file with a voice to the motion of a face that says it, and the sound of the clip. */
import { stat } from "node:fs/promises";
import type { ListenRequest, ListenResult } from "@smileloop/core/engine/speech-services.ts";
import { AppError, blaming } from "@smileloop/core/errors.ts";
import { packMotion, unpackMotion } from "@smileloop/core/motion/motion-file.ts";
import { type Spoken, spokenSchema } from "@smileloop/core/speech/spoken.ts";
import { type SpeechOptions, speechMotion } from "@smileloop/speech/speech.ts";
import { readVoice, type VoiceSound } from "../media/voice-sound.ts";
import type { TaskContext } from "../task.ts";

/** How much of the work is reading the sound. */
const READING = 0.6;
/** The voice that says the same text may be this much slower. */
const SLOWER = 3;

/** Throws `empty_file`, `input_unreadable`, `unsupported_type`, `input_too_large` (`input`: audio), and the signal's reason. */
export async function listen(request: ListenRequest, context: TaskContext): Promise<ListenResult> {
  const started = performance.now();
  const sound = await blaming("audio", soundOf(request, context));
  const read = performance.now();
  const { fps, intensity, seed, mood } = request.params;
  const told = await toldOf(request, context);
  context.signal.throwIfAborted();
  const speech = speechMotion({ samples: sound.voice, seconds: sound.seconds, fps, intensity, seed, mood, ...told });
  context.progress("listen", 1, 1);
  const { aligned, speechShare } = speech;
  const warnings = [...sound.warnings, ...speech.warnings];
  return {
    ...{ aligned, warnings, speechShare: rounded(speechShare, 4), seconds: sound.seconds },
    loudness: sound.loudness === null ? null : rounded(sound.loudness, 2),
    motion: await packMotion(speech.motion, request.outputs.motion),
    timings: { read: Math.round(read - started), analyse: Math.round(performance.now() - read) },
  };
}

async function soundOf(request: ListenRequest, { signal, progress }: TaskContext): Promise<VoiceSound> {
  const file = request.inputs.audio[0]!;
  const { size } = await stat(file.path);
  if (size === 0) throw new AppError("empty_file", "The sound is empty: it has 0 bytes.");
  return readVoice({
    ...{ file, to: request.outputs.sound, maxSeconds: request.limits.seconds, signal },
    progress: (share) => progress("listen", READING * share, 1),
  });
}

/** What is known of the text and its times, as `speechMotion` takes it. */
async function toldOf(
  { spoken, reference, limits }: ListenRequest,
  { signal }: TaskContext,
): Promise<Pick<SpeechOptions, "spoken" | "reference">> {
  const times = spoken && (await unpackMotion<Spoken>(spoken, spokenSchema));
  if (!reference) return { spoken: times };
  const { voice } = await readVoice({
    ...{ file: reference.sound, maxSeconds: SLOWER * limits.seconds, signal },
    progress: () => {},
  });
  const said = await unpackMotion<Spoken>(reference.spoken, spokenSchema);
  return { spoken: times, reference: { samples: voice, spoken: said } };
}

function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
