/**
 * The built-in engine: a video of somebody, curves of a mouth and their sound → the same person saying something else. Real mouths of the
 * same video are borrowed, frame by frame, and only the lower part of the face is touched. The video is read three times, so that what
 * is held does not grow with its length: once to follow the face, once to cut out the mouths, once to put them in.
 */
import type { LipsyncRun, LipsyncRunResult } from "@smileloop/core/engine/tasks/lipsync.ts";
import { AppError, blaming, type Warning } from "@smileloop/core/errors.ts";
import { unpackFrames } from "@smileloop/core/motion/motion-file.ts";
import type { TaskContext } from "../task.ts";
import { drawLips } from "./draw.ts";
import { type Followed, followFace } from "./follow.ts";
import { lentMouths } from "./lend.ts";
import { type LipPlan, planLips } from "./plan.ts";
import { timeOf } from "./shown.ts";
import { readTrack } from "./track.ts";
import { warnOfDrawn, warnOfSeams } from "./warnings.ts";

/** Shares of the work. */
const SHARES = { follow: 0.5, cut: 0.6 } as const;
/** Seconds of a video beyond those that the sync names: a container may count a little less than there is. */
const SLACK_SECONDS = 1;

/** Throws what following a face, planning and the writer throw, and `signal.reason`; no file is left then. */
export async function lipsync(request: LipsyncRun, context: TaskContext): Promise<LipsyncRunResult> {
  const { signal, progress } = context;
  const started = performance.now();
  const motion = await unpackFrames(request.motion);
  const { times } = request.params;
  const path = request.inputs.video[0]!.path;
  const followed = await followedIn(request, context);
  const plan = await blaming(
    "video",
    Promise.resolve().then(() => planLips(followed, motion, request.params)),
  );
  const planned = performance.now();
  const mouths = await blaming(
    "video",
    lentMouths(
      path,
      { followed, plan, motion },
      {
        signal,
        progress: (share) => progress("cut", SHARES.follow + (SHARES.cut - SHARES.follow) * share, 1),
      },
    ),
  );
  const cut = performance.now();
  const seams = await drawLips(
    request,
    { followed, plan, mouths, motion },
    {
      signal,
      progress: (share) => progress("render", SHARES.cut + (1 - SHARES.cut) * share, 1),
    },
  );
  const spec = { width: followed.width, height: followed.height, fps: motion.fps, frames: motion.frames };
  const timings = { follow: planned - started, cut: cut - planned, render: performance.now() - cut };
  return {
    outputs: { video: spec },
    warnings: [
      ...warnOfDamage(followed),
      ...warnOfDrawn(plan),
      ...warnOfLeft(plan, followed, (frame) => timeOf(frame, motion, times)),
      ...warnOfSeams(seams),
    ],
    timings: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms)])),
  };
}

async function followedIn({ inputs, params }: LipsyncRun, { signal, progress }: TaskContext): Promise<Followed> {
  const [track] = inputs.track ?? [];
  if (track) return readTrack(track.path);
  const { face, sync } = params;
  return blaming(
    "video",
    followFace(inputs.video[0]!.path, {
      ...{ face, maxSeconds: sync.video + SLACK_SECONDS, signal },
      progress: (share) => progress("follow", SHARES.follow * share, 1),
    }),
  );
}

/** Frames beside those that stay as they are in which a mouth comes or goes. */
const BESIDE = 4;

function warnOfLeft(
  { left, spoken, frames }: LipPlan,
  { covered = [] }: Followed,
  at: (frame: number) => number,
): Warning[] {
  if (left.some(Boolean) && spoken.every((is, n) => !is || left[n])) {
    throw new AppError("face_turned_away", "Where something is said, the face is never seen well.");
  }
  const isBehind = frames.map(({ shown }) => covered[shown] === true);
  const isCovered = frames.map((_, n) => isBehind.slice(Math.max(0, n - BESIDE), n + BESIDE + 1).some(Boolean));
  const behind = spansOf(
    left.map((is, n) => is && isCovered[n]!),
    at,
  );
  const others = spansOf(
    left.map((is, n) => is && !isCovered[n]!),
    at,
  );
  const own = "so the mouth is the video's own";
  return [
    ...(behind ? [{ code: "mouth_covered", detail: `Something is before the mouth, ${own}: ${behind}.` }] : []),
    ...(others
      ? [{ code: "face_left_alone", detail: `The face is turned away, small or not seen, ${own}: ${others}.` }]
      : []),
  ];
}

/** Where something is so, by frame, in words; empty where it never is. */
function spansOf(is: readonly boolean[], at: (frame: number) => number): string {
  const spans: string[] = [];
  for (let from = 0; from < is.length; ) {
    let to = from;
    while (is[to]) to++;
    if (to > from) spans.push(`${at(from).toFixed(1)}–${at(to).toFixed(1)} s`);
    from = Math.max(to, from + 1);
  }
  const more = spans.length > 12 ? ` and ${spans.length - 12} more` : "";
  return `${spans.slice(0, 12).join(", ")}${more}`;
}

function warnOfDamage({ damage, stamps }: Followed): Warning[] {
  if (!damage || damage.faults === 0) return [];
  const { faults, faultSeconds } = damage;
  const parts = `${faults} of its ${stamps.length + faults} frames cannot be decoded, the first after ${faultSeconds.toFixed(1)} s`;
  return [{ code: "video_damaged", detail: `The video is damaged: ${parts}. The pictures before them stay longer.` }];
}
