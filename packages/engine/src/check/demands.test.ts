import type { Channel } from "@smileloop/core/motion/motion.ts";
import { describe, expect, test } from "vitest";
import { demandsOf, strengthBetween } from "./demands.ts";

type Curves = Partial<Record<Channel, number[]>>;

const motion = (channels: Curves, frames = 6) => ({ fps: 25, frames, faces: [{ channels }] });
const smile = { mouthSmileLeft: [0, 0.4, 0.5, 0.6, 0.9, 0], mouthSmileRight: [0, 0.4, 0.5, 0.6, 0.9, 0] };
const kinds = (channels: Curves) => demandsOf(motion(channels)).map(({ kind }) => kind);

test("half a smile is not demanded", () => {
  expect(kinds({ ...smile, mouthSmileLeft: [0, 0.1, 0.2, 0.3, 0.4, 0] })).toEqual([]);
});

test("a smile is demanded where it is strongest", () => {
  expect(demandsOf(motion(smile))).toMatchObject([{ kind: "smile", frames: [4], asked: [0.9] }]);
  expect(kinds({ mouthSmileLeft: smile.mouthSmileLeft.map((value) => value / 3) })).toEqual([]);
});

test("nothing is demanded at moments at which it can't be measured", () => {
  const turned = { ...smile, headPitch: [0, 0, 0, 0, 14, 0] };
  const pitch = { kind: "pitch", frames: [4], asked: [14] };
  expect(demandsOf(motion(turned))).toMatchObject([{ kind: "smile", frames: [3], asked: [0.6] }, pitch]);
  expect(kinds({ ...smile, mouthPucker: Array(6).fill(0.5) })).toEqual([]);
});

test("lips are demanded to part, and to purse only where they do not smile as well", () => {
  expect(kinds({ jawOpen: [0, 0.3, 0.6, 0.7, 0.3, 0] })).toEqual(["jaw"]);
  const mouthPucker = [0, 0.3, 0.7, 0.75, 0.4, 0];
  expect(kinds({ mouthPucker })).toEqual(["pucker"]);
  expect(kinds({ ...smile, mouthPucker })).toEqual([]);
});

test("a wink is demanded of the eye that is asked for, a blink of both", () => {
  const lid = [0, 0.5, 1, 0.4, 0, 0];
  const rest = lid.map(() => 0);
  expect(demandsOf(motion({ eyeBlinkRight: lid }))).toMatchObject([{ kind: "wink", frames: [2], asked: [-1] }]);
  expect(kinds({ eyeBlinkLeft: lid, eyeBlinkRight: rest })).toEqual(["wink"]);
  expect(kinds({ eyeBlinkLeft: lid, eyeBlinkRight: lid })).toEqual(["lids"]);
});

const MOVEMENTS: Record<string, { channels: Channel[]; strong: number; weak: number }> = {
  smile: { channels: ["mouthSmileLeft", "mouthSmileRight"], strong: 0.37, weak: 0.33 },
  lids: { channels: ["eyeBlinkLeft", "eyeBlinkRight"], strong: 0.73, weak: 0.67 },
  wink: { channels: ["eyeBlinkLeft"], strong: 0.73, weak: 0.67 },
  yaw: { channels: ["headYaw"], strong: 6, weak: 5.5 },
  roll: { channels: ["headRoll"], strong: 4, weak: 3.5 },
  pitch: { channels: ["headPitch"], strong: 9, weak: 8.5 },
  pucker: { channels: ["mouthPucker"], strong: 0.73, weak: 0.67 },
  jaw: { channels: ["jawOpen"], strong: 0.53, weak: 0.47 },
};
/** A movement in the middle of the clip, beside others. */
function moved(kind: string, how: "strong" | "weak", beside: Partial<Record<Channel, number>> = {}): Curves {
  const { channels, [how]: value } = MOVEMENTS[kind]!;
  const all = { ...Object.fromEntries(channels.map((channel) => [channel, value])), ...beside };
  return Object.fromEntries(Object.entries(all).map(([channel, at]) => [channel, [0, 0, at, at, 0, 0]]));
}

test.each(Object.keys(MOVEMENTS))("too weak a %s is not demanded, one that is just strong enough is", (kind) => {
  expect(kinds(moved(kind, "weak"))).toEqual([]);
  expect(kinds(moved(kind, "strong"))).toEqual([kind]);
});

const TURNS: Channel[] = ["headYaw", "headPitch", "headRoll"];
const SMILES: Channel[] = ["mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight"];
const FROWNS: Channel[] = ["mouthFrownLeft", "mouthFrownRight"];
const ROLLS: Channel[] = ["mouthRollUpper", "mouthRollLower"];

