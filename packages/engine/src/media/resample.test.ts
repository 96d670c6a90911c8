import { AV_CHANNEL_LAYOUT_MONO, AV_SAMPLE_FMT_FLTP } from "node-av/constants";
import { Frame } from "node-av/lib";
import { describe, expect, test } from "vitest";
import { placedSamples, SOUND_RATE, type TimedFrame } from "./resample.ts";

/** A tenth of a second of one value. */
function tenth(value: number, seconds: number | null, rate = SOUND_RATE): TimedFrame {
  const nbSamples = rate / 10;
  const frame = Frame.fromAudioBuffer(Buffer.from(new Float32Array(nbSamples).fill(value).buffer), {
    ...{ nbSamples, format: AV_SAMPLE_FMT_FLTP, sampleRate: rate },
    ...{ channelLayout: AV_CHANNEL_LAYOUT_MONO, timeBase: { num: 1, den: rate } },
  });
  return { frame, seconds };
}

/** The values in the middle of each tenth of a second, and how many samples there are. */
function line(frames: TimedFrame[], channels: 1 | 2 = 1): { tenths: number[]; samples: number } {
  const all = [...placedSamples(frames, channels)].flatMap(([first]) => [...first!]);
  const step = SOUND_RATE / 10;
  const tenths = Array.from({ length: Math.round(all.length / step) }, (_, n) => all[n * step + step / 2]!);
  return { tenths: tenths.map((value) => Math.round(value * 10) / 10), samples: all.length };
}

describe("frames become one line of samples", () => {
  test("one after the other, with or without time stamps", () => {
    const whole = { tenths: [0.1, 0.2, 0.3], samples: 14_400 };
    expect(line([tenth(0.1, 0), tenth(0.2, 0.1), tenth(0.3, 0.2)])).toEqual(whole);
    expect(line([tenth(0.1, null), tenth(0.2, null), tenth(0.3, null)])).toEqual(whole);
  });

  test("with silence where there is none, at the start and in between", () => {
    expect(line([tenth(0.1, 0.2), tenth(0.2, 0.5)])).toEqual({ tenths: [0, 0, 0.1, 0, 0, 0.2], samples: 28_800 });
  });

  test("without what lies before the start, or where there is sound already", () => {
    expect(line([tenth(0.1, -0.1), tenth(0.2, 0), tenth(0.3, 0.1)])).toEqual({ tenths: [0.2, 0.3], samples: 9600 });
    expect(line([tenth(0.1, 0), tenth(0.2, 0), tenth(0.3, 0.1)])).toEqual({ tenths: [0.1, 0.3], samples: 9600 });
  });

  test("time stamps that are only nearly right change nothing", () => {
    const frames = [tenth(0.1, 0.001), tenth(0.2, 0.099), tenth(0.3, 0.203)];
    expect(line(frames).samples).toBe(14_400 + 48);
  });

  test("at one rate, also where theirs changes on the way", () => {
    const { tenths, samples } = line([tenth(0.1, 0, 24_000), tenth(0.2, 0.1, 44_100), tenth(0.3, 0.2)]);
    expect(tenths).toEqual([0.1, 0.2, 0.3]);
    expect(Math.abs(samples - 14_400)).toBeLessThanOrEqual(2);
  });

  test("mono is on both sides of stereo", () => {
    const pieces = [...placedSamples([tenth(0.5, 0)], 2)];
    for (const [left, right] of pieces) expect(left).toEqual(right);
  });
});
