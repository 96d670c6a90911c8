import { beforeAll, describe, expect, test } from "vitest";
import { ASTRONAUT, GRACE_HOPPER } from "../../../../../test/support/pictures.ts";
import { trackFace } from "../../face/face.ts";
import { toRgb } from "../../media/planes.ts";
import { castPicture } from "../../services/cast.ts";
import { type ChannelValues, createPuppet, type Puppet } from "../puppet.ts";
import { openScene, type Scene } from "../scene.ts";

const SIZE = 256;
const STILL = { pitch: 0, yaw: 0, roll: 0, x: 0, y: 0, z: 0, scale: 0 };
const both = (stem: string, value: number): ChannelValues => ({ [`${stem}Left`]: value, [`${stem}Right`]: value });
const BITING = { jawOpen: 0.05, ...both("mouthUpperUp", 0.55), mouthRollLower: 0.7 };
const ROUND = { jawOpen: 0.16, mouthFunnel: 0.25, mouthPucker: 0.75 };

type Portrait = { scene: Scene; puppet: Puppet };

async function portraitOf(path: string): Promise<Portrait> {
  const { cast } = await castPicture(path, { size: SIZE, face: 0 });
  const scene = await openScene(path, cast, new AbortController().signal);
  return { scene, puppet: createPuppet(scene.still, [scene.movers[0]!.face], scene.matte) };
}

function frameOf({ puppet }: Portrait, channels: ChannelValues, relaxed: number): Uint8Array {
  return Uint8Array.from(puppet.frame([{ channels, sway: STILL, relaxed }]));
}

type At = (index: number) => { x: number; y: number };

/** Mesh points of a frame, in E. */
async function pointsOf({ scene }: Portrait, frame: Uint8Array): Promise<At> {
  const { width, height } = scene.still;
  const region = { x: 0, y: 0, width, height };
  const picture = { data: toRgb(frame, width, height), width, height, region, fullWidth: width, fullHeight: height };
  const { face } = scene.movers[0]!;
  const { points } = await trackFace({ ...picture, orientation: 1 }, face.crop);
  return (i) => ({ x: points[3 * i]! / face.eyeDistance, y: points[3 * i + 1]! / face.eyeDistance });
}

const gapOf = (at: At): number => at(14).y - at(13).y;
const widthOf = (at: At): number => at(291).x - at(61).x;

async function shownBy(portrait: Portrait, channels: ChannelValues, relaxed: number) {
  const at = await pointsOf(portrait, frameOf(portrait, channels, relaxed));
  return { gap: gapOf(at), width: widthOf(at) };
}

/** Lightness of a column through the middle of the still's mouth, `from` to `to` E below the middle of its lips. */
function columnOf({ scene }: Portrait, frame: Uint8Array, from: number, to: number): number[] {
  const { points, eyeDistance } = scene.movers[0]!.face;
  const x = Math.round((points[13 * 3]! + points[14 * 3]!) / 2 + 0.045 * eyeDistance);
  const middle = (points[13 * 3 + 1]! + points[14 * 3 + 1]!) / 2;
  const column: number[] = [];
  for (let y = Math.round(middle + from * eyeDistance); y <= middle + to * eyeDistance; y++) {
    column.push(frame[y * scene.still.width + x]!);
  }
  return column;
}

describe("a photo that smiles with teeth", () => {
  let portrait: Portrait;
  beforeAll(async () => {
    portrait = await portraitOf(ASTRONAUT);
  });

  test("is told from others, and stays as it is to the bit while it is not relaxed", () => {
    expect(portrait.puppet.smiling).toEqual([true]);
    const { y, u, v } = portrait.scene.still;
    frameOf(portrait, { jawOpen: 0.5 }, 1);
    expect(Buffer.compare(frameOf(portrait, {}, 0), Buffer.concat([y, u, v]))).toBe(0);
  });

  test("closes its lips at rest, narrower than in the smile", async () => {
    const smile = await shownBy(portrait, {}, 0);
    const rest = await shownBy(portrait, {}, 1);
    expect(smile.gap).toBeGreaterThan(0.08);
    expect(rest.gap).toBeLessThan(0.035);
    expect(rest.width).toBeLessThan(smile.width - 0.06);
  });

  test("goes from the one to the other little by little", async () => {
    const gaps: number[] = [];
    for (const relaxed of [0, 0.25, 0.5, 0.75, 1]) gaps.push((await shownBy(portrait, {}, relaxed)).gap);
    for (let i = 1; i < gaps.length; i++) expect(gaps[i]!).toBeLessThan(gaps[i - 1]! + 0.004);
  });

  test("opens its mouth as far as it is asked, and rounds it", async () => {
    const rest = await shownBy(portrait, {}, 1);
    const half = await shownBy(portrait, { jawOpen: 0.3 }, 1);
    const wide = await shownBy(portrait, { jawOpen: 0.6 }, 1);
    expect(half.gap).toBeGreaterThan(rest.gap + 0.02);
    expect(wide.gap).toBeGreaterThan(half.gap + 0.02);
    const round = await shownBy(portrait, ROUND, 1);
    expect(round.width).toBeLessThan(rest.width - 0.03);
  });
});

