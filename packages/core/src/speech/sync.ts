/**
 * How a video and the new sound are fitted to each other in time. The names are those of Sync.so, and `fade`. Pure: the worker, the
 * engine and the check ask the same functions.
 */
import { z } from "zod";
import type { MotionFrames } from "../motion/motion.ts";

type SyncMode = {
  name: string;
  /** A sentence for people. */
  says: string;
  /** Seconds of the result. */
  seconds: (video: number, sound: number) => number;
  /** What is shown at a time of the result: seconds of the video. */
  shown: (at: number, video: number, sound: number) => number;
  /** Whether a sound that is shorter than the result starts again. */
  repeats?: boolean;
  /** Whether what is cut off fades before. */
  fades?: boolean;
};

const shorter = Math.min;
const longer = Math.max;
const asItIs = (at: number): number => at;
/** A sum of frames may be a hair longer than the video. */
const again = (at: number, video: number): number => (at + 1e-6) % video;

const SYNC_MODES = [
  { name: "cut_off", says: "Both end with the shorter one.", seconds: shorter, shown: asItIs },
  {
    ...{ name: "loop", says: "The shorter one starts again until the longer one ends.", seconds: longer },
    ...{ shown: again, repeats: true },
  },
  {
    name: "bounce",
    says: "The video runs to and fro as long as the sound lasts; a longer one is cut off.",
    seconds: (_video, sound) => sound,
    shown: (at, video) => {
      const there = at % (2 * video);
      return there < video ? there : 2 * video - there;
    },
  },
  {
    name: "silence",
    says: "After the sound there is silence; after the video its last frame stays.",
    seconds: longer,
    shown: (at, video) => Math.min(at, video),
  },
  {
    name: "remap",
    says: "The video runs faster or slower, so that it lasts as long as the sound.",
    seconds: (_video, sound) => sound,
    shown: (at, video, sound) => (at * video) / sound,
  },
  {
    ...{ name: "fade", says: "Both end with the shorter one, and the longer one fades out.", seconds: shorter },
    ...{ shown: asItIs, fades: true },
  },
] as const satisfies readonly SyncMode[];

type SyncName = (typeof SYNC_MODES)[number]["name"];
export const SYNC_NAMES = SYNC_MODES.map(({ name }) => name) as [SyncName, ...SyncName[]];

/** Seconds of the video and of the new sound. */
export const syncSchema = z.strictObject({
  mode: z.enum(SYNC_NAMES),
  video: z.number().positive(),
  sound: z.number().positive(),
});
export type Sync = z.infer<typeof syncSchema>;

/** How long what is cut off fades, s. */
export const FADE_SECONDS = 0.5;

export function syncMode(name: SyncName): SyncMode {
  return SYNC_MODES.find((mode) => mode.name === name)!;
}

/** Of the result, seconds. */
export function syncedSeconds({ mode, video, sound }: Sync): number {
  return syncMode(mode).seconds(video, sound);
}

/** Frames of the result, at least one. */
export function syncedFrames(sync: Sync, fps: number): number {
  return Math.max(1, Math.round(syncedSeconds(sync) * fps));
}

/** Seconds of the video that are shown at a time of the result. */
export function shownAt({ mode, video, sound }: Sync, at: number): number {
  return Math.min(video, Math.max(0, syncMode(mode).shown(at, video, sound)));
}

/** Seconds of the sound that are heard at a time of the result; null after its end. */
export function heardAt({ mode, sound }: Sync, at: number): number | null {
  if (at < sound) return at;
  return syncMode(mode).repeats ? at % sound : null;
}

/** Curves of a sound at the frames of the result: repeated, or at rest after its end. */
export function arrangeMotion({ fps, frames, faces, ...rest }: MotionFrames, sync: Sync): MotionFrames {
  const wanted = Array.from({ length: syncedFrames(sync, fps) }, (_, n) => {
    const at = heardAt(sync, n / fps);
    return at === null ? null : Math.min(frames - 1, Math.round(at * fps));
  });
  const arranged = faces.map(({ channels }) => {
    const fitted = Object.entries(channels).map(([name, values]) => [
      name,
      wanted.map((frame) => (frame === null ? 0 : (values[Math.min(frame, values.length - 1)] ?? 0))),
    ]);
    return { channels: Object.fromEntries(fitted) as (typeof faces)[number]["channels"] };
  });
  return { ...rest, fps, frames: wanted.length, faces: arranged };
}

/** Which of the two fades at the end, for `FADE_SECONDS` at the most. */
export function fadingOf({ mode, video, sound }: Sync): "video" | "sound" | null {
  if (!syncMode(mode).fades || video === sound) return null;
  return video > sound ? "video" : "sound";
}

/** How much of what fades is left at a time of the result, 0–1. */
export function fadeAt(sync: Sync, at: number): number {
  const seconds = syncedSeconds(sync);
  return Math.min(1, Math.max(0, (seconds - at) / Math.min(FADE_SECONDS, seconds)));
}
