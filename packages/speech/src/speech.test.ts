/** What a viewer sees of a mouth whose phones are known to the millisecond. */
import { type Channel, channelLimits, type MotionFrames } from "@smileloop/core/motion/motion.ts";
import { describe, expect, test } from "vitest";
import { BOBBY, CHEF, heardAs, soundOf, spokenOf } from "../../../test/support/spoken.ts";
import { opening } from "./curves.ts";
import { shapesOf } from "./phones.ts";
import { type SpeechOptions, speechMotion } from "./speech.ts";

const bobby = spokenOf(BOBBY);
const chef = spokenOf(CHEF);

function says(spoken: typeof bobby, changed: Partial<SpeechOptions> = {}) {
  const samples = soundOf(spoken);
  const hear = () => heardAs(spoken, spoken.seconds);
  return speechMotion({ samples, fps: 25, intensity: 1, seed: 7, spoken, hear, ...changed });
}

const at = ({ faces }: MotionFrames, channel: Channel, frame: number) => faces[0]!.channels[channel]?.[frame] ?? 0;
const openAt = (motion: MotionFrames, frame: number) =>
  opening({
    jawOpen: at(motion, "jawOpen", frame),
    mouthLowerDown: at(motion, "mouthLowerDownLeft", frame),
    mouthUpperUp: at(motion, "mouthUpperUpLeft", frame),
  });
/** Frames that are seen while a phone sounds. */
const framesIn = ({ fps, frames }: MotionFrames, start: number, end: number) =>
  Array.from({ length: frames }, (_, n) => n).filter((n) => (n + 1) / fps > start && n / fps < end);
const most = (values: number[]) => Math.max(...values);

describe.each([10, 24, 25, 30, 50, 60])("at %i frames a second", (fps) => {
  const { motion } = says(bobby, { fps });

  test("every m, b and p is shut in a frame, every f and v shows the lip at the teeth", () => {
    for (const { phone, start, end } of bobby.phones) {
      const [shape] = shapesOf(phone);
      const frames = framesIn(motion, start, end);
      if (shape === "PP") expect(Math.min(...frames.map((n) => openAt(motion, n))), phone).toBeLessThan(0.03);
      if (shape === "FF") expect(most(frames.map((n) => at(motion, "mouthRollLower", n))), phone).toBeGreaterThan(0.4);
    }
  });

  test("it begins and ends as the photo, with as many frames as the sound lasts", () => {
    expect(motion.frames).toBe(Math.round(bobby.seconds * fps));
    for (const [channel, values] of Object.entries(motion.faces[0]!.channels)) {
      expect(values, channel).toHaveLength(motion.frames);
      expect([values.at(0), values.at(-1)], channel).toEqual([0, 0]);
    }
  });
});

