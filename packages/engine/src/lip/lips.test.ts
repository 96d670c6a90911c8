import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { describe, expect, test } from "vitest";
import { type AskedMouth, askedMouths, type MouthRange } from "./asked.ts";
import { chooseMouths } from "./choose.ts";
import { lipsDistance, lipsOf } from "./lips.ts";
import type { Look } from "./look.ts";
import type { Place } from "./place.ts";
import { planLips } from "./plan.ts";

const level: Place = { a: 100, b: 0, x: 150, y: 100 };
const MOUTH = { x: 0, y: 0.7 };
const [WIDTH, HEIGHT] = [300, 300];
const SAME = 16;
const range: MouthRange = { shut: 0, open: 0.12, narrow: 0.55, usual: 0.6, wide: 0.65 };

/** Skin, lips, and between the lips teeth of so many rows; as bright as `light` times that. */
function picture(teeth: number, light = 1) {
  const yuv = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
  for (let at = 0; at < WIDTH * HEIGHT; at++) {
    const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
    const lips = Math.abs(x - 150) < 30 && Math.abs(y - 170) < 8;
    yuv[at] = light * (lips ? (Math.abs(y - 170) < teeth / 2 ? 190 : 90) : 140);
    if (lips) yuv[WIDTH * HEIGHT * 1.25 + (y >> 1) * (WIDTH >> 1) + (x >> 1)] = 128 + light * 30;
  }
  return { yuv, width: WIDTH, height: HEIGHT };
}

/** By its landmarks it is parted by `gap`; `teeth`: rows of them that are seen. */
function look(gap: number, teeth = 0): Look {
  const shape = { upper: { x: 0, y: 0.7 - gap / 2 }, lower: { x: 0, y: 0.7 + gap / 2 }, mouth: MOUTH, width: 0.6 };
  return {
    ...{ ...shape, place: level, gap, yaw: 0, pitch: 0, chin: 1.15 + gap },
    ...{ print: new Float32Array(23).fill(100), lips: lipsOf(picture(teeth), level, shape, 140) },
  };
}
const [SHUT, BITTEN] = [look(0), look(0.004, 7)];

test("a mouth looks the same in any light, and another one where teeth are seen", () => {
  const dark = { ...SHUT, lips: lipsOf(picture(0, 0.6), level, SHUT, 0.6 * 140) };
  expect(lipsDistance(dark.lips, SHUT.lips)).toBeLessThan(3);
  expect(lipsDistance(BITTEN.lips, SHUT.lips)).toBeGreaterThan(25);
});

test("an f is a bite into the lower lip, hardly open", () => {
  const raised = [0.55, 0.55];
  const [f, open] = askedMouths(
    {
      ...{ fps: 25, frames: 2 },
      faces: [{ channels: { mouthRollLower: [0.7, 0], mouthUpperUpLeft: raised, mouthUpperUpRight: raised } }],
    },
    range,
  );
  expect(f).toMatchObject({ gap: 0, shut: false, bites: true, rest: false });
  expect(open).toMatchObject({ bites: false });
  expect(open!.gap).toBeGreaterThan(0.03);
});

describe("of somebody who says f as often as m, and whose landmarks are shut at both", () => {
  /** Opens and shuts twice a second, first on m, then on f. */
  const looks = Array.from({ length: 100 }, (_, n) => {
    const gap = 0.06 - 0.06 * Math.cos((2 * Math.PI * n) / 12);
    return gap > 0.012 ? look(gap, 100 * gap) : Math.round(n / 12) % 2 ? BITTEN : SHUT;
  });
  const showsTeeth = (n: number | null) => lipsDistance(looks[n!]!.lips, SHUT.lips) > SAME;
  /** The openings that were recorded, each with another sound where the mouth was shut. */
  const lent = (sound: Pick<AskedMouth, "shut" | "bites">) => {
    const asked = looks.slice(8, 92).map(({ gap }): AskedMouth => {
      const isShut = gap < 0.012;
      return { gap, width: 0.6, rest: false, shut: isShut && sound.shut, bites: isShut && sound.bites };
    });
    const wanted = asked.map((each) => ({ asked: each, look: SHUT, like: 0 }));
    const way = chooseMouths(wanted, looks, [...looks.keys()], range);
    return way.filter((_, n) => asked[n]!.gap < 0.012);
  };

  test("an m shows no teeth", () => {
    const sources = lent({ shut: true, bites: false });
    expect(sources.length).toBeGreaterThan(10);
    expect(sources.filter(showsTeeth)).toEqual([]);
  });

  test("nor do lips that are shut between words", () => {
    expect(lent({ shut: false, bites: false }).filter(showsTeeth)).toEqual([]);
  });

  test("an f does", () => {
    expect(lent({ shut: false, bites: true }).filter((n) => !showsTeeth(n))).toEqual([]);
  });
});

describe("what a frame shows", () => {
  const jawOpen = Array.from({ length: 100 }, (_, n) => (n > 30 && n < 70 ? 0.3 + 0.25 * Math.sin(n) : 0));
  const words: MotionFrames = { fps: 25, frames: 100, faces: [{ channels: { jawOpen } }] };
  const framesOf = (looks: Look[]) => {
    const followed = { width: WIDTH, height: HEIGHT, stamps: looks.map((_, n) => n / 25), looks };
    return planLips(followed, words, { sync: { mode: "cut_off", video: 4, sound: 4 } }).frames;
  };
  const gapAt = (n: number) => 0.06 - 0.06 * Math.cos((2 * Math.PI * n) / 25);

  test("two mouths of one shape are shown in one another only where they look alike", () => {
    const alike = framesOf(jawOpen.map((_, n) => look(gapAt(n))));
    expect(alike.filter(({ borrowed }) => borrowed.length > 1).length).toBeGreaterThan(0);
    const looks = jawOpen.map((_, n) => look(gapAt(n), n % 2 ? 7 : 0));
    for (const { borrowed } of framesOf(looks)) {
      const [own, ...others] = borrowed.map(({ source }) => looks[source]!.lips);
      for (const other of others) expect(lipsDistance(own!, other)).toBeLessThan(20);
    }
  });

  test("a mouth is never pulled open by more than it is open: there is nothing between lips that meet", () => {
    const looks = jawOpen.map((_, n) => look(n % 20 < 2 ? 0.12 : 0.01));
    const lent = framesOf(looks).flatMap(({ borrowed }) => borrowed);
    expect(lent.some(({ more }) => more > 0)).toBe(true);
    for (const { source, more } of lent) expect(more).toBeLessThanOrEqual(looks[source]!.gap);
  });

  test("where borrowed mouths go over into the frame's own, they look like it", () => {
    const looks = jawOpen.map((_, n) => (n > 68 ? look(0.015, 7) : look(gapAt(n), 100 * gapAt(n))));
    const going = framesOf(looks).filter(({ strength }) => strength > 0 && strength <= 0.5);
    expect(going.length).toBeGreaterThan(2);
    for (const { shown, borrowed } of going) {
      for (const { source } of borrowed) {
        expect(lipsDistance(looks[source]!.lips, looks[shown]!.lips)).toBeLessThan(SAME);
      }
    }
  });
});
