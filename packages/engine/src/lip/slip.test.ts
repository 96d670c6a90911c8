import { randomFrom } from "@smileloop/core/motion/random.ts";
import { expect, test } from "vitest";
import type { Frame } from "./look.ts";
import { inFrame, onFace, type Place, steadied } from "./place.ts";
import { slipOf, upperOf } from "./slip.ts";

const [WIDTH, HEIGHT, UNIT] = [200, 160, 90];
const MOUTH = { x: 0, y: 0.7 };

/** Skin with freckles, the same on the face wherever it lies; `blink` is what its eyes look like. */
function faceAt(place: Place, { light = 0, blink = 0, seed = 1 } = {}): Frame {
  const random = randomFrom(seed);
  const waves = Array.from({ length: 8 }, () => ({
    ...{ u: 30 * (random() - 0.5), v: 30 * (random() - 0.5), from: 6.28 * random() },
  }));
  const yuv = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const at = onFace(place, { x, y });
      const skin = waves.reduce((sum, { u, v, from }) => sum + 9 * Math.cos(u * at.x + v * at.y + from), 120);
      const eye = Math.abs(Math.abs(at.x) - 0.32) < 0.15 && Math.abs(at.y) < 0.1 ? blink : 0;
      yuv[y * WIDTH + x] = skin + light + eye;
    }
  }
  return { yuv, width: WIDTH, height: HEIGHT };
}

/** A head that nods fast, turns and blinks under a lamp that goes up, and where its trembling landmarks are. */
function nodding(count: number) {
  const noise = randomFrom(5);
  const by = (amount: number) => amount * (noise() - 0.5);
  return Array.from({ length: count }, (_, n) => {
    const turn = 0.02 * Math.sin(n / 5);
    const [a, b] = [UNIT * Math.cos(turn), UNIT * Math.sin(turn)];
    const truth = { a, b, x: 90 + 0.7 * n, y: 70 + 6 * Math.sin(n / 2) };
    const seen = { a: a + by(2), b: b + by(2), x: truth.x + by(3), y: truth.y + by(3) };
    return { truth, seen, frame: faceAt(truth, { light: n / 3, blink: n % 9 === 4 ? -60 : 0 }) };
  });
}

/** How far the error of a place changes from frame to frame at the mouth, pixels: what is laid on the face trembles by it. */
function trembleOf(places: readonly (Place | null)[], truth: readonly Place[]): number {
  const off = places.map((place, n) => {
    const [is, should] = [inFrame(place!, MOUTH), inFrame(truth[n]!, MOUTH)];
    return { x: is.x - should.x, y: is.y - should.y };
  });
  const steps = off.slice(1).flatMap(({ x, y }, n) => [x - off[n]!.x, y - off[n]!.y]);
  return Math.sqrt(steps.reduce((sum, step) => sum + step * step, 0) / steps.length);
}

test("what is laid on a head that nods does not tremble, though its landmarks do", () => {
  const frames = nodding(24);
  const uppers = frames.map(({ frame, seen }) => upperOf(frame, seen));
  const slips = uppers.map((upper, n) => (n === 0 ? null : slipOf(uppers[n - 1]!, upper)));
  const [seen, truth] = [frames.map((each) => each.seen), frames.map((each) => each.truth)];
  const steady = steadied(seen, slips);
  expect(trembleOf(seen, truth)).toBeGreaterThan(1);
  expect(trembleOf(steady, truth)).toBeLessThan(0.15);
  for (const [n, place] of steady.entries()) {
    expect(Math.abs(place!.x - truth[n]!.x)).toBeLessThan(1);
    expect(Math.abs(place!.y - truth[n]!.y)).toBeLessThan(1);
  }
});

test("frames that show something else, or nothing, do not match", () => {
  const place = { a: UNIT, b: 0, x: 100, y: 70 };
  const upper = upperOf(faceAt(place), place);
  expect(slipOf(upper, upperOf(faceAt(place, { seed: 2 }), place))).toBeNull();
  const black = upperOf({ ...faceAt(place), yuv: new Uint8Array((WIDTH * HEIGHT * 3) / 2) }, place);
  expect(slipOf(black, black)).toBeNull();
});

test("over a cut, and where the face is not seen, a place is its own", () => {
  const place = { a: UNIT, b: 0, x: 100, y: 70 };
  const other = { ...place, x: 60 };
  const still = { a: 1, b: 0, x: 0, y: 0 };
  const steady = steadied([place, place, other, null, place], [null, still, null, null, null]);
  expect(steady).toEqual([place, place, other, null, place]);
});
