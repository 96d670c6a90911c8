/** A job's driving clip: how its face moves is read, and becomes the curves of the frames that are asked for. */

import { type ExtractRequest, extractResultSchema } from "@smileloop/core/engine/services.ts";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { DRIVING_SECONDS } from "@smileloop/core/kinds/animate.ts";
import {
  type Channel,
  type Motion,
  type MotionFrames,
  motionSchema,
  sampleMotion,
} from "@smileloop/core/motion/motion.ts";
import { unpackMotion } from "@smileloop/core/motion/motion-file.ts";
import { fileOf, type JobIo, type LocalFile } from "../job-io.ts";
import type { EngineProcess, RequestOptions } from "../process/engine-process.ts";

/**
 * The length of a clip is known only when it was read, and containers may say anything of it: so reading has the time that the longest
 * needs, 7.5 s, twenty times over.
 */
const READING_MS = 30_000 + 15_000 * DRIVING_SECONDS;

/** `seconds`: duration of the part of the clip that is used. */
type DrivenMotion = { motion: MotionFrames; warnings: JobRecord["warnings"]; seconds: number };

/** Below this (a whole channel, or 15 degrees, is 1) hardly anything is seen to move. */
const STILL = 0.12;
const SHORTEST_SECONDS = 1;
/**
 * People walk about before cameras and look over their shoulders; portraits don't. A curve that goes beyond these is made
 * smaller as a whole, so that it keeps its shape where an engine would cut it off. Degrees, E and a factor − 1.
 */
const ROOM: Partial<Record<Channel, number>> = {
  ...{ headYaw: 18, headPitch: 14, headRoll: 12, headX: 0.12, headY: 0.12, scale: 0.15 },
};

/**
 * The clip keeps its own time: it is as long as it is, 1 to 10 s; what is asked for beyond its end holds its last pose. Chance
 * (`seed`) has no part in it. Throws what the engine throws.
 */
export async function readDriving(
  io: JobIo,
  driving: LocalFile,
  { fps, duration, intensity }: { fps: number; duration?: number | undefined; intensity: number },
): Promise<DrivenMotion> {
  // the channels are read by one process for every engine
  const reader = io.serving("extract");
  const read = await extractBy(reader, driving, readingOptions(io, "motion"));
  const own = Math.min(DRIVING_SECONDS, Math.max(SHORTEST_SECONDS, read.motion.duration));
  const motion = withinRoom(
    sampleMotion(read.motion, { fps, durationSeconds: duration ?? own, intensity, stretch: false }),
  );
  const warnings = [...read.warnings];
  if (reader !== io.engine && io.offers("extract") && read.source.kind === "video") {
    const track = await readNative(io, driving);
    if (track) motion.native = track;
    else warnings.push({ code: "driving_channels_only", detail: CHANNELS_ONLY });
  }
  if (duration !== undefined && duration > read.motion.duration + 0.5) {
    const seconds = read.motion.duration.toFixed(1);
    const detail = `The driving clip is ${seconds} s long; after it, the video holds its last pose.`;
    warnings.push({ code: "driving_short", detail });
  }
  if (strengthOf(motion) < STILL * Math.min(1, intensity)) {
    const detail = "The face in the driving clip hardly moves, so the picture hardly does.";
    warnings.push({ code: "driving_still", detail });
  }
  return { motion, warnings, seconds: read.source.seconds };
}

const CHANNELS_ONLY =
  "This engine could not follow the face in the driving clip by itself, so it moves by what can be said of any face.";

function readingOptions(io: JobIo, stage?: string): RequestOptions {
  const options = io.options(stage);
  return { ...options, timeoutMs: Math.max(READING_MS, options.timeoutMs) };
}

/** The engine's own track; null where the clip is not for it, though the channels could be read. */
async function readNative(io: JobIo, driving: LocalFile): Promise<MotionFrames["native"] | null> {
  try {
    // how far it is was told by the first reading
    return (
      (await extractBy(io.engine, driving, { ...readingOptions(io), onProgress: undefined })).motion.native ?? null
    );
  } catch (error) {
    if (hasCode(error, "no_face", "input_unreadable", "input_too_large")) return null;
    throw error;
  }
}

/** The motion in a clip, as a process reads it; a motion that is too long for its reply is in a file next to the clip. */
async function extractBy(process: EngineProcess, driving: LocalFile, options: RequestOptions) {
  const path = `${driving.path}.motion.json`;
  const request: Omit<ExtractRequest, "run"> = {
    type: "extract",
    inputs: { driving: [fileOf(driving)] },
    limits: { seconds: DRIVING_SECONDS },
    outputs: { motion: path },
  };
  const read = await process.request(request, { ...options, result: extractResultSchema });
  if ("path" in read.motion && read.motion.path !== path) {
    throw new AppError("engine_failed", "The engine left the motion where it does not belong.");
  }
  return { ...read, motion: await unpackMotion<Motion>(read.motion, motionSchema) };
}

function withinRoom(motion: MotionFrames): MotionFrames {
  const faces = motion.faces.map(({ channels }) => {
    const fitted = Object.entries(channels).map(([name, values]): [string, number[]] => {
      const room = ROOM[name as Channel] ?? Infinity;
      const most = values.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
      if (most <= room) return [name, values];
      return [name, values.map((value) => Math.round(value * (room / most) * 1e5) / 1e5)];
    });
    return { channels: Object.fromEntries(fitted) };
  });
  return { ...motion, faces };
}

function strengthOf({ faces }: MotionFrames): number {
  const [face] = faces;
  if (!face) throw new AppError("internal", "A Motion has no face.");
  const sizes = Object.entries(face.channels).map(([name, values]) => {
    const most = values.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
    return /^head(Pitch|Yaw|Roll)$/.test(name) ? most / 15 : most;
  });
  return Math.max(0, ...sizes);
}
