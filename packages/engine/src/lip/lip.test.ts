import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { describe, expect, test } from "vitest";
import { askedMouths, type MouthRange } from "./asked.ts";
import { candidatesOf, chooseMouths } from "./choose.ts";
import { withMouth } from "./lend.ts";
import type { Frame, Look } from "./look.ts";
import { pasteMouth } from "./paste.ts";
import { cutPatch } from "./patch.ts";
import { inFrame, onFace, type Place, placeOf, STEADY, shapeOf } from "./place.ts";
import { type LipPlan, planLips } from "./plan.ts";

const level: Place = { a: 100, b: 0, x: 150, y: 100 };
const MOUTH = { x: 0, y: 0.7 };

function look(gap: number, more: Partial<Look> = {}): Look {
  return {
    ...{ place: level, gap, width: 0.6, yaw: 0, pitch: 0, print: new Float32Array(23).fill(100) },
    ...{ upper: { x: 0, y: 0.68 }, lower: { x: 0, y: 0.68 + gap }, mouth: MOUTH, chin: 1.15 + gap },
    ...{ lips: new Float32Array(45).fill(100), ...more },
  };
}
/** Somebody who opens and shuts the mouth once a second, at 25 frames a second. */
const talking = (frames: number): Look[] =>
  Array.from({ length: frames }, (_, n) => look(0.06 - 0.06 * Math.cos((2 * Math.PI * n) / 25)));
const range: MouthRange = { shut: 0, open: 0.12, narrow: 0.55, usual: 0.6, wide: 0.65 };

describe("where a face lies", () => {
  const points = new Float32Array(468 * 3);
  const random = randomFrom(3);
  for (const i of STEADY) points.set([random() * 0.8 - 0.4, random() * 0.6 - 0.2, 0], i * 3);
  points.set([-0.5, 0, 0], 33 * 3);
  points.set([0.5, 0, 0], 263 * 3);

  test("a turned and grown face is found again, and places go there and back", () => {
    const place: Place = { a: 80, b: 25, x: 300, y: 220 };
    const moved = new Float32Array(points.length);
    for (const i of STEADY) {
      const at = inFrame(place, { x: points[i * 3]!, y: points[i * 3 + 1]! });
      moved.set([at.x, at.y, 0], i * 3);
    }
    const found = placeOf(shapeOf(points), moved);
    for (const key of ["a", "b", "x", "y"] as const) expect(found[key]).toBeCloseTo(place[key], 2);
    const back = onFace(found, inFrame(found, { x: 0.3, y: 0.9 }));
    expect(back.x).toBeCloseTo(0.3);
    expect(back.y).toBeCloseTo(0.9);
  });
});

describe("which mouths are lent", () => {
  const asked = (gap: number, shut = false, bites = false) => ({ gap, width: 0.6, shut, bites, rest: false });

  test("one that was recorded opens and shuts as it did then", () => {
    const looks = talking(50);
    const wanted = looks.slice(10, 40).map(({ gap }) => ({ asked: asked(gap), look: look(0), like: 0 }));
    const way = chooseMouths(
      wanted,
      looks,
      candidatesOf(looks, () => true),
      range,
    ) as number[];
    const jumps = way.filter((n, i) => i > 0 && n !== way[i - 1]! + 1);
    expect(jumps).toEqual([]);
  });

  test("lips that have to meet are shut in a single frame, too", () => {
    const looks = talking(50);
    const wanted = Array.from({ length: 9 }, (_, n) => ({
      ...{ asked: asked(n === 4 ? 0 : 0.1, n === 4), look: look(0), like: 0 },
    }));
    const way = chooseMouths(
      wanted,
      looks,
      candidatesOf(looks, () => true),
      range,
    ) as number[];
    expect(looks[way[4]!]!.gap).toBeLessThan(0.014);
    expect(looks[way[2]!]!.gap).toBeGreaterThan(0.07);
  });

  test("another person in the video, or another light, lends none", () => {
    const dark = talking(50).map((each) => ({ ...each, print: new Float32Array(23).fill(40) }));
    const way = chooseMouths(
      [{ asked: asked(0.1), look: look(0), like: 0 }],
      dark,
      candidatesOf(dark, () => true),
      range,
    );
    expect(way).toEqual([null]);
  });

  test("of a long video some hundred are enough, and both ends of the range are among them", () => {
    const looks = talking(3000);
    const chosen = candidatesOf(looks, () => true);
    expect(chosen.length).toBeLessThanOrEqual(300);
    const gaps = chosen.map((n) => looks[n]!.gap);
    expect(Math.min(...gaps)).toBeLessThan(0.005);
    expect(Math.max(...gaps)).toBeGreaterThan(0.115);
  });
});

