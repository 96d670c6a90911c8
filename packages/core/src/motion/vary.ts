/** Nobody smiles the same smile twice: a Motion a little different for every seed, and always the same for one. */
import { type Channel, channelLimits, type FaceMotion, type Motion, type Track, trackAt } from "./motion.ts";
import { randomFrom } from "./random.ts";

/**
 * Shares by which parts of the face move more or less together (`group`), and the left more than the right (`side`): a
 * channel is never more than 8 % stronger or weaker than it was.
 */
const MOST = { group: 0.05, side: 0.028 };
/** By how much time runs slower or faster at the most: by a slow arch over the whole cycle, and by one wave. */
const MOST_DRIFT = { arch: 0.14, wave: 0.06 };
/** Lids close to the end and gazes arrive, whatever the seed; only when they do so varies. */
const WHOLE = /^eye(Blink|Look)/;
const GROUPS: Record<string, RegExp> = {
  brows: /^brow/,
  cheeks: /^(cheek|eyeSquint|eyeWide|nose)/,
  mouth: /^(mouth|jaw|tongue)/,
  head: /^(head|scale)/,
};
/** Channels that are negated in a mirror. */
const TURNED = new Set<string>(["headYaw", "headRoll", "headX"]);

/**
 * `motion` as this seed has it: a little earlier or later, stronger or weaker, more to one side; every other seed does with
 * the left what the motion does with the right. Starts, ends, length and order stay, and what closes the eyes closes them.
 * Seed 0 is the motion as it is written.
 */
export function varyMotion(motion: Motion, seed: number): Motion {
  if (seed === 0) return motion;
  const random = randomFrom(Math.imul(seed, 0x9e3779b1));
  const mirrored = random() < 0.5;
  const between = (most: number): number => (2 * random() - 1) * most;
  const gains = Object.fromEntries(Object.keys(GROUPS).map((group) => [group, 1 + between(MOST.group)]));
  const toLeft = between(MOST.side);
  const { sourceAt, timeOf } = drifted(motion.duration, between(MOST_DRIFT.arch), between(MOST_DRIFT.wave));

  const varied = (channel: Channel, track: Track, sign: number): Track => {
    const { min, max } = channelLimits(channel);
    const gain = sign * gainOf(channel, gains, toLeft);
    // `|| 0`: no −0 in a mirror
    const sized = (value: number): number => Math.min(max, Math.max(min, value * gain)) || 0;
    if ("keys" in track) {
      return { keys: track.keys.map((key) => ({ ...key, t: timeOf(key.t), v: sized(key.v) })) };
    }
    const { fps, samples } = track;
    return { fps, samples: samples.map((_, i) => sized(trackAt(track, sourceAt(i / fps)))) };
  };
  const faces = motion.faces.map(({ channels }) => {
    const tracks = Object.entries(channels) as [Channel, Track][];
    const entries = tracks.map(([name, track]) => {
      const channel = mirrored ? mirror(name) : name;
      return [channel, varied(channel, track, mirrored && TURNED.has(name) ? -1 : 1)];
    });
    return { channels: Object.fromEntries(entries) as FaceMotion["channels"] };
  });
  return { ...motion, faces };
}

/**
 * The moment of the motion that is seen at a time, and the time at which a moment is seen. Both rise throughout, hold the
 * start and the end, and run at the same speed there, so that a loop stays smooth.
 */
function drifted(duration: number, arch: number, wave: number) {
  const sourceAt = (t: number): number => {
    if (t <= 0 || t >= duration) return t;
    const turn = (Math.PI * t) / duration;
    return t + (duration / Math.PI) * (arch * Math.sin(turn) ** 2 + (wave / 2) * Math.sin(2 * turn));
  };
  const timeOf = (moment: number): number => {
    if (moment <= 0 || moment >= duration) return moment;
    let low = 0;
    let high = duration;
    for (let step = 0; step < 30; step++) {
      const middle = (low + high) / 2;
      if (sourceAt(middle) < moment) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  };
  return { sourceAt, timeOf };
}

function gainOf(channel: Channel, gains: Record<string, number>, toLeft: number): number {
  if (WHOLE.test(channel)) return 1;
  const group = Object.keys(GROUPS).find((name) => GROUPS[name]!.test(channel));
  const side = channel.endsWith("Left") ? toLeft : channel.endsWith("Right") ? -toLeft : 0;
  return (gains[group ?? ""] ?? 1) * (1 + side);
}

function mirror(channel: Channel): Channel {
  return channel.replace(/(Left|Right)$/, (side) => (side === "Left" ? "Right" : "Left")) as Channel;
}
