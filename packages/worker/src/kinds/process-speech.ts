/** What the sound of a step says, for engines that listen: curves of a face, and the sound at one loudness. */
import { join } from "node:path";
import type { FilmResult } from "@smileloop/core/engine/speech-services.ts";
import type { ProcessVideoRun } from "@smileloop/core/engine/tasks/process.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import { type ProcessorStep, processorEntry } from "@smileloop/core/faces/processors.ts";
import { mediaClassOf } from "@smileloop/core/media/types.ts";
import { packMotion } from "@smileloop/core/motion/motion-file.ts";
import { syncedSeconds } from "@smileloop/core/speech/sync.ts";
import { fileOf, type JobIo, type LocalFile } from "../job-io.ts";
import { curveRateOf } from "./film.ts";
import type { HandlerContext } from "./handler.ts";
import { hear } from "./hear.ts";

type Given = { processors: readonly ProcessorStep[]; source: readonly LocalFile[]; film: FilmResult };
/**
 * `source`: with the sound as it is heard in the result. `seconds`: of the result. `steady`: the engine moves lips by itself, at the
 * times of frames that are evenly apart.
 */
type Spoken = Pick<ProcessVideoRun["params"], "speech"> & {
  source: ProcessVideoRun["inputs"]["source"];
  seconds: number;
  steady: boolean;
  warnings: Warning[];
};

/**
 * Listens to the sound where a step takes one and the engine itself offers `listen`; other engines get it as it came. Throws what
 * `listen` throws, `input` and all.
 */
export async function speechOf(
  context: HandlerContext,
  io: JobIo,
  { processors, source, film }: Given,
): Promise<Spoken> {
  const takes = processors.some(({ name }) => processorEntry(name).source === "audio");
  const audio = takes ? source.find(({ type }) => mediaClassOf(type) === "audio") : undefined;
  if (!audio || !io.offers("listen")) {
    return { source: source.map(fileOf), seconds: film.seconds, steady: audio !== undefined, warnings: [] };
  }
  // only the mouth is taken from the curves, and chance has no part in it
  const asked = { fps: curveRateOf(film), seed: 0, speed: 1, intensity: 1, audio };
  const heard = await hear(context, io, asked).catch((error: unknown) => {
    // the service calls its input a sound
    const blamed = error instanceof AppError && error.input === "audio";
    throw blamed ? new AppError(error.code, error.message, { cause: error.cause, input: "source" }) : error;
  });
  const sync = { mode: "cut_off" as const, video: film.seconds, sound: heard.seconds };
  const motion = await packMotion(heard.motion, join(io.dir, "said.json"));
  return {
    source: source.map((file) => fileOf(file === audio ? heard.sound : file)),
    speech: { motion, sync, share: heard.speechShare },
    seconds: syncedSeconds(sync),
    steady: false,
    warnings: heard.warnings,
  };
}