describe("a photo with closed lips", () => {
  let portrait: Portrait;
  beforeAll(async () => {
    portrait = await portraitOf(GRACE_HOPPER);
  });

  test("has no other mouth at rest than its own", () => {
    expect(portrait.puppet.smiling).toEqual([false]);
    expect(Buffer.compare(frameOf(portrait, {}, 1), frameOf(portrait, {}, 0))).toBe(0);
  });

  test("shows its upper teeth over the lower lip for f and v, and lips alone for m, b, p", () => {
    const light = (channels: ChannelValues): number =>
      Math.max(...columnOf(portrait, frameOf(portrait, channels, 0), -0.03, 0.02));
    const pressed = light({ ...both("mouthPress", 0.45), mouthRollLower: 0.25, mouthRollUpper: 0.15 });
    expect(light(BITING)).toBeGreaterThan(pressed + 25);
  });

  test("has teeth of the hue of its skin, which reddish skin would make look green", () => {
    const { still, movers } = portrait.scene;
    const { points, eyeDistance } = movers[0]!.face;
    const [x, y] = [(points[13 * 3]! + points[14 * 3]!) / 2, (points[13 * 3 + 1]! + points[14 * 3 + 1]!) / 2];
    const frame = frameOf(portrait, BITING, 0);
    /** Red to blue of what lies `down` E below the middle of the lips. */
    const hue = (down: number): number => {
      const row = Math.round((y + down * eyeDistance) / 2) * (still.width / 2);
      const luma = still.width * still.height;
      let [cb, cr] = [0, 0];
      for (let at = Math.round(x / 2) - 3; at <= x / 2 + 3; at++) {
        cb += 128 - frame[luma + row + at]!;
        cr += frame[luma + luma / 4 + row + at]! - 128;
      }
      return cr / cb;
    };
    expect(hue(-0.02)).toBeGreaterThan(hue(0.25));
  });

  test("keeps its upper teeth where they are while its lips flicker", () => {
    const teeth = (channels: ChannelValues): number[] =>
      columnOf(portrait, frameOf(portrait, { jawOpen: 0.4, ...channels }, 0), -0.005, 0.015);
    const calm = teeth(both("mouthUpperUp", 0.3));
    const flickering = teeth({ ...both("mouthUpperUp", 0.45), ...both("mouthLowerDown", 0.6) });
    for (const [i, value] of calm.entries()) expect(Math.abs(value - flickering[i]!)).toBeLessThan(30);
  });

  test("shows gums above teeth that a lip bares beyond their length", () => {
    const bared = { jawOpen: 0.5, ...both("mouthUpperUp", 2), ...both("mouthSmile", 1) };
    const column = columnOf(portrait, frameOf(portrait, bared, 0), -0.24, 0.02);
    const least = Math.max(...column) - 20;
    const tall = column.filter((luma) => luma > least).length / portrait.scene.movers[0]!.face.eyeDistance;
    // incisors are 10 to 11 mm, an E some 90 mm
    expect(tall).toBeGreaterThan(0.09);
    expect(tall).toBeLessThan(0.15);
  });

  test("shows lower teeth below a wide-open mouth, and a tongue between the teeth for th", () => {
    const inside = (channels: ChannelValues, from: number, to: number): number[] =>
      columnOf(portrait, frameOf(portrait, channels, 0), from, to);
    const open = inside({ jawOpen: 0.6, ...both("mouthLowerDown", 0.3) }, 0.03, 0.16);
    const dark = Math.min(...open);
    expect(Math.max(...open.slice(open.indexOf(dark)))).toBeGreaterThan(dark + 30);
    const apart = { jawOpen: 0.25, ...both("mouthLowerDown", 0.3) };
    const without = inside(apart, 0, 0.05);
    const tongue = inside({ ...apart, tongueOut: 0.35 }, 0, 0.05);
    expect(Math.max(...tongue.map((value, i) => Math.abs(value - without[i]!)))).toBeGreaterThan(20);
  });
});
