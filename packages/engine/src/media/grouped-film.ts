/** A copy of a video's pictures that can be copied in parts, for a video whose own cannot: each part begins with a picture that nothing reaches over. */
import { rm, stat } from "node:fs/promises";
import type { Provenance } from "@smileloop/core/engine/protocol.ts";
import { hasParts, SPLICE_SLACK } from "./film-groups.ts";
import { readFilm } from "./film-reader.ts";
import type { Marks } from "./marks.ts";
import { openVideoWriter } from "./video-writer.ts";

/** The longest part, s: shorter ones make files larger, longer ones have more encoded for each job. */
const PART_SECONDS = 2;
/** The largest copy, bytes: it lies beside the video and what is made of it on the disk of each job. */
const MOST_BYTES = 48 * 1024 * 1024;
/** Seconds of a video beyond those that its container counts. */
const SLACK_SECONDS = 1;

type Options = {
  width: number;
  height: number;
  fps: number;
  /** Whether frames are evenly apart. */
  even: boolean;
  seconds: number;
  /** When each frame is shown, from the first on, s. */
  stamps: readonly number[];
  marks: Marks;
  provenance: Provenance;
  signal: AbortSignal;
  progress: (share: number) => void;
};

/**
 * H.264 in an MP4 without a sound, encoded once as results are. Answers whether there is one: not where the video can be copied in parts
 * itself, where it is not longer than one part, or where the copy would be too large. Throws what reading and writing throw; no file is left then.
 */
export async function writeInGroups(path: string, to: string, options: Options): Promise<boolean> {
  const { width, height, fps, even, seconds, stamps, marks, provenance, signal, progress } = options;
  if (seconds <= PART_SECONDS) return false;
  const due = even ? stamps.map((_, n) => n / fps) : stamps;
  if (await hasParts(path, { times: due, slack: even ? SPLICE_SLACK.even : SPLICE_SLACK.uneven })) return false;
  const times = even ? undefined : [...stamps, seconds];
  const x264 = { g: Math.max(1, Math.round(PART_SECONDS * fps)) };
  // what is made of it is marked, and nothing is twice
  const unmarked = { ...provenance, mark: null };
  const writer = await openVideoWriter({ path: to, width, height, fps, times, marks, provenance: unmarked, x264 });
  try {
    const onFrame = async ({ yuv }: { yuv: () => Uint8Array }, _: unknown, share: number) => {
      await writer.write(yuv());
      progress(share);
    };
    await readFilm(path, { signal, maxSeconds: seconds + SLACK_SECONDS, onFrame });
    await writer.close();
  } finally {
    await writer.abort();
  }
  if ((await stat(to)).size <= MOST_BYTES) return true;
  await rm(to);
  return false;
}
