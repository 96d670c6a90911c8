/** From curves of 100 a second to the frames of a clip: closures that would fall between two frames are put onto the nearest one. */
import { type Channel, channelLimits, type MotionFrames } from "@smileloop/core/motion/motion.ts";
import type { Closure } from "./closures.ts";
import type { HeadMoves } from "./head.ts";
import { clamp, step, valueAt } from "./series.ts";
import { MOVES, type Move, type Moves } from "./targets.ts";

/** Channels that a move drives: both sides alike. */
export const CHANNELS_OF: Readonly<Record<Move, readonly Channel[]>> = {
  jawOpen: ["jawOpen"],
  mouthFunnel: ["mouthFunnel"],
  mouthPucker: ["mouthPucker"],
  mouthStretch: ["mouthStretchLeft", "mouthStretchRight"],
  mouthSmile: ["mouthSmileLeft", "mouthSmileRight"],
  mouthLowerDown: ["mouthLowerDownLeft", "mouthLowerDownRight"],
  mouthUpperUp: ["mouthUpperUpLeft", "mouthUpperUpRight"],
  mouthPress: ["mouthPressLeft", "mouthPressRight"],
  mouthRollLower: ["mouthRollLower"],
  mouthRollUpper: ["mouthRollUpper"],
  tongueOut: ["tongueOut"],
};

/** How the mouth and the head come from the photo and go back to it, seconds: speech may begin with the first sample. */
const EDGES = { mouth: 0.12, head: 0.35 } as const;
/** Frames by which a closure may be shown too early or too late. */
const MOST_MOVED = 0.75;
/** Degrees by which eyes turn at 1 of a channel of ARKit. */
const EYE_DEGREES = 25;

type FramesOptions = {
  fps: number;
  frames: number;
  moves: Moves;
  closures: readonly Closure[];
  head: HeadMoves;
  /** Values that last under the speech, of channels that no move drives. */
  mood: Partial<Record<Channel, number>>;
  moodShare: Float32Array;
};

/** One face, at rest in its first frame and in its last one. */
export function motionOf(options: FramesOptions): MotionFrames {
  const { fps, frames, moves, head, mood, moodShare } = options;
  const channels: Partial<Record<Channel, number[]>> = {};
  const put = (channel: Channel, edge: number, shown: (frame: number) => number): void => {
    const { min, max } = channelLimits(channel);
    const values = Array.from({ length: frames }, (_, frame) => {
      const share = edgeShare(frame, frames, edge * fps);
      return Math.round(clamp(shown(frame) * share, min, max) * 1e4) / 1e4 + 0;
    });
    if (values.some((value) => value !== 0)) channels[channel] = values;
  };
  const moments = momentsOf(options);
  for (const move of MOVES) {
    for (const channel of CHANNELS_OF[move]) {
      put(channel, EDGES.mouth, (frame) => valueAt(moves[move], moments[frame]!));
    }
  }
  for (const [channel, shown] of headChannels(head)) {
    const moody = mood[channel] ?? 0;
    put(channel, EDGES.head, (frame) => {
      const t = middleOf(frame, fps);
      return shown(t) + moody * valueAt(moodShare, t);
    });
  }
  for (const [channel, value] of Object.entries(mood) as [Channel, number][]) {
    if (channels[channel]) continue;
    put(channel, EDGES.head, (frame) => value * valueAt(moodShare, middleOf(frame, fps)));
  }
  return { fps, frames, faces: [{ channels }] };
}

/** A frame is seen until the next one comes, so it shows what is due in its middle. */
function middleOf(frame: number, fps: number): number {
  return (frame + 0.5) / fps;
}

/** The moment that each frame shows: its own, or that of the closure that it is nearest to; of two closures, the other one has its neighbour. */
function momentsOf({ fps, frames, closures }: FramesOptions): Float64Array {
  const moments = Float64Array.from({ length: frames }, (_, frame) => middleOf(frame, fps));
  const taken = new Uint8Array(frames);
  for (const { middle } of closures) {
    const position = middle * fps - 0.5;
    const nearest = Math.round(position);
    const next = nearest + (position > nearest ? 1 : -1);
    const frame = [nearest, next].find((one) => one >= 0 && one < frames && taken[one] === 0);
    if (frame === undefined || Math.abs(frame - position) > MOST_MOVED) continue;
    moments[frame] = middle;
    taken[frame] = 1;
  }
  return moments;
}

/** 0 in the first and the last frame, 1 from `edge` frames on. Of a short clip, each edge has a quarter. */
function edgeShare(frame: number, frames: number, edge: number): number {
  const length = Math.max(1, Math.min(edge, frames / 4));
  return step(frame / length) * step((frames - 1 - frame) / length);
}

function headChannels(head: HeadMoves): [Channel, (t: number) => number][] {
  const look = (name: "gazeX" | "gazeY", sign: number) => (t: number) =>
    Math.max(0, (sign * valueAt(head[name], t)) / EYE_DEGREES);
  const of = (name: keyof HeadMoves) => (t: number) => valueAt(head[name], t);
  return [
    ...(["headPitch", "headYaw", "headRoll"] as const).map(
      (channel) => [channel, of(channel.slice(4).toLowerCase() as keyof HeadMoves)] as [Channel, (t: number) => number],
    ),
    ["browInnerUp", of("browInner")],
    ["browOuterUpLeft", of("browOuter")],
    ["browOuterUpRight", of("browOuter")],
    ["eyeBlinkLeft", of("blink")],
    ["eyeBlinkRight", of("blink")],
    // to the right of the picture is to the person's left
    ["eyeLookOutLeft", look("gazeX", 1)],
    ["eyeLookInRight", look("gazeX", 1)],
    ["eyeLookInLeft", look("gazeX", -1)],
    ["eyeLookOutRight", look("gazeX", -1)],
    ["eyeLookDownLeft", look("gazeY", 1)],
    ["eyeLookDownRight", look("gazeY", 1)],
    ["eyeLookUpLeft", look("gazeY", -1)],
    ["eyeLookUpRight", look("gazeY", -1)],
  ];
}
