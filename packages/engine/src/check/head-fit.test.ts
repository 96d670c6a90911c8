import { expect, test } from "vitest";
import { headOf } from "./head-fit.ts";

type Place = { x: number; y: number; z: number };

/** A face of some depth, in pixels. */
const FACE = Array.from({ length: 24 }, (_, i): Place => {
  const [x, y] = [((i * 7) % 24) * 4 - 46, ((i * 5) % 23) * 5 - 55];
  return { x: 120 + x, y: 130 + y, z: (x * x + y * y) / 80 };
});

const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Turned about its middle in the plane (anticlockwise as seen) and to its left, grown and shifted. */
function moved({ x, y, z }: Place, { yaw = 0, roll = 0, growth = 0, shift = 0 }): { x: number; y: number } {
  const [u, v] = [x - 120, y - 130];
  const [turn, tilt] = [radians(yaw), radians(roll)];
  const across = u * Math.cos(turn) - z * Math.sin(turn);
  const size = 1 + growth;
  return {
    x: 120 + shift + size * (Math.cos(tilt) * across + Math.sin(tilt) * v),
    y: 130 + size * (Math.cos(tilt) * v - Math.sin(tilt) * across),
  };
}

test.each([
  ["a turn", { yaw: 9 }],
  ["a turn to the other side", { yaw: -9 }],
  ["a tilt", { roll: 7 }],
  ["growth", { growth: 0.1 }],
  ["all of it", { yaw: 5, roll: -6, growth: 0.05, shift: 12 }],
])("%s is told to a tenth", (_, how) => {
  const { yaw = 0, roll = 0, growth = 0 } = how as { yaw?: number; roll?: number; growth?: number };
  const head = headOf(FACE.map((from) => [from, moved(from, how)]));
  expect(Math.abs(head.yaw - yaw)).toBeLessThan(0.1 * Math.abs(yaw) + 0.2);
  expect(Math.abs(head.roll - roll)).toBeLessThan(0.1 * Math.abs(roll) + 0.2);
  expect(Math.abs(head.growth - growth)).toBeLessThan(0.015);
  expect(Math.abs(head.pitch)).toBeLessThan(0.5);
});

test("points that the head doesn't take along don't turn it, and are told beside it", () => {
  const pairs = FACE.map((from, i): [Place, { x: number; y: number }] => {
    const to = moved(from, { yaw: 6, roll: 4 });
    return [from, i % 8 === 0 ? { x: to.x + 9, y: to.y } : to];
  });
  const head = headOf(pairs);
  expect(head.yaw).toBeCloseTo(6, 0);
  expect(head.roll).toBeCloseTo(4, 0);
  const [from, to] = pairs[8]!;
  const { x, y } = head.beside(from, to);
  expect(Math.hypot(x, y)).toBeGreaterThan(7.5);
  expect(Math.hypot(x, y)).toBeLessThan(10.5);
});
