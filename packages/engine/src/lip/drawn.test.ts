import { fileURLToPath } from "node:url";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { findFaces } from "../face/face.ts";
import { models } from "../face/models.ts";
import { decodePicture } from "../media/picture.ts";
import { toPlanes } from "../media/planes.ts";
import { closing, drawMouth, speaking } from "./drawn.ts";
import { drawnFramesOf } from "./drawn-frames.ts";
import { createFollower } from "./follow.ts";
import { lipsDistance } from "./lips.ts";
import { type Frame, type Look, lookOf } from "./look.ts";
import { pasteMouth } from "./paste.ts";
import type { FaceThere, Patch } from "./patch.ts";
import { inFrame, type Place, type Point, placeOf, shapeOf } from "./place.ts";
import { planLips } from "./plan.ts";

const level: Place = { a: 100, b: 0, x: 150, y: 100 };
function look(gap: number, more: Partial<Look> = {}): Look {
  return {
    ...{ place: level, gap, width: 0.6, yaw: 0, pitch: 0, print: new Float32Array(23).fill(100) },
    ...{ upper: { x: 0, y: 0.68 }, lower: { x: 0, y: 0.68 + gap }, mouth: { x: 0, y: 0.7 }, chin: 1.15 + gap },
    ...{ lips: new Float32Array(45).fill(100), ...more },
  };
}
const FRAMES = 100;
/** Lips parted by `least`, and by `more` beyond that once a second. */
const film = (least: number, more: number): Look[] =>
  Array.from({ length: FRAMES }, (_, n) => look(least + (more / 2) * (1 - Math.cos((2 * Math.PI * n) / 25))));
const jawOpen = Array.from({ length: FRAMES }, (_, n) => (n > 30 && n < 70 ? 0.3 - 0.3 * Math.cos(n / 2) : 0));
const words: MotionFrames = { fps: 25, frames: FRAMES, faces: [{ channels: { jawOpen } }] };

function planned(looks: (Look | null)[]) {
  const stamps = looks.map((_, n) => n / 25);
  return planLips({ width: 300, height: 300, stamps, looks }, words, { sync: { mode: "cut_off", video: 4, sound: 4 } });
}
const drawnShare = (lent: { drawn: boolean; share: number }[]) =>
  lent.reduce((sum, { drawn, share }) => sum + (drawn ? share : 0), 0);

