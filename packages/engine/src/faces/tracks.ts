/**
 * Follows all faces through a video: found, followed by their own landmarks, found again after cuts and absences. What is held does not
 * grow with the size of the video: some 6 kB for each face and frame.
 */
import { readFilm } from "../media/film-reader.ts";
import type { SceneFace } from "./processor.ts";
import { type Sample, smoothedAt } from "./smoothing.ts";
import { createWatcher } from "./watcher.ts";

export type Tracked = {
  width: number;
  height: number;
  /** Seconds from the first frame, of every frame. */
  stamps: number[];
  /** Numbers of the frames with which shots begin, 0 first. */
  shots: number[];
  /** By frame: what was read of each track. */
  samples: ReadonlyMap<number, Sample>[];
};

export type TrackOptions = {
  maxSeconds: number;
  /** How sure the detector has to be of a face, 0–1. */
  score: number;
  signal: AbortSignal;
  progress: (share: number) => void;
};

/** Throws what `readFilm` throws, and the signal's reason. */
export async function trackFaces(
  path: string,
  { maxSeconds, score, signal, progress }: TrackOptions,
): Promise<Tracked> {
  const watcher = createWatcher(score);
  const tracked = { stamps: [] as number[], shots: [] as number[], samples: [] as Map<number, Sample>[] };
  const { width, height } = await readFilm(path, {
    ...{ maxSeconds, signal },
    onFrame: async ({ seconds, yuv }, shape, share) => {
      const { samples, cut } = await watcher.see({ yuv: yuv(), ...shape });
      if (cut) tracked.shots.push(tracked.stamps.length);
      tracked.samples.push(samples);
      tracked.stamps.push(seconds);
      progress(share);
    },
  });
  return { width, height, ...tracked };
}

/** The faces of a frame, largest first, smoothed over the frames around it. */
export function facesAt({ samples, shots }: Pick<Tracked, "samples" | "shots">, index: number): SceneFace[] {
  const tracks = [...(samples[index]?.keys() ?? [])];
  return tracks
    .map((track) => ({ ...smoothedAt(samples, shots, index, track), track }))
    .sort((a, b) => b.eyeDistance - a.eyeDistance);
}

/** Which track is the largest over each shot; a shot without a face has none. */
export function largestByShot({ samples, shots }: Pick<Tracked, "samples" | "shots">): (number | undefined)[] {
  return shots.map((from, nth) => {
    const sums = new Map<number, number>();
    for (const frame of samples.slice(from, shots[nth + 1])) {
      for (const [track, { eyeDistance }] of frame) sums.set(track, (sums.get(track) ?? 0) + eyeDistance);
    }
    return [...sums].sort(([, a], [, b]) => b - a)[0]?.[0];
  });
}

/** The track that is face `index` of the first frame that has faces, 0 the largest; and how many that has. */
export function trackOfFace(
  { samples }: Pick<Tracked, "samples">,
  index: number,
): { track: number | undefined; count: number } {
  const first = samples.find((frame) => frame.size > 0) ?? new Map<number, Sample>();
  const bySize = [...first].sort(([, a], [, b]) => b.eyeDistance - a.eyeDistance);
  return { track: bySize[index]?.[0], count: first.size };
}
