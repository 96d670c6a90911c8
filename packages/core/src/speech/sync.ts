/**
 * How a video and the new sound are fitted to each other in time. The names are those of Sync.so, and `fade`. Pure: the worker, the
 * engine and the check ask the same functions.
 */
import { z } from "zod";
import { MOTION_LIMITS, type MotionFrames } from "../motion/motion.ts";

type SyncMode = {
  name: string;
  /** A sentence for people. */
  says: string;
  /** Seconds of the result. */
  seconds: (video: number, sound: number) => number;
  /** What is shown at a time of the result: seconds of the video. */
  shown: (at: number, video: number, sound: number) => number;
  /** When frames are shown that begin at these seconds of the video; those beyond the end of the result are left out. */
  begins: (stamps: readonly number[], video: number, sound: number) => number[];
  /** Seconds of the result in which the video runs as it was recorded. */
  along: (video: number, sound: number) => number;
  /** Whether a sound that is shorter than the result starts again. */
  repeats?: boolean;
  /** Whether what is cut off fades before. */
  fades?: boolean;
};

/** Less than this nothing is shown for, s. */
const LEAST_SHOWN = 0.001;

const shorter = Math.min;
const longer = Math.max;
const asItIs = (at: number): number => at;
const once = (video: number): number => video;
const unchanged = (stamps: readonly number[]): number[] => [...stamps];
/** The same frames again and again, until `until`. */
function repeatedly(begins: readonly number[], period: number, until: number): number[] {
  return Array.from({ length: Math.ceil(until / period) }, (_, n) => begins.map((at) => n * period + at)).flat();
}
/** Backwards a frame begins where the one after it began. */
function toAndFro(stamps: readonly number[], video: number): number[] {
  const back = stamps.map((_, i) => 2 * video - (stamps[i + 1] ?? video)).reverse();
  return [...stamps, ...back.slice(1)];
}
/** The last frame is repeated at the usual distance. */
function goingOn(stamps: readonly number[], video: number, until: number): number[] {
  const step = video / stamps.length;
  return [
    ...stamps,
    ...Array.from({ length: Math.max(0, Math.ceil((until - video) / step)) }, (_, n) => video + n * step),
  ];
}
/** A sum of frames may be a hair longer than the video. */
const again = (at: number, video: number): number => (at + 1e-6) % video;

const SYNC_MODES = [
  {
    name: "cut_off",
    says: "Both end with the shorter one.",
    seconds: shorter,
    shown: asItIs,
    begins: unchanged,
    along: once,
  },
  {
    ...{ name: "loop", says: "The shorter one starts again until the longer one ends.", seconds: longer },
    ...{ shown: again, repeats: true },
    begins: (stamps, video, sound) => repeatedly(stamps, video, longer(video, sound)),
    along: longer,
  },
  {
    name: "bounce",
    says: "The video runs to and fro as long as the sound lasts; a longer one is cut off.",
    seconds: (_video, sound) => sound,
    shown: (at, video) => {
      const there = at % (2 * video);
      return there < video ? there : 2 * video - there;
    },
    begins: (stamps, video, sound) => repeatedly(toAndFro(stamps, video), 2 * video, sound),
    along: once,
  },
  {
    name: "silence",
    says: "After the sound there is silence; after the video its last frame stays.",
    seconds: longer,
    shown: (at, video) => Math.min(at, video),
    begins: goingOn,
    along: once,
  },
  {
    name: "remap",
    says: "The video runs faster or slower, so that it lasts as long as the sound.",
    seconds: (_video, sound) => sound,
    shown: (at, video, sound) => (at * video) / sound,
    begins: (stamps, video, sound) => stamps.map((at) => (at * sound) / video),
    along: (video, sound) => (Math.abs(video - sound) < LEAST_SHOWN ? video : 0),
  },
  {
    ...{ name: "fade", says: "Both end with the shorter one, and the longer one fades out.", seconds: shorter },
    ...{ shown: asItIs, begins: unchanged, along: once, fades: true },
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

/** When each frame of a result is shown, and when the last one ends, s. */
export const timesSchema = z
  .array(z.number().min(0))
  .min(2)
  .max(MOTION_LIMITS.frames + 1);

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

/**
 * When each frame of the result is shown, and when the last one ends, s. `stamps`: of the video's frames, from the first one on; their
 * distances stay as they are.
 */
export function syncedTimes(sync: Sync, stamps: readonly number[]): number[] {
  const { mode, video, sound } = sync;
  const seconds = syncedSeconds(sync);
  const begins = syncMode(mode).begins(stamps, video, sound);
  return [...begins.filter((at, n) => Math.min(begins[n + 1] ?? seconds, seconds) - at >= LEAST_SHOWN), seconds];
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

/** Seconds of the result, from its start, in which the video runs as it was recorded, so that its own sound belongs to it. */
export function heardAlong({ mode, video, sound }: Sync): number {
  return syncMode(mode).along(video, sound);
}

/** From when on the video runs otherwise than it was recorded, s; null where it never does. */
export function runsOtherwiseFrom(sync: Sync): number | null {
  const [from, seconds] = [heardAlong(sync), syncedSeconds(sync)];
  const moves = shownAt(sync, Math.min(seconds, from + 0.05)) < sync.video - LEAST_SHOWN;
  return from < seconds - LEAST_SHOWN && moves ? from : null;
}

/** Curves of a sound at the frames of the result: repeated, or at rest after its end. `times`: as `syncedTimes` has them. */
export function arrangeMotion(motion: MotionFrames, sync: Sync, times?: readonly number[]): MotionFrames {
  const { fps, frames, faces, ...rest } = motion;
  const count = times ? times.length - 1 : syncedFrames(sync, fps);
  const wanted = Array.from({ length: count }, (_, n) => {
    const at = heardAt(sync, times ? times[n]! : n / fps);
    // at the rate of the curves a frame is one of theirs
    return at === null ? null : Math.min(frames - 1, times ? at * fps : Math.round(at * fps));
  });
  const arranged = faces.map(({ channels }) => {
    const fitted = Object.entries(channels).map(([name, values]) => [
      name,
      wanted.map((frame) => (frame === null ? 0 : between(values, frame))),
    ]);
    return { channels: Object.fromEntries(fitted) as (typeof faces)[number]["channels"] };
  });
  return { ...rest, fps: times ? count / times.at(-1)! : fps, frames: count, faces: arranged };
}

function between(values: readonly number[], at: number): number {
  const last = values.length - 1;
  const [before, after] = [Math.min(last, Math.floor(at)), Math.min(last, Math.ceil(at))];
  return values[before]! + (values[after]! - values[before]!) * (at - Math.floor(at));
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
