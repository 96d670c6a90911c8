/** The lips of a video say the words that were put into its sound: only where it was changed, by the track of the face that was surveyed. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { InsertRunResult } from "@smileloop/core/engine/tasks/insert.ts";
import {
  type LipsyncCheck,
  type LipsyncCheckResult,
  type LipsyncRun,
  lipsyncCheckResultSchema,
  lipsyncRunResultSchema,
} from "@smileloop/core/engine/tasks/lipsync.ts";
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import type { InsertJobParams } from "@smileloop/core/kinds/insert.ts";
import { packMotion, unpackMotion } from "@smileloop/core/motion/motion-file.ts";
import { type Spoken, spokenSchema } from "@smileloop/core/speech/spoken.ts";
import type { Survey } from "@smileloop/core/speech/survey.ts";
import { arrangeMotion, type Sync } from "@smileloop/core/speech/sync.ts";
import { fileOf, type JobIo, type LocalFile } from "../job-io.ts";
import { curveRate, RATES } from "./film.ts";
import type { HandlerContext } from "./handler.ts";
import { listen } from "./hear.ts";
import { labelOf } from "./label.ts";
import type { Said } from "./say.ts";

/** `sound`: the WAV with the words in it. `made`: where they are heard. */
export type Speaking = {
  params: Pick<InsertJobParams, "face" | "intensity">;
  video: LocalFile;
  track: LocalFile;
  /** The same pictures in parts that can be copied, where those of the video cannot. */
  pictures: LocalFile | undefined;
  film: Survey["film"];
  sound: LocalFile;
  said: readonly Said[];
  made: InsertRunResult;
  /** Of the MP4. */
  to: string;
};

/** How long before and after what was changed a mouth comes and goes, s. */
const AROUND = 0.2;

/** Throws what the engine and the check throw: a recipient whose words the lips do not say has no file. */
export async function sayByLips(
  context: HandlerContext,
  io: JobIo,
  asked: Speaking,
): Promise<{ video: LipsyncCheckResult["video"]; warnings: Warning[] }> {
  const { params, video, track, pictures, film, sound, to } = asked;
  const { seconds } = film;
  const sync: Sync = { mode: "cut_off", video: seconds, sound: seconds };
  const times = film.even ? undefined : [...(await stampsIn(track)), seconds];
  const fps = times ? RATES.most : curveRate(film.fps);
  const heard = await io.timed("listen", async () => {
    const how = { fps, intensity: params.intensity, seed: 0, mood: {} };
    const spoken = await spokenIn(asked);
    return listen(context, io, sound, how, spoken ? { spoken } : {});
  });
  const motion = await packMotion(arrangeMotion(heard.motion, sync, times), join(io.dir, "motion.json"));
  const spans = spansOf(asked.made.changed, seconds);
  const task = {
    kind: "lipsync" as const,
    inputs: {
      ...{ video: [fileOf(video)], audio: [fileOf(sound)], track: [fileOf(track)] },
      ...(pictures && { pictures: [fileOf(pictures)] }),
    },
    motion,
  };
  const how = { sync, face: params.face ?? 0, spans, ...(times ? { times } : {}) };
  const outputs = { video: to };
  const rendered = await io.timed("render", () => {
    const run: Omit<LipsyncRun, "run"> = { type: "run", ...task, params: how, outputs, provenance: io.provenance };
    return io.engine.request(run, { ...io.options("render"), result: lipsyncRunResultSchema });
  });
  const checked = await io.timed("check", () => {
    const { speechShare } = heard;
    const check: Omit<LipsyncCheck, "run"> = {
      type: "check",
      ...task,
      params: { ...how, speechShare, ...labelOf(io) },
      files: outputs,
    };
    return io.checker.request(check, { ...io.options("check"), result: lipsyncCheckResultSchema });
  });
  return { video: checked.video, warnings: [...rendered.warnings, ...checked.warnings] };
}

/** When each phone of the words is heard; null where the sound itself has to tell: other speech was moved, or a voice tells no times. */
async function spokenIn({ said, made }: Speaking): Promise<Spoken | null> {
  if (made.later > 0) return null;
  const phones: Spoken["phones"] = [];
  for (const [nth, { spoken }] of said.entries()) {
    if (spoken === undefined) return null;
    const times = await unpackMotion<Spoken>(spoken, spokenSchema);
    if (times.phones.length === 0) return null;
    const { from, to, tempo, skipped } = made.said[nth]!;
    const at = (seconds: number) => Math.min(to, Math.max(from, from + (seconds - skipped) / tempo));
    phones.push(...times.phones.map(({ phone, start, end }) => ({ phone, start: at(start), end: at(end) })));
  }
  return { words: [], phones };
}

async function stampsIn({ path }: LocalFile): Promise<number[]> {
  try {
    return (JSON.parse(await readFile(path, "utf8")) as { stamps: number[] }).stamps;
  } catch (cause) {
    throw new AppError("invalid_request", "The track of the face cannot be read.", { cause });
  }
}

function spansOf(changed: readonly { from: number; to: number }[], seconds: number) {
  return changed.map(({ from, to }) => ({ from: Math.max(0, from - AROUND), to: Math.min(seconds, to + AROUND) }));
}
