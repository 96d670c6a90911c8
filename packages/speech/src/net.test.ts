import { readFileSync } from "node:fs";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { beforeAll, expect, test } from "vitest";
import { SAMPLE_RATE } from "./features.ts";
import { type Posteriors, posteriorsOf } from "./net.ts";
import { VISEMES, type Viseme } from "./visemes.ts";

type Clip = { voice: string; start: number; samples: number; parts: [Viseme, number, number][] };

/** Voices that are not in the training set, made by `tools/visemes/fixture.py`. */
const fixtures = new URL("../fixtures/", import.meta.url);
const clips = JSON.parse(readFileSync(new URL("voices.json", fixtures), "utf8")) as Clip[];
const sound = muLaw(readFileSync(new URL("voices.ulaw", fixtures)));
const said = clips.map(({ start, samples }) => sound.subarray(start, start + samples));
let found: Posteriors[] = [];

beforeAll(() => {
  found = said.map((samples) => posteriorsOf(samples));
});

/** G.711: 8 bits as 14. */
function muLaw(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, (byte) => {
    const bits = ~byte;
    const size = (((bits & 15) << 3) + 132) << ((bits >> 4) & 7);
    return (bits & 128 ? 132 - size : size - 132) / 32_768;
  });
}

function truth({ parts }: Clip, frames: number): Viseme[] {
  const all = new Array<Viseme>(frames).fill("sil");
  for (const [viseme, start, end] of parts) all.fill(viseme, Math.round(start * 100), Math.round(end * 100));
  return all.slice(0, frames);
}

const rowOf = ({ classes }: Posteriors, frame: number) =>
  classes.subarray(frame * VISEMES.length, (frame + 1) * VISEMES.length);
const bestOf = (row: Float32Array) => VISEMES[row.indexOf(Math.max(...row))]!;
const best = (posteriors: Posteriors) =>
  Array.from({ length: posteriors.frames }, (_, frame) => bestOf(rowOf(posteriors, frame)));
/** Share of the frames of all clips in the right class. */
function accuracy(posteriors: Posteriors[]): number {
  const right = clips.flatMap((clip, i) => {
    const shapes = truth(clip, posteriors[i]!.frames);
    return best(posteriors[i]!).map((viseme, frame) => viseme === shapes[frame]);
  });
  return right.filter(Boolean).length / right.length;
}
const shareOf = (posteriors: Posteriors, viseme: Viseme) =>
  best(posteriors).filter((one) => one === viseme).length / posteriors.frames;

test("voices that it never heard are read right", () => {
  expect(accuracy(found)).toBeGreaterThan(0.6);
});

test("every m, b and p of 50 ms and more is seen", () => {
  const seen = clips.flatMap(({ parts }, i) => {
    const shapes = best(found[i]!);
    const closures = parts.filter(([viseme, start, end]) => viseme === "PP" && end - start >= 0.05);
    return closures.map(([, start, end]) =>
      shapes.slice(Math.round(start * 100) - 3, Math.round(end * 100) + 3).includes("PP"),
    );
  });
  expect(seen.length).toBeGreaterThan(15);
  expect(seen.filter(Boolean).length / seen.length).toBeGreaterThan(0.85);
});

test("the jaw is open in open vowels and shut in closures and pauses", () => {
  const jaws: Record<string, number[]> = {};
  for (const [i, clip] of clips.entries()) {
    for (const [viseme, start, end] of clip.parts) {
      const value = found[i]!.jaw[Math.round(50 * (start + end))];
      if (value !== undefined && end - start >= 0.06) jaws[viseme] = [...(jaws[viseme] ?? []), value];
    }
  }
  const middle = (viseme: Viseme) => jaws[viseme]!.toSorted((a, b) => a - b)[jaws[viseme]!.length >> 1]!;
  expect(middle("aa")).toBeGreaterThan(0.35);
  expect(middle("aa")).toBeGreaterThan(1.5 * middle("I"));
  expect(middle("PP")).toBeLessThan(0.2);
  expect(middle("sil")).toBeLessThan(0.05);
});

test("the voice is told from hiss and silence", () => {
  const mean = (viseme: Viseme) => {
    const values = clips.flatMap((clip, i) =>
      truth(clip, found[i]!.frames).flatMap((one, frame) => (one === viseme ? [found[i]!.voiced![frame]!] : [])),
    );
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  expect(mean("aa")).toBeGreaterThan(0.8);
  expect(mean("sil")).toBeLessThan(0.2);
});

test("frames are probabilities, and the same sound gives the same bytes", () => {
  const again = posteriorsOf(said[0]!);
  expect(again).toEqual(found[0]);
  for (let frame = 0; frame < again.frames; frame++) {
    expect(rowOf(again, frame).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
  }
});

test("silence and nothing are silence", () => {
  for (const samples of [new Float32Array(0), new Float32Array(SAMPLE_RATE), new Float32Array(1)]) {
    const posteriors = posteriorsOf(samples);
    expect(posteriors.frames).toBe(Math.max(1, samples.length / 160));
    expect(shareOf(posteriors, "sil")).toBe(1);
    expect(Math.max(...posteriors.jaw)).toBeLessThan(0.05);
  }
});

test("noise is not taken for speech", () => {
  const random = randomFrom(4);
  let brown = 0;
  const noises = {
    white: Float32Array.from({ length: 4 * SAMPLE_RATE }, () => 0.2 * (random() - 0.5)),
    brown: Float32Array.from({ length: 4 * SAMPLE_RATE }, () => (brown = 0.98 * brown + 0.02 * (random() - 0.5))),
  };
  for (const [name, samples] of Object.entries(noises))
    expect(shareOf(posteriorsOf(samples), "sil"), name).toBeGreaterThan(0.9);
});

test("level does not matter, and noise 20 dB below costs little", () => {
  const random = randomFrom(5);
  const quiet = said.map((samples) => posteriorsOf(samples.map((value) => value / 30)));
  const noisy = said.map((samples) => {
    const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
    const noise = Math.sqrt(power / 100) * Math.sqrt(12);
    return posteriorsOf(samples.map((value) => value + noise * (random() - 0.5)));
  });
  expect(accuracy(quiet)).toBeGreaterThan(accuracy(found) - 0.02);
  expect(accuracy(noisy)).toBeGreaterThan(accuracy(found) - 0.12);
});

test("a long recording is read as its parts are, wherever blocks begin", () => {
  const clip = said[0]!;
  const gap = 3 * SAMPLE_RATE;
  const long = new Float32Array(3 * (clip.length + gap));
  for (let i = 0; i < 3; i++) long.set(clip, i * (clip.length + gap));
  const all = best(posteriorsOf(long));
  const step = Math.round((clip.length + gap) / 160);
  const alone = best(found[0]!);
  for (let i = 0; i < 3; i++) {
    const same = alone.filter((viseme, frame) => all[i * step + frame] === viseme).length;
    expect(same / alone.length).toBeGreaterThan(0.9);
  }
});