describe("which mouths are drawn", () => {
  test("all that say something, where the lips of the video hardly part; in pauses it stays as it is", () => {
    const { drawn, frames, left } = planned(film(0, 0.01));
    expect(drawn).toBe("hardly_opens");
    for (const { borrowed } of frames.slice(31, 70)) expect(drawnShare(borrowed)).toBeCloseTo(1);
    expect(frames[10]).toMatchObject({ strength: 0, borrowed: [] });
    expect(left).not.toContain(true);
  });

  test("those that are shut, where the lips of the video never meet; what is open is the person's own", () => {
    const { drawn, frames, asked } = planned(film(0.1, 0.1));
    expect(drawn).toBe("never_shuts");
    for (const [n, { strength, borrowed }] of frames.entries()) {
      expect(strength).toBe(1);
      if (asked[n]!.gap < 0.05) expect(drawnShare(borrowed)).toBeCloseTo(1);
      if (asked[n]!.gap > 0.11) expect(drawnShare(borrowed)).toBe(0);
    }
    expect(asked.some(({ gap }) => gap > 0.15)).toBe(true);
  });

  test("on none of the frames in which the mouth is covered, nor on those beside them, though they are shut most", () => {
    const covered = (n: number) => n >= 40 && n < 55;
    const beside = (n: number) => n > 27 && n < 67;
    const looks = film(0.03, 0.01).map((each, n) => (covered(n) ? null : beside(n) ? look(0) : each));
    const bases = drawnFramesOf(looks, () => true);
    expect(bases.length).toBeGreaterThan(0);
    expect(bases.filter(beside)).toEqual([]);
    const { drawn, frames } = planned(looks);
    expect(drawn).toBe("hardly_opens");
    const sources = frames.flatMap(({ borrowed }) => borrowed.map(({ source }) => source));
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter(beside)).toEqual([]);
  });

  test("on one beside them, where no other is as the head is held", () => {
    const turned = (n: number) => n >= 45 && n < 50;
    const looks = film(0, 0.01).map((each, n) => (n === 50 ? null : turned(n) ? look(0, { yaw: 20 }) : each));
    expect(drawnFramesOf(looks, () => true).filter(turned)).toHaveLength(1);
  });

  test("one that looks like the frame's own goes over into it, shut; others follow each other from one frame to the next", () => {
    const turnedAway = (looks: Look[]) => looks.map((each, n) => (n >= 45 && n < 55 ? { ...each, yaw: 60 } : each));
    const strengths = ({ frames }: ReturnType<typeof planned>) => new Set(frames.map(({ strength }) => strength));
    const alike = planned(turnedAway(film(0, 0.01)));
    expect(strengths(alike).size).toBeGreaterThan(2);
    for (const [n, { strength }] of alike.frames.entries())
      if (strength % 1 > 0) expect(alike.letGo[n]).toBeGreaterThan(0);
    const beside = (n: number) => (n >= 36 && n < 45) || (n >= 55 && n < 66);
    const otherwise = [
      ...[{ lips: new Float32Array(45).fill(140) }, { width: 0.68 }].map((more) =>
        film(0, 0.01).map((each, n) => (beside(n) ? { ...each, ...more } : each)),
      ),
      film(0, 0.01).map((each, n) => (n === 44 || n === 43 || n === 55 ? look(0.09) : each)),
    ];
    for (const looks of otherwise) {
      const { drawn, frames, letGo } = planned(turnedAway(looks));
      expect(drawn).toBe("hardly_opens");
      for (const [n, { strength, borrowed }] of frames.entries()) {
        if (strength % 1 === 0) continue;
        expect(letGo[n]).toBeGreaterThan(0);
        for (const { source } of borrowed) {
          expect(Math.abs(looks[source]!.gap - looks[n]!.gap)).toBeLessThan(0.02);
          expect(Math.abs(looks[source]!.width - looks[n]!.width)).toBeLessThan(0.03);
          expect(lipsDistance(looks[source]!.lips, looks[n]!.lips)).toBeLessThan(20);
        }
      }
    }
  });

  test("none, where there are mouths enough", () => {
    const { drawn, frames } = planned(film(0, 0.12));
    expect(drawn).toBeNull();
    expect(frames.flatMap(({ borrowed }) => borrowed).some((each) => each.drawn)).toBe(false);
  });

  test("two mouths are shown in one another where both are about as open, and only there", () => {
    const { frames } = planned(film(0, 0.12));
    const both = frames.flatMap(({ borrowed }) => (borrowed.length > 1 ? [borrowed.map(({ source }) => source)] : []));
    const gaps = film(0, 0.12).map(({ gap }) => gap);
    for (const sources of both) {
      const shown = sources.map((source) => gaps[source]!);
      expect(Math.max(...shown) - Math.min(...shown)).toBeLessThan(0.07);
    }
  });

  test("they are drawn on still and shut frames, on one for each way the head is held", () => {
    const nod = Array.from({ length: 60 }, (_, n) => look(n === 20 ? 0 : 0.01, { yaw: n < 30 ? 0 : 25 }));
    const moved = nod.map((each, n) => ({
      ...each,
      place: { ...level, x: n > 30 && n < 50 ? 150 + 5 * (n % 2) : 150 },
    }));
    const chosen = drawnFramesOf([null, ...moved], () => true);
    expect(chosen[0]).toBe(21);
    expect(chosen.length).toBe(2);
    expect(chosen[1]).toBeGreaterThan(50);
  });
});

