import { expect, test } from "vitest";
import { rigidFit, type Vector } from "./rigid.ts";
import { evenly, smoothAt } from "./series.ts";

/** Some points in space, no two alike. */
const cloud = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * 12.9898) * 100);
const all = Array.from({ length: 20 }, (_, i) => i);

/** Turned about the vertical axis by `angle`, larger and elsewhere. */
function moved(points: Float32Array, angle: number, scale: number, shift: Vector): Float32Array {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const out = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 3) {
    const [x, y, z] = [points[i]!, points[i + 1]!, points[i + 2]!];
    out[i] = scale * (cos * x + sin * z) + shift[0];
    out[i + 1] = scale * y + shift[1];
    out[i + 2] = scale * (cos * z - sin * x) + shift[2];
  }
  return out;
}

test.each([0, 0.2, -0.9, 2.5])("a turn by %f rad, growth and shift are found", (angle) => {
  const target = moved(cloud, angle, 1.3, [40, -7, 12]);
  const fit = rigidFit(cloud, target, all);
  expect(fit.scale).toBeCloseTo(1.3, 4);
  expect(Math.atan2(fit.rotation[0][2], fit.rotation[0][0])).toBeCloseTo(angle, 4);
  const at = fit.apply([cloud[3]!, cloud[4]!, cloud[5]!]);
  for (const k of [0, 1, 2]) expect(at[k]!).toBeCloseTo(target[3 + k]!, 2);
});

test("smoothing keeps time, passes over what is unsure, and bridges gaps", () => {
  const seconds = Array.from({ length: 40 }, (_, i) => i * 0.04 + (i % 3) * 0.004);
  const values = seconds.map((t) => Math.sin(3 * t));
  const sure = seconds.map(() => 1);
  const even = evenly({ seconds, values }, sure, 0.04, 50, 70);
  even.slice(8, 65).forEach((value, i) => {
    expect(Math.abs(value - Math.sin((3 * (i + 8)) / 50))).toBeLessThan(0.03);
  });
  const wild = values.map((value, i) => (i === 20 ? 50 : value));
  const unsure = sure.map((_, i) => (i === 20 ? 0 : 1));
  expect(smoothAt({ seconds, values: wild }, unsure, 0.04, seconds[20]!)).toBeCloseTo(values[20]!, 1);
  expect(smoothAt({ seconds: [0, 5], values: [1, 3] }, [1, 1], 0.04, 2.5)).toBeCloseTo(2, 5);
});
