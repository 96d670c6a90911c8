/** A file goes through all steps, in as few runs of FaceFusion as can be. */
import { join } from "node:path";
import type { EngineFile } from "@smileloop/core/engine/protocol.ts";
import { blaming, type Warning } from "@smileloop/core/errors.ts";
import { type ProcessorStep, processorEntry } from "@smileloop/core/faces/processors.ts";
import { mediaClassOf } from "@smileloop/core/media/types.ts";
import sharp from "sharp";
import { soundOf } from "../faces/sources.ts";
import { decodePicture, type Picture } from "../media/picture.ts";
import { SOUND_RATE } from "../media/resample.ts";
import { openSound } from "../media/sound-reader.ts";
import { openWav } from "../media/wav-file.ts";
import { type Asked, argumentsOf, runsOf } from "./command-line.ts";
import { runHeadless } from "./headless.ts";
import type { Installation } from "./installation.ts";

/** Longest side of a source: more is not seen of a face. */
const MOST_SIDE = 3072;
/** What a run may take: it loads models first, and without a graphics card works for seconds on a frame, ms. */
const LIMIT_MS = { start: 120_000, frame: 30_000 };

export type Sources = { pictures: readonly string[]; sound: string | null };

type Work = Asked & {
  steps: readonly ProcessorStep[];
  /** Percent of the target that is asked for. */
  scale: number;
  target: string;
  frames: number;
  sources: Sources;
  /** The job's, in which each run gets one of its own. */
  folder: string;
};

/** Answers where the last result is, which may be larger than the target. Throws what `argumentsOf` and `runHeadless` throw. */
export async function throughSteps(
  installation: Installation,
  { steps, scale, target, frames, sources, folder, ...asked }: Work,
  { signal, onShare }: { signal: AbortSignal; onShare: (share: number) => void },
): Promise<{ path: string; warnings: Warning[] }> {
  const runs = runsOf(steps);
  // all of them first, so that what is refused costs nothing
  const orders = runs.map((run) => argumentsOf(installation, run, asked, scale));
  let path = target;
  for (const [nth, { args }] of orders.entries()) {
    const takes = new Set(runs[nth]!.map(({ name }) => processorEntry(name).source));
    path = await runHeadless(installation, {
      folder: join(folder, `run-${nth}`),
      sources: [
        ...(takes.has("image") ? sources.pictures : []),
        ...(takes.has("audio") && sources.sound !== null ? [sources.sound] : []),
      ],
      ...{ target: path, args, signal },
      limitMs: LIMIT_MS.start + LIMIT_MS.frame * frames,
      onShare: (share) => onShare((nth + share) / orders.length),
    });
  }
  return { path, warnings: orders[0]!.warnings };
}

/** Files that FaceFusion reads, whatever they came as: PNG, upright and sRGB, and WAV. Throws what is wrong with them. */
export async function writeSources(files: readonly EngineFile[], folder: string): Promise<Sources> {
  const pictures: string[] = [];
  for (const { path, type } of files) {
    if (mediaClassOf(type) !== "image") continue;
    const to = join(folder, `source-${pictures.length}.png`);
    await writePng(await blaming("source", decodePicture(path, { maxSide: MOST_SIDE })), to);
    pictures.push(to);
  }
  const file = soundOf(files);
  const sound = file ? await blaming("source", writeSound(file, join(folder, "source.wav"))) : null;
  return { pictures, sound };
}

export async function writePng({ data, width, height }: Picture, path: string): Promise<void> {
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toFile(path);
}

async function writeSound(file: EngineFile, path: string): Promise<string> {
  const sound = await openSound(file);
  const wav = await openWav(path, sound.channels, SOUND_RATE);
  try {
    const part = Array.from({ length: sound.channels }, () => new Float32Array(SOUND_RATE));
    for (let read = SOUND_RATE; read === SOUND_RATE; ) {
      read = sound.read(part);
      await wav.write(part.map((channel) => channel.subarray(0, read)));
    }
    await wav.finish();
    return path;
  } finally {
    await wav.abort();
    await sound.close();
  }
}
