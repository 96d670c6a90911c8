/** Signals and figures of EBU Tech 3341 and 3342, and what limiting and resampling do to sounds whose answer is known. */
import { describe, expect, test } from "vitest";
import { createDecimator } from "./decimate.ts";
import { gainsFor } from "./levelling.ts";
import { createMeter, integratedLoudness, PEAK_SPAN } from "./loudness.ts";

const RATE = 48_000;
/** Milliseconds in which a tone that begins at once is none yet. */
const SETTLED = 5;
const db = (value: number) => 20 * Math.log10(value);

/** A sine whose level is told in parts: seconds and dB of its peak. */
function tone(parts: [seconds: number, level: number][], hertz = 1000, phase = 0): Float32Array {
  const samples = new Float32Array(parts.reduce((sum, [seconds]) => sum + Math.round(seconds * RATE), 0));
  let at = 0;
  for (const [seconds, level] of parts) {
    const size = 10 ** (level / 20);
    for (const end = at + Math.round(seconds * RATE); at < end; at++) {
      samples[at] = size * Math.sin((2 * Math.PI * hertz * at) / RATE + phase);
    }
  }
  return samples;
}

function measured(...channels: Float32Array[]) {
  const meters = channels.map((samples) => {
    const meter = createMeter();
    // in pieces of odd lengths, as files come
    for (let at = 0; at < samples.length; at += 7001) meter.add(samples.subarray(at, at + 7001));
    return meter;
  });
  return {
    loudness: integratedLoudness(meters),
    peak: Math.max(...meters.map((meter) => Math.max(...meter.peaks().subarray(SETTLED)))),
  };
}
const stereo = (samples: Float32Array) => measured(samples, samples);

describe("loudness", () => {
  // a quarter of the lengths that the cases have there
  test.each<[what: string, parts: [number, number][], due: number]>([
    ["case 1: a tone of −23 dB", [[5, -23]], -23],
    ["case 2: a tone of −33 dB", [[5, -33]], -33],
    [
      "case 3: softer at both ends",
      [
        [2.5, -36],
        [15, -23],
        [2.5, -36],
      ],
      -23,
    ],
    [
      "case 4: next to silence at both ends",
      [
        [2.5, -72],
        [2.5, -36],
        [15, -23],
        [2.5, -36],
        [2.5, -72],
      ],
      -23,
    ],
    [
      "case 5: louder in the middle",
      [
        [5, -26],
        [5, -20],
        [5, -26],
      ],
      -23,
    ],
  ])("%s", (_, parts, due) => {
    expect(Math.abs(stereo(tone(parts)).loudness! - due)).toBeLessThan(0.1);
  });

  test("one channel is 3 dB less than two of the same", () => {
    const samples = tone([[5, -20]]);
    expect(stereo(samples).loudness! - measured(samples).loudness!).toBeCloseTo(3.01, 2);
  });

  test("silence has none, and a sound of a tenth of a second has", () => {
    expect(measured(new Float32Array(RATE)).loudness).toBeNull();
    expect(measured(new Float32Array(0)).loudness).toBeNull();
    expect(stereo(tone([[0.1, -20]])).loudness).toBeCloseTo(-20, 0);
  });
});

describe("true peak", () => {
  test.each<[what: string, divisor: number, degrees: number]>([
    ["case 15", 4, 0],
    ["case 16", 4, 45],
    ["case 17", 6, 60],
    ["case 18", 8, 67.5],
  ])("%s: between the samples, too", (_, divisor, degrees) => {
    const { peak } = measured(tone([[0.5, -6]], RATE / divisor, (degrees * Math.PI) / 180));
    expect(db(peak)).toBeGreaterThan(-6.4);
    expect(db(peak)).toBeLessThan(-5.8);
  });
});

describe("one loudness for all", () => {
  /** A sound brought to its loudness. */
  function levelled(samples: Float32Array): Float32Array {
    const meter = createMeter();
    meter.add(samples);
    const gains = gainsFor(integratedLoudness([meter]), meter.peaks());
    return samples.map((value, i) => value * gains(i));
  }

  test.each([-32, -23, -16, -6])("a tone of %i dB comes out at −16 LUFS", (level) => {
    expect(measured(levelled(tone([[5, level]]))).loudness).toBeCloseTo(-16, 1);
  });

  test("what is quiet gets 20 dB at most, and silence stays silence", () => {
    expect(measured(levelled(tone([[5, -60]]))).loudness).toBeCloseTo(-43, 0);
    expect(Math.max(...levelled(new Float32Array(RATE)))).toBe(0);
    const hiss = tone([[2, -90]], 3000);
    expect(levelled(hiss)).toEqual(hiss);
  });

  test("peaks are held below −1.5 dB, and what is far from them is not touched", () => {
    const samples = tone([[5, -36]]);
    for (let i = 0; i < 40; i++) samples[2 * RATE + i] = 0.9 * Math.sin((2 * Math.PI * i) / 4.1);
    const out = levelled(samples);
    expect(db(measured(out).peak)).toBeLessThanOrEqual(-1.5);
    const gain = out[RATE + 5]! / samples[RATE + 5]!;
    expect(out[2 * RATE - 1500]! / samples[2 * RATE - 1500]!).toBeCloseTo(gain, 4);
    expect(out[2 * RATE + 5]! / samples[2 * RATE + 5]!).toBeLessThan(0.5 * gain);
    expect(PEAK_SPAN).toBe(48);
  });

  test("noise with many peaks stays below, too", () => {
    let state = 5;
    const samples = Float32Array.from({ length: 2 * RATE }, (_, i) => {
      state = (state * 48271) % 0x7fffffff;
      const burst = i % 9000 < 300 ? 0.95 : 0.02;
      return burst * (2 * (state / 0x7fffffff) - 1);
    });
    expect(db(measured(levelled(samples)).peak)).toBeLessThanOrEqual(-1.5);
  });
});

describe("16 kHz", () => {
  function down(samples: Float32Array, piece: number): Float32Array {
    const decimator = createDecimator();
    const parts: Float32Array[] = [];
    for (let at = 0; at < samples.length; at += piece) parts.push(decimator.add(samples.subarray(at, at + piece)));
    parts.push(decimator.end());
    return Float32Array.from(parts.flatMap((part) => [...part]));
  }

  test("a click stays at its time, and in whatever pieces it comes, it is the same", () => {
    const samples = new Float32Array(9000);
    samples[3000] = 1;
    const out = down(samples, 9000);
    expect(out).toHaveLength(3000);
    expect(out.indexOf(Math.max(...out))).toBe(1000);
    for (const piece of [1, 17, 4096]) expect(down(samples, piece)).toEqual(out);
  });

  test("speech passes, and what is above 8 kHz does not fold back", () => {
    const size = (hertz: number) => Math.max(...down(tone([[0.2, 0]], hertz), 4800).subarray(800, 2400));
    expect(size(300)).toBeCloseTo(1, 2);
    expect(size(6500)).toBeGreaterThan(0.95);
    expect(db(size(9000))).toBeLessThan(-60);
    expect(db(size(15_000))).toBeLessThan(-60);
  });
});
