/** Which frame of a clip stands for it. Pure. */
import type { Channel, MotionFrames } from "./motion.ts";

/** Degrees that count as much as a whole channel: a head that is turned far shows less of the smile that it turns with. */
const HEAD_DEGREES = 30;
/** A look to the side says little, and next to a smile it distracts. */
const GAZE = 0.3;
/** From here on an eye is seen as closing. */
const CLOSING = 0.25;

/**
 * The frame in which the faces are furthest from rest with their eyes open: the smile at its widest, the head at its side. Frame 0 would
 * be the photo again, and the mere peak of a motion is often a blink. An eye that is shut alone is a wink, and that is shown.
 * The first of those that are alike; frame 0 where nothing is to be seen with open eyes.
 */
export function posterFrame({ faces, frames }: MotionFrames): number {
  let [best, most] = [0, 0];
  for (let frame = 0; frame < frames; frame++) {
    const seen = faces.reduce((sum, { channels }) => sum + shownAt(channels, frame), 0);
    // curves hold their peak for a while: a later frame has to show visibly more
    if (seen > most + 0.01) [best, most] = [frame, seen];
  }
  return best;
}

/** How far a mouth is open that is seen to speak: as a share of the widest. */
const SPEAKING = 0.5;

/**
 * For a clip in which one of the faces (`nth`) speaks: a frame in which its mouth is halfway open, its eyes are open and its head is near
 * rest. The widest mouth looks like a shout. Where it never opens, the frame that `posterFrame` finds.
 */
export function speakingFrame(motion: MotionFrames, nth: number): number {
  const channels = motion.faces[nth]?.channels ?? {};
  const at = (name: Channel, frame: number): number => channels[name]?.[frame] ?? 0;
  const widest = (channels.jawOpen ?? []).reduce((most, value) => Math.max(most, value), 0);
  if (widest < 0.05) return posterFrame(motion);
  const missOf = (frame: number): number => {
    const turned = Math.hypot(at("headPitch", frame), at("headYaw", frame), at("headRoll", frame)) / HEAD_DEGREES;
    const lids = Math.max(at("eyeBlinkLeft", frame), at("eyeBlinkRight", frame));
    return Math.abs(at("jawOpen", frame) / widest - SPEAKING) + turned + 2 * lids;
  };
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let frame = 0; frame < motion.frames; frame++) {
    const miss = missOf(frame);
    if (miss < least - 0.01) [best, least] = [frame, miss];
  }
  return best;
}

function shownAt(channels: Partial<Record<Channel, readonly number[]>>, frame: number): number {
  const at = (name: Channel): number => channels[name]?.[frame] ?? 0;
  const shut = Math.min(at("eyeBlinkLeft"), at("eyeBlinkRight"));
  if (shut > CLOSING) return 0;
  return (Object.keys(channels) as Channel[]).reduce((sum, name) => sum + Math.abs(at(name)) * weightOf(name), 0);
}

function weightOf(name: Channel): number {
  if (/^head(Pitch|Yaw|Roll)$/.test(name)) return 1 / HEAD_DEGREES;
  return name.startsWith("eyeLook") ? GAZE : 1;
}