/** Other movements beside which one can still be measured while they are as strong as the first number, not as the second. */
test.each<[string, Channel[], number, number]>([
  ["smile", TURNS, 9, 10],
  ["lids", TURNS, 9, 10],
  ["wink", TURNS, 9, 10],
  ["pucker", TURNS, 9, 10],
  ["jaw", TURNS, 9, 10],
  ["yaw", ["headPitch", "headRoll"], 9, 10],
  ["roll", ["headYaw", "headPitch"], 6, 7],
  ["pitch", ["headYaw", "headRoll"], 6, 7],
  ["roll", ["jawOpen"], 0.36, 0.44],
  ["pitch", ["jawOpen"], 0.36, 0.44],
  ["smile", ["jawOpen", ...ROLLS], 0.36, 0.44],
  ["smile", ["mouthPucker", "mouthFunnel", ...FROWNS], 0.23, 0.27],
  ["pucker", ["jawOpen", ...SMILES], 0.18, 0.22],
  ["jaw", ["mouthPucker", "mouthFunnel", "mouthFrownLeft"], 0.23, 0.27],
])("a %s is demanded beside a little of %j, not beside more", (kind, others, little, more) => {
  for (const other of others) {
    // heads turn to both sides
    for (const sign of other.startsWith("head") ? [1, -1] : [1]) {
      expect(kinds(moved(kind, "strong", { [other]: sign * little })), other).toContain(kind);
      expect(kinds(moved(kind, "strong", { [other]: sign * more })), other).not.toContain(kind);
    }
  }
});

test("a smile may be a little uneven", () => {
  const uneven = (by: number) => kinds(moved("smile", "strong", { mouthSmileLeft: 0.5, mouthSmileRight: 0.5 - by }));
  expect(uneven(0.13)).toEqual(["smile"]);
  expect(uneven(0.17)).toEqual([]);
});

test("a movement that is held is demanded at its start and at its end, a short one once", () => {
  const jawOpen = [0, 1, 0.96, 0.97, 0.98, 0];
  expect(demandsOf(motion({ jawOpen }))).toMatchObject([{ frames: [1] }]);
  expect(demandsOf(motion({ jawOpen: [...jawOpen.slice(0, 5), 0.95, 0] }, 7))).toMatchObject([{ frames: [1, 5] }]);
  // what is clearly weaker is not its end
  expect(demandsOf(motion({ jawOpen: [...jawOpen.slice(0, 5), 0.94, 0] }, 7))).toMatchObject([{ frames: [1] }]);
});

test("turns to both sides are demanded on each", () => {
  const headYaw = [0, 5, 10, 0, -8, -12];
  expect(demandsOf(motion({ headYaw }))).toEqual([{ kind: "yaw", frames: [2, 5], asked: [10, -12] }]);
});

test("shifts of the head are demanded where it does not turn, and that it grows, not that it shrinks", () => {
  expect(demandsOf(motion({ headX: [0, -0.1, 0.08, 0, 0, 0] }))).toEqual([
    { kind: "x", frames: [2, 1], asked: [0.08, -0.1] },
  ]);
  expect(kinds({ headY: [0, 0.1, 0.1, 0, 0, 0] })).toEqual(["y"]);
  expect(kinds({ headX: [0, 0, 0.1, 0.1, 0, 0], headY: [0, 0, 0.1, 0.1, 0, 0], headRoll: [0, 0, 3, 3, 0, 0] })).toEqual(
    [],
  );
  expect(demandsOf(motion({ scale: [0, -0.1, 0.08, 0, 0, 0] }))).toEqual([
    { kind: "growth", frames: [2], asked: [0.08] },
  ]);
});

describe("how differently the curves stand at two frames", () => {
  test.each<[string, Curves, number]>([
    ["a channel from one end to the other", { jawOpen: [0, 1] }, 1],
    ["a channel on its way back", { jawOpen: [0.8, 0.3] }, 0.5],
    ["a turn of 15 degrees", { headYaw: [-5, 10] }, 1],
    ["a nod of 30 degrees", { headPitch: [0, 30] }, 2],
    ["a tilt of 3 degrees", { headRoll: [3, 0] }, 0.2],
    ["the strongest of several", { jawOpen: [0.2, 0.4], browInnerUp: [0, 0.7], headYaw: [0, 3] }, 0.7],
    ["a dimple, which is hardly seen", { mouthDimpleLeft: [0, 1] }, 0.2],
    ["the other dimple", { mouthDimpleRight: [0, 1] }, 0.2],
    ["a tongue, which is not seen", { tongueOut: [0, 1], jawForward: [0, 1] }, 0],
    ["nothing", {}, 0],
  ])("%s", (_, channels, strength) => {
    expect(strengthBetween(motion(channels, 2), 0, 1)).toBeCloseTo(strength);
    expect(strengthBetween(motion(channels, 2), 1, 0)).toBeCloseTo(strength);
  });

  test("no face", () => {
    expect(strengthBetween({ fps: 25, frames: 2, faces: [] }, 0, 1)).toBe(0);
    expect(demandsOf({ fps: 25, frames: 2, faces: [] })).toEqual([]);
  });
});