describe("a mouth that speaks", () => {
  const { motion } = says(bobby, { fps: 50 });

  test("opens for vowels, wide for an open one, and rounds for a round one", () => {
    for (const { phone, start, end } of bobby.phones.filter(({ end, start }) => end - start >= 0.12)) {
      const middle = Math.floor(((start + end) / 2) * 50);
      if (phone === "a") expect(openAt(motion, middle)).toBeGreaterThan(0.3);
      if (phone === "uː") expect(at(motion, "mouthPucker", middle)).toBeGreaterThan(0.4);
      if (phone === "iː") expect(at(motion, "mouthStretchLeft", middle)).toBeGreaterThan(0.2);
    }
  });

  test("shows the tongue for th, and funnels for sh", () => {
    const { motion } = says(chef, { fps: 50 });
    const seen = (phone: string, channel: Channel) => {
      const { start, end } = chef.phones.find((one) => one.phone === phone)!;
      return most(framesIn(motion, start, end).map((n) => at(motion, channel, n)));
    };
    expect(seen("ð", "tongueOut")).toBeGreaterThan(0.15);
    expect(seen("ʃ", "mouthFunnel")).toBeGreaterThan(0.4);
  });

  test("is closed in silence within 200 ms, and opens before it is heard", () => {
    for (const [nth, { phone, start, end }] of bobby.phones.entries()) {
      if (phone !== "") continue;
      const breath = nth < bobby.phones.length - 1 ? 0.26 : 0;
      for (const n of framesIn(motion, start + 0.2, end - breath - 0.02)) expect(openAt(motion, n)).toBeLessThan(0.011);
    }
    const spoken = spokenOf("_ 600 a 300 _ 400");
    const before = says(spoken, { fps: 50 }).motion;
    const first = Array.from({ length: 40 }, (_, n) => n).find((n) => n > 25 && openAt(before, n) > 0.05)!;
    expect(0.6 - (first + 0.5) / 50).toBeGreaterThan(0.02);
    expect(0.6 - (first + 0.5) / 50).toBeLessThan(0.09);
  });

  test("moves no faster than people do", () => {
    const { motion } = says(bobby, { fps: 60 });
    // over closures frames show the middle of them, which is a little earlier or later
    const slack = 1.75;
    const jaw = motion.faces[0]!.channels.jawOpen!;
    for (let n = 1; n < jaw.length; n++) expect(Math.abs(jaw[n]! - jaw[n - 1]!)).toBeLessThan((8 / 60) * slack);
  });

  test("keeps to the limits of its channels", () => {
    const mood = { mouthSmileLeft: 1, mouthSmileRight: 1, jawOpen: 1, browInnerUp: 1 } as const;
    const { motion } = says(bobby, { intensity: 1.5, mood });
    for (const [channel, values] of Object.entries(motion.faces[0]!.channels) as [Channel, number[]][]) {
      const { min, max } = channelLimits(channel);
      expect(most(values), channel).toBeLessThanOrEqual(max);
      expect(Math.min(...values), channel).toBeGreaterThanOrEqual(min);
    }
  });

  test("opens more for a loud vowel than for a soft one", () => {
    const spoken = spokenOf("_ 300 a 250 _ 300 a 250 _ 300");
    const samples = soundOf(spoken);
    const second = Math.round(0.85 * 16_000);
    for (let i = second; i < samples.length; i++) samples[i]! *= 0.08;
    const { motion } = says(spoken, { samples });
    const [loud, soft] = [framesIn(motion, 0.3, 0.55), framesIn(motion, 0.85, 1.1)].map((frames) =>
      most(frames.map((n) => openAt(motion, n))),
    );
    expect(loud!).toBeGreaterThan(1.3 * soft!);
    expect(soft!).toBeGreaterThan(0.15);
  });
});

describe("what is asked for", () => {
  const vowel = (motion: MotionFrames) => most(motion.faces[0]!.channels.jawOpen ?? [0]);
  const press = (motion: MotionFrames) => most(motion.faces[0]!.channels.mouthPressLeft ?? [0]);

  test("the intensity sizes vowels, and leaves closures whole", () => {
    const [weak, usual, strong] = [0.5, 1, 1.5].map((intensity) => says(bobby, { intensity }).motion);
    expect(vowel(weak!)).toBeLessThan(0.6 * vowel(usual!));
    expect(vowel(strong!)).toBeGreaterThan(1.3 * vowel(usual!));
    expect(press(weak!)).toBeCloseTo(press(strong!), 2);
  });

  test("without intensity only the eyes live", () => {
    const moved = Object.keys(says(bobby, { intensity: 0 }).motion.faces[0]!.channels);
    expect(moved.filter((channel) => !channel.startsWith("eye"))).toEqual([]);
  });

  test("a mood lasts under the speech, gives way to round vowels, and is gone at both ends", () => {
    const mood = { mouthSmileLeft: 0.3, mouthSmileRight: 0.3, browInnerUp: 0.2, cheekSquintLeft: 0.1 } as const;
    const { motion } = says(bobby, { mood, fps: 50 });
    const smile = motion.faces[0]!.channels.mouthSmileLeft!;
    expect(smile.at(60)).toBeGreaterThan(0.25);
    const { start, end } = bobby.phones.find(({ phone }) => phone === "uː")!;
    expect(Math.min(...framesIn(motion, start, end).map((n) => smile[n]!))).toBeLessThan(0.22);
    expect(most(motion.faces[0]!.channels.cheekSquintLeft!)).toBeCloseTo(0.1, 2);
    expect([smile.at(0), smile.at(-1)]).toEqual([0, 0]);
    for (const { phone, start, end } of bobby.phones) {
      if (shapesOf(phone)[0] !== "PP") continue;
      expect(Math.min(...framesIn(motion, start, end).map((n) => openAt(motion, n)))).toBeLessThan(0.03);
    }
  });

  test("the same is the same; another seed moves the head otherwise, and the mouth alike", () => {
    const first = says(bobby).motion;
    expect(says(bobby).motion).toEqual(first);
    const other = says(bobby, { seed: 8 }).motion;
    expect(other.faces[0]!.channels.jawOpen).toEqual(first.faces[0]!.channels.jawOpen);
    expect(other.faces[0]!.channels.headYaw).not.toEqual(first.faces[0]!.channels.headYaw);
  });
});

