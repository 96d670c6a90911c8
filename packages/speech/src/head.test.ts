/** What a viewer sees of the head, the brows and the eyes of somebody who speaks. */
import { describe, expect, test } from "vitest";
import { headMoves } from "./head.ts";
import { frameCount, levels, relativeLoudness } from "./loudness.ts";
import { pitches } from "./pitch.ts";
import { type Prosody, prosodyOf } from "./prosody.ts";

const MINUTE = 6000;
/** Phrases of 2 s with pauses of 0.7 s, an accent in the middle of each. */
const talk: Prosody = {
  phrases: Array.from({ length: 22 }, (_, n) => ({ from: 30 + n * 270, to: 230 + n * 270, rises: false })),
  accents: Array.from({ length: 22 }, (_, n) => ({ frame: 130 + n * 270, strength: 1 })),
};
const blinks = (lids: Float32Array) => Array.from(lids.keys()).filter((i) => lids[i]! >= 0.999 && lids[i - 1]! < 0.999);
const most = (values: Float32Array) => Math.max(...values.map(Math.abs));

describe.each([1, 2, 3, 40])("with the seed %i", (seed) => {
  const moves = headMoves(talk, MINUTE, seed, 1);

  test("blinks come every few seconds, mostly where a phrase ends, and never twice at once", () => {
    const at = blinks(moves.blink);
    expect(at.length).toBeGreaterThan(12);
    expect(at.length).toBeLessThan(32);
    for (let n = 1; n < at.length; n++) expect(at[n]! - at[n - 1]!).toBeGreaterThanOrEqual(80);
    const inPauses = at.filter((frame) => talk.phrases.some(({ to }) => frame >= to - 5 && frame < to + 70));
    expect(inPauses.length / at.length).toBeGreaterThan(0.5);
  });

  test("the head stays close to the camera, and nods a little before what is stressed", () => {
    expect(most(moves.yaw)).toBeLessThan(2.5);
    expect(most(moves.roll)).toBeLessThan(1.6);
    expect(most(moves.pitch)).toBeLessThan(5);
    let [before, sum] = [0, 0];
    for (const { frame } of talk.accents) {
      const around = moves.pitch.subarray(frame - 40, frame + 20);
      before += around.indexOf(Math.max(...around)) - 40;
      sum++;
    }
    expect(before / sum).toBeLessThan(-2);
    expect(before / sum).toBeGreaterThan(-12);
  });

  test("the eyes look where the head does not, so that they stay on the camera, but in some long pauses", () => {
    const inPhrases = talk.phrases.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
    const off = (frame: number) => Math.abs(moves.gazeX[frame]! + moves.yaw[frame]!);
    expect(Math.max(...inPhrases.map(off))).toBeLessThan(0.01);
    const away = talk.phrases.filter(({ to }) => to + 35 < MINUTE && off(to + 35) > 1.5);
    expect(away.length).toBeGreaterThan(4);
    expect(away.length).toBeLessThan(18);
  });
});

test("a question raises the brows at its end, and takes the head back", () => {
  const [plain, asked] = [false, true].map((rises) =>
    headMoves({ phrases: [{ from: 50, to: 250, rises }], accents: [] }, 400, 1, 1),
  );
  expect(asked!.browInner[245]! - plain!.browInner[245]!).toBeGreaterThan(0.2);
  expect(plain!.pitch[245]! - asked!.pitch[245]!).toBeGreaterThan(1);
});

test("without speech the head rests, and the eyes blink", () => {
  const moves = headMoves({ phrases: [], accents: [] }, 1000, 1, 1);
  expect([most(moves.yaw), most(moves.pitch), most(moves.browInner)]).toEqual([0, 0, 0]);
  expect(blinks(moves.blink).length).toBeGreaterThan(1);
});

/** A voice of harmonics. `hertz` and `level` by seconds. */
function voice(seconds: number, hertz: (t: number) => number, level: (t: number) => number): Float32Array {
  let phase = 0;
  return Float32Array.from({ length: seconds * 16_000 }, (_, i) => {
    phase += (2 * Math.PI * hertz(i / 16_000)) / 16_000;
    return level(i / 16_000) * [1, 2, 3, 4, 5, 6].reduce((sum, k) => sum + Math.sin(k * phase) / k, 0);
  });
}

describe("the tune of a voice", () => {
  test.each([70, 110, 180, 260, 400])("a pitch of %i Hz is found", (hertz) => {
    const samples = voice(
      1,
      () => hertz,
      () => 0.1,
    );
    const found = pitches(samples, 100).slice(20, 80);
    for (const value of found) expect(Math.abs(value / hertz - 1)).toBeLessThan(0.02);
  });

  test("hiss and silence have none", () => {
    let state = 1;
    const hiss = Float32Array.from({ length: 16_000 }, () => {
      state = (state * 48271) % 0x7fffffff;
      return state / 0x7fffffff - 0.5;
    });
    expect(pitches(hiss, 100).filter((hertz) => hertz > 0).length).toBeLessThan(15);
    expect(most(pitches(new Float32Array(16_000), 100))).toBe(0);
  });

  test("what is louder than its surroundings is stressed", () => {
    const samples = voice(
      3,
      () => 120,
      (t) => 0.05 + (Math.abs(t - 1) < 0.1 || Math.abs(t - 2.2) < 0.1 ? 0.12 : 0),
    );
    const frames = frameCount(samples);
    const loudness = relativeLoudness(levels(samples), () => true);
    const { accents } = prosodyOf([{ from: 0, to: frames }], loudness, pitches(samples, frames));
    expect(accents.map(({ frame }) => Math.round(frame / 10))).toEqual([10, 22]);
  });

  test("a rise at the end is a question, a fall is not", () => {
    const ending = (semitones: number) => {
      const samples = voice(
        2,
        (t) => 120 * 2 ** ((semitones / 12) * Math.max(0, (t - 1.6) / 0.4)),
        () => 0.1,
      );
      const loudness = relativeLoudness(levels(samples), () => true);
      return prosodyOf([{ from: 0, to: 200 }], loudness, pitches(samples, 200)).phrases[0]!.rises;
    };
    expect([ending(7), ending(0), ending(-5)]).toEqual([true, false, false]);
  });
});
