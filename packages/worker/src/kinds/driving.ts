/** A job's driving clip: how its face moves is read, and becomes the curves of the frames that are asked for. */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { CLIP_LIMITS } from "@smileloop/core/kinds/kinds.ts";
import { type Channel, type MotionFrames, sampleMotion } from "@smileloop/core/motion/motion.ts";
import type { EngineProcess, RequestOptions } from "../process/engine-process.ts";

/** Who reads the channels of a clip, and who, where the engine has a track of its own, that of a video. */
export type DrivingReaders = { channels: EngineProcess; native: EngineProcess | null };
export type DrivenMotion = { motion: MotionFrames; warnings: JobRecord["warnings"] };

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
  { channels, native }: DrivingReaders,
  driving: { path: string; type: string },
  { fps, duration, params }: { fps: number; duration?: number | undefined; params: { intensity: number } },
  options: RequestOptions,
): Promise<DrivenMotion> {
  const limits = { seconds: CLIP_LIMITS.maxSeconds };
  const read = await channels.request({ type: "extract", inputs: { driving }, limits }, options);
  const own = Math.min(CLIP_LIMITS.maxSeconds, Math.max(SHORTEST_SECONDS, read.motion.duration));
  const motion = withinRoom(
    sampleMotion(read.motion, { fps, durationSeconds: duration ?? own, intensity: params.intensity, stretch: false }),
  );
  const warnings = [...read.warnings];
  if (native && read.source.kind === "video") {
    const track = await readNative(native, driving, options);
    if (track) motion.native = track;
    else warnings.push({ code: "driving_channels_only", detail: CHANNELS_ONLY });
  }
  if (duration !== undefined && duration > read.motion.duration + 0.5) {
    const seconds = read.motion.duration.toFixed(1);
    const detail = `The driving clip is ${seconds} s long; after it, the video holds its last pose.`;
    warnings.push({ code: "driving_short", detail });
  }
  if (strengthOf(motion) < STILL * Math.min(1, params.intensity)) {
    const detail = "The face in the driving clip hardly moves, so the picture hardly does.";
    warnings.push({ code: "driving_still", detail });
  }
  return { motion, warnings };
}

const CHANNELS_ONLY =
  "This engine could not follow the face in the driving clip by itself, so it moves by what can be said of any face.";

/** The engine's own track; null where the clip is not for it, though the channels could be read. */
async function readNative(
  engine: EngineProcess,
  driving: { path: string; type: string },
  options: RequestOptions,
): Promise<MotionFrames["native"] | null> {
  const limits = { seconds: CLIP_LIMITS.maxSeconds };
  try {
    // how far it is was told by the first reading
    const quiet = { ...options, onProgress: undefined };
    return (await engine.request({ type: "extract", inputs: { driving }, limits }, quiet)).motion.native ?? null;
  } catch (error) {
    if (hasCode(error, "no_face", "driving_unreadable", "driving_too_large")) return null;
    throw error;
  }
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
