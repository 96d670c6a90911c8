import { randomFrom } from "@smileloop/core/motion/random.ts";
import { expect, test } from "vitest";
import { BANDS, featuresOf, frameCount, HOP, LOWEST_FEATURE, logMel, SAMPLE_RATE } from "./features.ts";
import { FFT_SIZE, powerSpectrum } from "./fft.ts";

const tone = (hz: number, seconds: number, amplitude = 0.3) =>
  Float32Array.from(
    { length: seconds * SAMPLE_RATE },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE),
  );
const energies = (bands: Float32Array) =>
  Array.from({ length: bands.length / BANDS }, (_, frame) =>
    bands.subarray(frame * BANDS, (frame + 1) * BANDS).reduce((sum, value) => sum + value, 0),
  );
const highest = (values: ArrayLike<number>) => Array.from(values).indexOf(Math.max(...Array.from(values)));

test("the spectrum is that of the definition", () => {
  const random = randomFrom(1);
  const samples = Float64Array.from({ length: FFT_SIZE }, () => random() - 0.5);
  const power = new Float64Array(FFT_SIZE / 2 + 1);
  powerSpectrum(samples, power);
  for (const k of [0, 1, 7, 128, 200, 255, 256]) {
    let [re, im] = [0, 0];
    for (const [i, sample] of samples.entries()) {
      re += sample * Math.cos((2 * Math.PI * k * i) / FFT_SIZE);
      im -= sample * Math.sin((2 * Math.PI * k * i) / FFT_SIZE);
    }
    expect(power[k]).toBeCloseTo(re * re + im * im, 8);
  }
});

test("frame k is centred at k × 10 + 5 ms", () => {
  for (const frame of [3, 10, 40]) {
    const samples = new Float32Array(SAMPLE_RATE / 2);
    samples[frame * HOP + HOP / 2] = 1;
    expect(highest(energies(logMel(samples)))).toBe(frame);
  }
});

test("a tone is heard in its band, higher tones in higher bands", () => {
  const loudest = [200, 700, 1_500, 3_000, 6_000].map((hz) =>
    highest(logMel(tone(hz, 0.2)).subarray(10 * BANDS, 11 * BANDS)),
  );
  expect(loudest).toEqual(loudest.toSorted((a, b) => a - b));
  expect(new Set(loudest).size).toBe(5);
});

test("level does not matter, down to 30 dB less", () => {
  const random = randomFrom(2);
  const loud = tone(300, 2).map((value, i) => (i % 6_400 < 4_800 ? value + 0.05 * random() : 0.001 * random()));
  const quiet = featuresOf(loud.map((value) => value / 30));
  const difference = featuresOf(loud).map((value, i) => Math.abs(value - quiet[i]!));
  expect(difference.toSorted()[Math.floor(0.98 * difference.length)]).toBeLessThan(0.05);
});

test("silence, nothing and samples that are not numbers are all silence", () => {
  for (const samples of [new Float32Array(0), new Float32Array(5_000), new Float32Array(5_000).fill(Number.NaN)]) {
    const features = featuresOf(samples);
    expect(features.length).toBe(frameCount(samples.length) * BANDS);
    expect(Math.max(...features)).toBeLessThan(LOWEST_FEATURE + 1);
  }
});

test("loud music at the start leaves what comes 20 s later as it is alone", () => {
  const random = randomFrom(3);
  const later = tone(300, 40, 0.02).map((value, i) =>
    i % 6_400 < 4_800 ? value + 0.004 * random() : 0.0001 * random(),
  );
  const both = new Float32Array(80 * SAMPLE_RATE);
  both.set(tone(440, 40, 0.3));
  both.set(later, 40 * SAMPLE_RATE);
  const alone = featuresOf(later).subarray(-15 * 100 * BANDS);
  const after = featuresOf(both).subarray(-15 * 100 * BANDS);
  expect(Math.max(...alone.map((value, i) => Math.abs(value - after[i]!)))).toBeLessThan(0.1);
});