describe("odd sounds", () => {
  test.each([1, 10, 160, 1600, 3199])("of %i samples are legal", (length) => {
    const samples = new Float32Array(length).fill(0.1);
    const { motion } = speechMotion({ samples, fps: 25, intensity: 1, seed: 1 });
    expect(motion.frames).toBe(Math.max(1, Math.round((length / 16_000) * 25)));
    for (const values of Object.values(motion.faces[0]!.channels)) {
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });

  test("silence leaves the mouth closed, and is said to be silence", () => {
    const { motion, speechShare, warnings, aligned } = speechMotion({
      ...{ samples: new Float32Array(32_000), fps: 25, intensity: 1, seed: 1 },
    });
    expect(motion.faces[0]!.channels.jawOpen).toBeUndefined();
    expect([speechShare, aligned]).toEqual([0, false]);
    expect(warnings).toMatchObject([{ code: "no_speech", detail: expect.stringContaining("0 %") }]);
  });
});

describe("the times that come with a sound", () => {
  test("are taken as they are", () => {
    const { segments, aligned } = says(bobby);
    expect(aligned).toBe(true);
    expect(segments.filter(({ viseme }) => viseme === "PP")).toHaveLength(7);
    expect(segments.find(({ viseme }) => viseme === "FF")).toMatchObject({ phone: "f", sure: 1 });
  });

  test("of another voice with the same text are found in the sound", () => {
    const slower = spokenOf(BOBBY, (nth) => 1 + 0.25 * Math.sin(nth));
    const { aligned, segments, warnings } = says(slower, {
      spoken: undefined,
      reference: { samples: soundOf(bobby), spoken: bobby },
      hear: (samples) => {
        const [sound, seed] = samples.length === soundOf(bobby).length ? [bobby, 1] : [slower, 2];
        return heardAs(sound, sound.seconds, 0.5, seed);
      },
    });
    expect([aligned, warnings.filter(({ code }) => code.startsWith("text"))]).toEqual([true, []]);
    const due = slower.phones.filter(({ phone }) => shapesOf(phone)[0] === "PP");
    const found = segments.filter(({ viseme }) => viseme === "PP");
    expect(found).toHaveLength(due.length);
    for (const [nth, { start, end }] of found.entries()) {
      expect(Math.abs((start + end) / 2 - (due[nth]!.start + due[nth]!.end) / 2)).toBeLessThan(0.03);
    }
  });

  test("of another text are not used, and it is said so", () => {
    const { aligned, warnings } = says(bobby, {
      spoken: undefined,
      reference: { samples: soundOf(chef), spoken: chef },
      hear: (samples) => {
        const [sound, seed] = samples.length === soundOf(chef).length ? [chef, 2] : [bobby, 1];
        return heardAs(sound, sound.seconds, 0.3, seed);
      },
    });
    expect(aligned).toBe(false);
    expect(warnings).toContainEqual({ code: "text_not_found", detail: expect.stringMatching(/\d\d %/) });
  });
});