const motionOf = (jawOpen: number[], press = jawOpen.map(() => 0)): MotionFrames => ({
  ...{ fps: 25, frames: jawOpen.length },
  faces: [{ channels: { jawOpen, mouthPressLeft: press, mouthPressRight: press } }],
});

test("curves become openings of that person: shut, an m, and the widest", () => {
  const mouths = askedMouths(motionOf([0.55, 0.275, 0, 0.3], [0, 0, 0.6, 0]), range);
  expect(mouths.map(({ gap }) => gap)).toEqual([0.12, expect.closeTo(0.06), 0, expect.closeTo(0.0655, 3)]);
  expect(mouths.map(({ shut }) => shut)).toEqual([false, false, true, false]);
});

describe("the plan of a video", () => {
  const timing = { sync: { mode: "cut_off", video: 4, sound: 4 } } as const;
  const followed = (looks: (Look | null)[]) => ({
    width: 300,
    height: 300,
    stamps: looks.map((_, n) => n / 25),
    looks,
  });
  const words = motionOf(Array.from({ length: 100 }, (_, n) => (n > 30 && n < 70 ? 0.3 + 0.25 * Math.sin(n) : 0)));

  test("in a pause a shut mouth stays the video's own, and words are borrowed", () => {
    const looks = talking(100).map((each, n) => (n < 20 ? look(0) : each));
    const { frames, left } = planLips(followed(looks), words, timing);
    expect(frames.slice(0, 15).map(({ strength }) => strength)).toEqual(new Array(15).fill(0));
    expect(frames.slice(31, 70).map(({ strength }) => strength)).toEqual(new Array(39).fill(1));
    expect(left).not.toContain(true);
  });

  test("a face that is turned away, or not seen, stays as it is and is told", () => {
    const looks = talking(100).map((each, n) => (n >= 50 && n < 60 ? (n % 2 ? null : { ...each, yaw: 60 }) : each));
    const { frames, left } = planLips(followed(looks), words, timing);
    expect(frames.slice(50, 60).map(({ strength }) => strength)).toEqual(new Array(10).fill(0));
    expect(left.slice(50, 60)).not.toContain(false);
    expect(frames[40]!.strength).toBe(1);
  });

  test("one that wavers about the limit is not left and taken up again, and one beyond it throughout is left", () => {
    const wavering = (degrees: number) => talking(100).map((each, n) => ({ ...each, yaw: degrees + 2 * (n % 2) }));
    const { frames, left } = planLips(followed(wavering(34)), words, timing);
    expect(frames.slice(31, 70).map(({ strength }) => strength)).toEqual(new Array(39).fill(1));
    expect(left).not.toContain(true);
    const turned = talking(100).map((each, n) => (n < 45 ? each : { ...each, yaw: 37 }));
    const cut = turned.map((each, n) => (n === 44 ? null : each));
    expect(planLips(followed(cut), words, timing).left.slice(45, 70)).not.toContain(false);
  });

  test("of mouths before and after a jump only those are shown in one another that are alike, in width, too", () => {
    const apart = (a: number, b: number) => Math.abs(a - b);
    let mixed = 0;
    for (const width of [0.62, 0.66, 0.72]) {
      const looks = talking(100).map((each, n) => (n % 2 ? each : { ...each, width }));
      for (const { borrowed } of planLips(followed(looks), words, timing).frames) {
        const [own, ...others] = borrowed.map(({ source }) => looks[source]!);
        mixed += others.length;
        for (const other of others) {
          expect(apart(other.width, own!.width)).toBeLessThan(0.03);
          expect(apart(other.gap, own!.gap)).toBeLessThan(0.02);
        }
      }
    }
    expect(mixed).toBeGreaterThan(0);
  });

  test.each<[string, string, (Look | null)[]]>([
    ["a face of 30 pixels", "face_too_small", talking(100).map((each) => ({ ...each, place: { ...level, a: 30 } }))],
    ["a face in profile", "face_turned_away", talking(100).map((each) => ({ ...each, yaw: 70 }))],
    ["nobody", "no_face", talking(100).map(() => null)],
  ])("a video of %s is refused", (_, code, looks) => {
    expect(() => planLips(followed(looks), words, timing)).toThrow(expect.objectContaining({ code }));
  });
});

