/** The mood of a preset: what of its expression can last under speech. Pure. */
import type { Channel, Motion } from "./motion.ts";
import { sampleMotion } from "./motion.ts";
import { posterFrame } from "./poster-frame.ts";
import { type Preset, presetMotion } from "./preset.ts";

export type Mood = Partial<Record<Channel, number>>;

/**
 * How much of a channel lasts. A mouth that speaks needs most of its room, so smiles are small. Channels that are absent open, shut or
 * turn something for a moment, or shape lips that speech shapes.
 */
const KEPT: readonly (readonly [channels: RegExp, share: number])[] = [
  [/^mouth(Smile|Frown|Dimple)/, 0.45],
  [/^(cheekSquint|eyeSquint|noseSneer)/, 0.6],
  [/^eyeWide/, 0.4],
  [/^brow/, 0.6],
];
/** Less is not seen. */
const LEAST = 0.03;
const FPS = 25;

/** At the preset's strongest moment with open eyes. Empty for one that has no such moment, such as a nod. */
export function moodOf(preset: Preset): Mood {
  const channels = evenEyes(strongest(presetMotion(preset)));
  const kept = Object.entries(channels).map(([name, value]): [string, number] => {
    const [, share = 0] = KEPT.find(([pattern]) => pattern.test(name)) ?? [];
    return [name, Math.round(value * share * 1e3) / 1e3];
  });
  return Object.fromEntries(kept.filter(([, value]) => value >= LEAST));
}

/** What only one eye does is a wink, which passes: both keep what they have in common. */
function evenEyes(mood: Mood): Mood {
  const even = Object.entries(mood).map(([name, value]): [string, number] => {
    const other = name.replace(/Left$|Right$/, (side) => (side === "Left" ? "Right" : "Left"));
    return [name, /^(eye|cheek)/.test(name) ? Math.min(value, mood[other as Channel] ?? 0) : value];
  });
  return Object.fromEntries(even);
}

function strongest(motion: Motion): Mood {
  const expression = withoutPasses(motion);
  const frames = sampleMotion(expression, { fps: FPS, durationSeconds: motion.duration, intensity: 1 });
  const at = posterFrame(frames);
  const values = Object.entries(frames.faces[0]!.channels).map(([name, samples]) => [name, samples[at] ?? 0]);
  return Object.fromEntries(values);
}

/** Without what does not last, so that it does not decide which moment is the strongest; blinks tell which have open eyes. */
function withoutPasses(motion: Motion): Motion {
  const lasting = (name: string) => /^eyeBlink/.test(name) || KEPT.some(([pattern]) => pattern.test(name));
  const faces = motion.faces.map(({ channels }) => ({
    channels: Object.fromEntries(Object.entries(channels).filter(([name]) => lasting(name))),
  }));
  return { ...motion, faces };
}
