/** Motions that nobody has written: combinations of channels at all strengths, and takes as of a person before a camera. */
import { CHANNELS, type Channel, channelLimits, type MotionFrames } from "@smileloop/core/motion/motion.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";

type Shape = { fps: number; frames: number };
type Random = () => number;

/** How far heads go in presets and driven clips: what goes beyond is made smaller before it is rendered. */
const HEAD: Partial<Record<Channel, number>> = {
  ...{ headYaw: 18, headPitch: 14, headRoll: 12, headX: 0.12, headY: 0.12, headZ: 0.1, scale: 0.15 },
};

/** Channels that faces mostly move together: the left and the right of one are one group. A mouth goes to the left alone. */
const GROUPS: Channel[][] = [...new Set(CHANNELS.map((name) => name.replace(/(Left|Right)$/, "")))].map((stem) =>
  CHANNELS.filter((name) => name.replace(/(Left|Right)$/, "") === stem && !(stem === "mouth" && name !== "mouthLeft")),
);

/** One to six groups of channels, each with an arch of its own, at any strength; one side in four stays behind the other. */
export function drawnMotion(seed: number, shape: Shape): MotionFrames {
  const random = randomFrom(Math.imul(seed + 1, 0x9e3779b1));
  const channels: Partial<Record<Channel, number[]>> = {};
  for (let count = 1 + Math.floor(random() * 6); count > 0; count--) {
    const group = GROUPS[Math.floor(random() * GROUPS.length)]!;
    const curve = arch(random, shape);
    const behind = random() < 0.25 ? random() : 1;
    const strength = random();
    const sign = random() < 0.5 ? -1 : 1;
    group.forEach((name, side) => {
      const most = strength * (side > 0 ? behind : 1);
      channels[name] = curve.map((share) => limited(name, share * most * (HEAD[name] ? sign * HEAD[name] : 1)));
    });
  }
  return { ...shape, faces: [{ channels }] };
}

/** A head that is never quite still, lips that talk or smile, blinks, brows and gaze. */
export function takenMotion(seed: number, shape: Shape): MotionFrames {
  const random = randomFrom(Math.imul(seed + 1, 0x85ebca6b));
  const channels: Partial<Record<Channel, number[]>> = {};
  const both = (stem: string, curve: number[]) => {
    for (const side of ["Left", "Right"]) {
      const name = `${stem}${side}` as Channel;
      channels[name] = curve.map((value) => limited(name, value * (0.9 + 0.1 * random())));
    }
  };
  for (const [name, room] of Object.entries(HEAD) as [Channel, number][]) {
    const strength = room * random() ** 1.5;
    channels[name] = wander(random, shape, 0.6).map((value) => limited(name, strength * value));
  }
  const talk = random() < 0.6 ? random() : 0;
  channels.jawOpen = wander(random, shape, 3).map((value) => limited("jawOpen", talk * Math.abs(value)));
  channels.mouthPucker = wander(random, shape, 2).map((value) =>
    limited("mouthPucker", random() * 0.05 + talk * value),
  );
  const smile = random();
  both(
    "mouthSmile",
    wander(random, shape, 0.5).map((value) => smile * Math.max(0, value)),
  );
  both(
    "browOuterUp",
    wander(random, shape, 0.7).map((value) => 0.6 * Math.max(0, value)),
  );
  both(
    "eyeSquint",
    wander(random, shape, 0.4).map((value) => 0.5 * Math.max(0, value)),
  );
  both("eyeBlink", blinks(random, shape));
  channels.browInnerUp = wander(random, shape, 0.7).map((value) => limited("browInnerUp", 0.6 * value));
  return { ...shape, faces: [{ channels }] };
}

function arch(random: Random, { frames }: Shape): number[] {
  const middle = 0.25 + 0.6 * random();
  const reach = 0.12 + 0.4 * random();
  return Array.from({ length: frames }, (_, i) => {
    const at = (i / Math.max(1, frames - 1) - middle) / Math.min(reach, middle);
    return Math.abs(at) < 1 ? Math.cos((at * Math.PI) / 2) ** 2 : 0;
  });
}

/** −1 to 1, at 0 in the first frame; `rate` waves a second. */
function wander(random: Random, { fps, frames }: Shape, rate: number): number[] {
  const waves = [1, 0.6, 0.35].map((size, i) => ({
    size,
    speed: rate * (0.5 + random()) * (i + 1),
    phase: 7 * random(),
  }));
  const at = (seconds: number) =>
    waves.reduce((sum, { size, speed, phase }) => sum + size * Math.sin(2 * Math.PI * speed * seconds + phase), 0) /
    1.95;
  return Array.from({ length: frames }, (_, i) => Math.max(-1, Math.min(1, at(i / fps) - at(0))));
}

function blinks(random: Random, { fps, frames }: Shape): number[] {
  const every = 1 + 2 * random();
  const first = 0.5 + random();
  return Array.from({ length: frames }, (_, i) => {
    const since = (i / fps - first + 100 * every) % every;
    return i / fps < first || since > 0.3 ? 0 : Math.sin((since / 0.3) * Math.PI) ** 0.5;
  });
}

function limited(name: Channel, value: number): number {
  const { min, max } = channelLimits(name);
  return Math.round(Math.min(max, Math.max(min, value)) * 1e5) / 1e5;
}