describe("a mouth that is put in", () => {
  const [width, height] = [300, 300];
  /** Skin with a slope of light, and lips as a dark bar. */
  function skin(bar: number, light = 0): Frame {
    const yuv = new Uint8Array((width * height * 3) / 2).fill(128);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const lips = Math.abs(x - 150) < 25 && y >= 168 && y < 168 + bar;
        yuv[y * width + x] = lips ? 40 : 110 + light + x / 15;
      }
    }
    return { yuv, width, height };
  }

  test("changes no pixel outside the mask, takes the light of the frame, and leaves no seam", () => {
    const frame = skin(0, 30);
    const before = frame.yuv.slice();
    const open = look(0.12);
    const patch = cutPatch(skin(12), { place: level, look: open, mouth: MOUTH });
    const target = { place: level, mouth: MOUTH, chin: 0.45, strength: 1 };
    const { difference } = pasteMouth(frame, target, [{ patch, share: 1, more: 0, wider: 0 }]);
    expect(difference).toBeLessThan(0.5);
    expect(frame.yuv[174 * width + 150]).toBeLessThan(90);
    let [most, outside] = [0, 0];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        const inside = Math.abs(x - 150) <= 51 && y > 145 && y < 246;
        if (!inside && frame.yuv[at] !== before[at]) outside++;
        const lips = Math.abs(x - 150) < 30 && y > 160 && y < 190;
        if (!lips) most = Math.max(most, Math.abs(frame.yuv[at]! - before[at]!));
      }
    }
    expect(outside).toBe(0);
    expect(most).toBeLessThanOrEqual(2);
  });

  test("a frame that is shown twice gets its mouth once each time", async () => {
    // as decoders give it: the `slice` of a Buffer shares its memory
    const kept = Buffer.from(skin(0).yuv);
    const looks = [look(0)];
    const lent = { source: 0, drawn: false, share: 1, more: 0, wider: 0 };
    const frame = { shown: 0, strength: 1, borrowed: [lent] };
    const plan = { places: [level], mouth: MOUTH, frames: [frame, frame] } as unknown as LipPlan;
    const followed = { width, height, stamps: [0], looks };
    const patch = cutPatch(skin(12), { place: level, look: look(0.12), mouth: MOUTH });
    const scene = { followed, plan, motion: { fps: 25, frames: 2, faces: [] }, mouths: new Map([["0", () => patch]]) };
    const film = { at: async () => kept, close: async () => {} };
    const first = await withMouth(film, [0, frame], scene);
    expect(Buffer.compare(kept, skin(0).yuv)).toBe(0);
    expect((await withMouth(film, [1, frame], scene)).yuv).toEqual(first.yuv);
  });

  test("of light that falls from one side only no seam is left", () => {
    const frame = skin(0);
    for (let at = 0; at < width * height; at++) {
      const [x, y] = [at % width, Math.floor(at / width)];
      if (x < 150 && y > 190) frame.yuv[at]! += Math.min(8, (y - 190) / 3);
    }
    const patch = cutPatch(skin(0), { place: level, look: look(0), mouth: MOUTH });
    const target = { place: level, mouth: MOUTH, chin: 0.45, strength: 1 };
    expect(pasteMouth(frame, target, [{ patch, share: 1, more: 0, wider: 0 }]).difference).toBeLessThan(0.8);
  });

  test("shuts by what is asked", () => {
    const frame = skin(0);
    const patch = cutPatch(skin(4), { place: level, look: look(0.04), mouth: MOUTH });
    const target = { place: level, mouth: MOUTH, chin: 0.45, strength: 1 };
    pasteMouth(frame, target, [{ patch, share: 1, more: -0.04, wider: 0 }]);
    const dark = [...frame.yuv.subarray(0, width * height)].filter((value) => value < 80).length;
    // of 200; beside the corners lips part less
    expect(dark).toBeLessThan(90);
  });
});
