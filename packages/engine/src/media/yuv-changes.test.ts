import { expect, test } from "vitest";
import { pictureOf } from "./yuv.ts";
import { createScaler, withChanges, yuvOf } from "./yuv-changes.ts";

const SIZE = { width: 24, height: 16 };
const WHOLE = { x: 0, y: 0, ...SIZE };
/** A frame of noise, as Node's readers hand it out; some of its colours are none that RGB has. */
const frame = Buffer.from(Array.from({ length: (24 * 16 * 3) / 2 }, (_, i) => 16 + ((i * 7919) % 220)));

test("what has not changed keeps its bytes, also beside what has, and the frame that was given stays", () => {
  const given = Buffer.from(frame);
  const { data: was } = pictureOf(given, 24, 16, WHOLE);
  const now = new Uint8Array(was);
  now.set([250, 10, 30], (5 * 24 + 7) * 3);
  const out = withChanges(given, was, { ...SIZE, data: now }, { x: 3, y: 3, width: 12, height: 9 });
  expect(given.equals(frame)).toBe(true);
  const changed = [...out.keys()].filter((i) => out[i] !== frame[i]);
  const colour = 24 * 16 + 2 * 12 + 3;
  expect(changed.every((i) => [5 * 24 + 7, colour, colour + 12 * 8].includes(i))).toBe(true);
  expect(changed).toContain(5 * 24 + 7);
  // what differs outside of the box is not looked at
  now.set([1, 2, 3], 0);
  expect(withChanges(given, was, { ...SIZE, data: now }, { x: 3, y: 3, width: 12, height: 9 })).toEqual(out);
});

test("RGB of a video comes back as that video, within rounding", () => {
  const plain = new Uint8Array((24 * 16 * 3) / 2).fill(120, 0, 24 * 16).fill(131, 24 * 16);
  const { data } = pictureOf(plain, 24, 16, WHOLE);
  const back = yuvOf({ ...SIZE, data });
  expect(Math.max(...back.map((value, i) => Math.abs(value - plain[i]!)))).toBeLessThanOrEqual(1);
});

test("frames become another size, and those that have it stay the same", () => {
  const scaler = createScaler({ width: 48, height: 32 });
  try {
    const plain = new Uint8Array((24 * 16 * 3) / 2).fill(90);
    const large = scaler.scale(plain, SIZE);
    expect(large).toHaveLength(48 * 32 * 1.5);
    expect(new Set(large)).toEqual(new Set([90]));
    expect(scaler.scale(large, { width: 48, height: 32 })).toBe(large);
  } finally {
    scaler.free();
  }
});