describe("a mouth that is drawn", () => {
  const scenes = new Map<string, { frame: Frame; face: FaceThere }>();
  beforeAll(async () => {
    for (const name of ["grace_hopper.jpg", "astronaut.jpg"]) {
      const path = fileURLToPath(new URL(`../../../../test/fixtures/${name}`, import.meta.url));
      const picture = await decodePicture(path, { maxSide: 512 });
      const [width, height] = [picture.width & ~1, picture.height & ~1];
      const [face] = await findFaces(picture);
      const rows = Array.from({ length: height }, (_, y) =>
        picture.data.subarray(y * picture.width * 3, (y * picture.width + width) * 3),
      );
      const { y, u, v } = toPlanes(Buffer.concat(rows), width, height);
      const frame = { yuv: Buffer.concat([y, u, v]), width, height };
      const seen = lookOf(shapeOf(face!.points), face!.points, frame);
      scenes.set(name, {
        frame,
        face: { place: placeOf(shapeOf(face!.points), face!.points), look: seen, mouth: seen.mouth },
      });
    }
  }, 120_000);

  /** Mean brightness of what is at and around a place on the face. */
  function brightness({ place, left, top, width, y }: Patch, at: Point): number {
    const middle = inFrame(place, at);
    let [sum, count] = [0, 0];
    for (let dy = -2; dy <= 2; dy++) {
      for (let dx = -5; dx <= 5; dx++, count++) {
        sum += y[(Math.round(middle.y + dy) - top) * width + Math.round(middle.x + dx) - left]!;
      }
    }
    return sum / count;
  }

  test("opens by as much as is asked, and the nose stays", async () => {
    const { frame, face } = scenes.get("grace_hopper.jpg")!;
    const mouth = (await drawMouth(frame, face, speaking({ ...words, faces: [{ channels: { jawOpen: [0, 0.6] } }] })))!;
    const [shut, open] = [mouth(0), mouth(1)];
    const within = { x: face.mouth.x, y: face.mouth.y + 0.05 };
    expect(brightness(open, within)).toBeLessThan(0.6 * brightness(shut, within));
    const nose = { x: face.mouth.x, y: face.mouth.y - 0.3 };
    expect(Math.abs(brightness(open, nose) - brightness(shut, nose))).toBeLessThan(3);
    expect(open.look.chin).toBeGreaterThan(shut.look.chin + 0.1);
  });

  test("a smile with teeth shuts as far as is asked", async () => {
    const { frame, face } = scenes.get("astronaut.jpg")!;
    const { gap } = face.look;
    expect(gap).toBeGreaterThan(0.08);
    const asked = [gap, 0].map((each) => ({ gap: each, width: 0.6, shut: false, bites: false, rest: false }));
    const mouth = (await drawMouth(frame, face, closing(asked, gap)))!;
    const between = { x: face.mouth.x, y: (face.look.upper.y + face.look.lower.y) / 2 };
    const [teeth, lips] = [brightness(mouth(0), between), brightness(mouth(1), between)];
    expect(lips).toBeLessThan(0.8 * teeth);
  });

  test("with teeth on its lip it is shut by its landmarks, and does not look so", async () => {
    const { frame, face } = scenes.get("grace_hopper.jpg")!;
    const raised = [0, 0.55];
    const channels = { mouthRollLower: [0, 0.7], mouthUpperUpLeft: raised, mouthUpperUpRight: raised };
    const mouth = (await drawMouth(frame, face, speaking({ ...words, faces: [{ channels }] })))!;
    const target = { place: face.place, mouth: face.mouth, chin: face.look.chin - face.mouth.y, strength: 1 };
    const follower = createFollower(await models(), 0);
    const looks: Look[] = [];
    for (const n of [0, 1]) {
      const shown = { ...frame, yuv: new Uint8Array(frame.yuv) };
      pasteMouth(shown, target, [{ patch: mouth(n), share: 1, more: 0, wider: 0 }]);
      looks.push((await follower.see(shown, n))!);
    }
    const [shut, bitten] = looks as [Look, Look];
    expect(bitten.gap - shut.gap).toBeLessThan(0.015);
    expect(lipsDistance(bitten.lips, shut.lips)).toBeGreaterThan(25);
  });

  test("is not drawn where no face is found", async () => {
    const { frame, face } = scenes.get("grace_hopper.jpg")!;
    const grey = { ...frame, yuv: new Uint8Array(frame.yuv.length).fill(128) };
    expect(await drawMouth(grey, face, speaking(words))).toBeNull();
  });
});
